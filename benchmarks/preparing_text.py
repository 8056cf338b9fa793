"""Preparation of a table with columns of text: the stage `prepare` against scikit-learn."""

from pathlib import Path

import numpy as np

from benchmarks.preparing import stage_job
from benchmarks.workload import Contender, Job, Setting, Workload

NUMBERS, TEXTS, TARGET = ["a", "b"], ["c", "d"], "y"
LEVELS = {"c": 50, "d": 2_000}  # those of c are compared, those of d hashed

WORKLOAD = Workload(
    name="preparing_text",
    module=__name__,
    title="Preparing a CSV file of 10,000,000 rows, two numbers and two columns of text",
    unit="1,000,000 rows",
    scale=1_000_000,
    result="mean of the test rows' label",
    contenders=(
        Contender("pipeline, the stage prepare", "prepare", ours=True, most_rounds=2),
        Contender("pandas read_csv and OneHotEncoder", "one_hot", required=1, most_rounds=2),
    ),
    most_memory=1.5e9,
    note="Both split off the last fifth, fit a standard scaling and the levels on the rest, and"
    " write what a model learns from. Without imports.",
)


def prepare(setting: Setting) -> Job:
    """The stage in this process; it writes a code a cell of text."""
    split = ("data.split=chronological", "data.validation_share=0")
    chosen = (f"data.path={_write_rows(setting)}", f"data.target={TARGET}", *split)
    return stage_job(setting.scratch / "clone", _count_rows(setting), *chosen)


def one_hot(setting: Setting) -> Job:
    """A script with pandas and scikit-learn; it writes a sparse matrix."""
    import pandas as pd
    from scipy import sparse
    from sklearn.compose import make_column_transformer
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    file = _write_rows(setting)

    def prepare_rows() -> None:
        table = pd.read_csv(file)
        train = len(table) - len(table) // 5
        encoder = make_column_transformer(
            (StandardScaler(), NUMBERS),
            (OneHotEncoder(handle_unknown="ignore", dtype=np.float32), TEXTS),
        )
        learned, tested = table.iloc[:train], table.iloc[train:]
        features = {"train": encoder.fit_transform(learned), "test": encoder.transform(tested)}
        for name, part in (("train", learned), ("test", tested)):
            matrix = sparse.csr_matrix(features[name])
            sparse.save_npz(setting.scratch / f"{name}.npz", matrix, compressed=False)
            np.save(setting.scratch / f"{name}_label.npy", part[TARGET].to_numpy())

    def result() -> float:
        return float(np.load(setting.scratch / "test_label.npy").mean(dtype=np.float64))

    return Job(prepare_rows, _count_rows(setting), result, repeats=1, warm_up=False)


def _count_rows(setting: Setting) -> int:
    return setting.size(10_000_000, 50_000)


def _write_rows(setting: Setting) -> Path:
    """Return the CSV file; the first contender writes it, block by block."""
    import pyarrow as pa
    from pyarrow import csv

    file, block = setting.scratch / "rows.csv", 50_000
    if file.exists():
        return file
    generator = np.random.default_rng(0)
    levels = {name: np.array([f"{name} {n}" for n in range(LEVELS[name])]) for name in TEXTS}
    numbers = {name: pa.float64() for name in NUMBERS}
    schema = pa.schema({**numbers, **dict.fromkeys(TEXTS, pa.string()), TARGET: pa.float64()})
    with csv.CSVWriter(file, schema) as writer:
        for _ in range(_count_rows(setting) // block):
            columns: dict[str, np.ndarray] = {
                name: generator.normal(size=block).round(4) for name in (*NUMBERS, TARGET)
            }
            for name in TEXTS:
                columns[name] = levels[name][generator.integers(LEVELS[name], size=block)]
            writer.write_batch(pa.record_batch([columns[name] for name in schema.names], schema))
    return file
