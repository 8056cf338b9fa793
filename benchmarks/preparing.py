"""Preparation of a large CSV file: the stage `prepare` against pandas."""

from pathlib import Path

import numpy as np

from benchmarks import clone
from benchmarks.clone import Clone
from benchmarks.workload import Contender, Job, Setting, Workload

COLUMNS = 9  # the last is the target

WORKLOAD = Workload(
    name="preparing",
    module=__name__,
    title="Preparing a CSV file of 2 GB, 9 columns",
    unit="1,000,000 rows",
    scale=1_000_000,
    result="mean of the test rows' label",
    contenders=(
        Contender("pipeline, the stage prepare", "prepare", ours=True, most_rounds=3),
        Contender("with its defaults", "prepare_by_default", most_rounds=2),
        Contender(
            "pandas read_csv and scaling", "pandas", required=1, required_memory=4, most_rounds=2
        ),
    ),
    limits="parsing takes half of the processor time, and the rest of the work is done beside it:"
    " both cores are busy. The pipeline also hashes the file and checks each cell.",
    note="Both split off the last fifth, fit a standard scaling on the rest and write arrays; the"
    " pipeline scales the training rows alone. By default it draws test rows at random and keeps a"
    " tenth for validation. Without imports.",
)


def prepare(setting: Setting) -> Job:
    """The stage in this process; it scales the training rows, and the graph scales others."""
    return _stage(setting, "data.split=chronological", "data.validation_share=0")


def prepare_by_default(setting: Setting) -> Job:
    """The same with the split that is chosen for such a table."""
    return _stage(setting)


def _stage(setting: Setting, *overrides: str) -> Job:
    folder = setting.scratch / ("clone" if overrides else "default")
    chosen = (f"data.path={_write_rows(setting)}", f"data.target=c{COLUMNS - 1}", *overrides)
    return stage_job(folder, _count_rows(setting), *chosen)


def stage_job(folder: Path, rows: int, *overrides: str) -> Job:
    """The stage `prepare` of a table, in a clone that the first round makes."""
    from benchmarks import pipeline_calls

    repository = Clone(folder)
    if not folder.exists():
        clone.fresh(folder)
        repository.compose("data=csv", *overrides)
    label = repository.path / "data/prepared/test/label.npy"

    def result() -> float:
        return float(np.load(label).mean(dtype=np.float64))

    run = pipeline_calls.open_stage(repository.path, "prepare")
    return Job(run, rows, result, repeats=1, warm_up=False)


def pandas(setting: Setting) -> Job:
    """A script with pandas."""
    import pandas as pd

    file = _write_rows(setting)

    def prepare_rows() -> None:
        table = pd.read_csv(file)
        features = table.iloc[:, :-1].to_numpy(np.float32)
        label = table.iloc[:, -1:].to_numpy(np.float32)
        train = len(table) - len(table) // 5
        mean, scale = features[:train].mean(0), features[:train].std(0)
        features = (features - mean) / scale
        for name, values in (("features", features), ("label", label)):
            np.save(setting.scratch / f"train_{name}.npy", values[:train])
            np.save(setting.scratch / f"test_{name}.npy", values[train:])

    def result() -> float:
        return float(np.load(setting.scratch / "test_label.npy").mean(dtype=np.float64))

    return Job(prepare_rows, _count_rows(setting), result, repeats=1, warm_up=False)


def _count_rows(setting: Setting) -> int:
    return setting.size(11_500_000, 50_000)


def _write_rows(setting: Setting) -> Path:
    """Return the CSV file; the first contender writes it, block by block."""
    import pyarrow as pa
    from pyarrow import csv

    file = setting.scratch / "rows.csv"
    if not file.exists():
        names = [f"c{column}" for column in range(COLUMNS)]
        generator, block = np.random.default_rng(0), 50_000
        schema = pa.schema([(name, pa.float64()) for name in names])
        with csv.CSVWriter(file, schema) as writer:
            for _ in range(_count_rows(setting) // block):
                values = generator.normal(size=(COLUMNS, block))
                writer.write_batch(pa.record_batch(list(values), schema=schema))
    return file
