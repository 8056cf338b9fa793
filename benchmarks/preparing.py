"""A large CSV file becomes scaled arrays: the stage `prepare` against pandas."""

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
        Contender("pipeline, the stage prepare", "prepare", ours=True, most_rounds=2),
        Contender(
            "pandas read_csv and scaling", "pandas", required=1, required_memory=4, most_rounds=2
        ),
    ),
    note="Both split off the last fifth, fit a standard scaling on the rest and write float32"
    " arrays. Without imports.",
)


def prepare(setting: Setting) -> Job:
    """The stage in this process; it scales in the graph later, and here only finds the scaling."""
    import os

    from pipeline import files, memory, parameters
    from pipeline.stages import prepare as stage

    memory.keep_freed()
    file = _file(setting)
    home = Clone(setting.scratch / "clone")
    if not home.path.exists():
        clone.fresh(home.path)
        home.compose("data=csv", f"data.path={file}", f"data.target=c{COLUMNS - 1}")
    os.chdir(home.path)
    settings = parameters.load(files.PARAMS)
    label = files.PREPARED / "test/label.npy"

    def result() -> float:
        return float(np.load(label).mean(dtype=np.float64))

    return Job(lambda: stage.run(settings), _rows(setting), result, repeats=1, warm_up=False)


def pandas(setting: Setting) -> Job:
    """What a script would do."""
    import pandas as pd

    file = _file(setting)

    def work() -> None:
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

    return Job(work, _rows(setting), result, repeats=1, warm_up=False)


def _rows(setting: Setting) -> int:
    return setting.size(11_500_000, 50_000)


def _file(setting: Setting) -> Path:
    """Return the CSV file; the first contender writes it, in pieces."""
    import pyarrow as pa
    from pyarrow import csv

    file = setting.scratch / "rows.csv"
    if not file.exists():
        names = [f"c{column}" for column in range(COLUMNS)]
        generator, piece = np.random.default_rng(0), 50_000
        schema = pa.schema([(name, pa.float64()) for name in names])
        with csv.CSVWriter(file, schema) as writer:
            for _ in range(_rows(setting) // piece):
                values = generator.normal(size=(COLUMNS, piece))
                writer.write_batch(pa.record_batch(list(values), schema=schema))
    return file
