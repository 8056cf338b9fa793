"""A small model of a table with columns of all kinds, and rows unlike those it was trained on."""

import shutil
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tensorflow.python.framework.config import disable_op_determinism

from pipeline.config import composing as composition
from pipeline.graph import devices
from pipeline.models.metadata import sidecar
from pipeline.prediction.features import FeatureReader
from pipeline.stages import freeze, prepare, train
from pipeline.workspace import Workspace

from .conftest import REPOSITORY

ROWS = 600
LONG = "€" * 10**6
WORDS = ["", "NA", "None", "nan", " red", "red ", "RED", "rot", "grün", "gru\u0308n", "表", "😀",
         "a\tb", '"', "'", ",", "\\", "0", "-1", "1e2", "True", LONG, LONG + "x"]  # fmt: skip
DATES = ["2020-06-01T09:30:00.250", "2021-01-31", "2020-02-29T23:30:00+09:00", None]
NUMBERS = [np.nan, 5_800_000.001, 5_800_002.999, 5_800_001.5, 5_800_001]
# Numbers and dates so far away that nothing else shows in a prediction.
FAR_DATES = ["0001-01-01", "1969-12-31T23:59:59.999", "9999-12-31T12:30:00+09:00"]
FAR_NUMBERS = [0.0, -0.0, 5_800_000.001, 1e-310, 1e38, -(2.0**53), 0.1, 1e-40]


def write_table(path: Path) -> None:
    """Write rows with gaps in each column of features: the model fills them with the mean."""
    generator = np.random.default_rng(7)
    hours = generator.integers(0, 20_000, ROWS).astype("timedelta64[h]")
    table = pd.DataFrame(
        {
            "north": (5_800_000 + generator.uniform(0, 3, ROWS)).round(3),
            "size": generator.integers(1, 100, ROWS).astype(float),
            "is_new": generator.random(ROWS) < 0.5,
            "when": pd.Series(np.datetime64("2020-01-01T00", "s") + hours).dt.strftime("%FT%T"),
            "color": generator.choice(["red", "green", "grün", "NA", ""], ROWS),
            "shop": [f"shop {number}" for number in generator.integers(0, 150, ROWS)],
        }
    )
    far = table["north"] - 5_800_000
    label = 1e6 + 3 * far + table["size"] / 50 + 2 * table["is_new"] + (table["color"] == "red")
    table["y"] = label.round(4)
    table.loc[::9, "north"] = np.nan
    table.loc[4::11, "size"] = np.nan
    table.loc[5::50, "when"] = None
    table.to_csv(path, index=False)


def odd_rows() -> pd.DataFrame:
    """Return rows as they may come to a model; a third of them has numbers far away."""
    place = np.arange(len(WORDS) * 6)
    near = place < len(WORDS) * 4

    def turns(values: list[Any], far: list[Any], step: int) -> list[Any]:
        several = [values if is_near else far for is_near in near]
        return [kind[n * step % len(kind)] for n, kind in zip(place, several, strict=True)]

    return pd.DataFrame(
        {
            "shop": [WORDS[n % len(WORDS)] if n % 2 else f"shop {n}" for n in place],
            "north": turns(NUMBERS, FAR_NUMBERS, 1),
            "when": turns(DATES, FAR_DATES, 1),
            "size": turns([np.nan, 1, 50.5, 99.25], FAR_NUMBERS, 5),
            "color": [WORDS[n * 7 % len(WORDS)] if n % 3 else "red" for n in place],
            "is_new": place % 3 == 0,
        }
    )


@contextmanager
def trained(home: Path, *overrides: str) -> Iterator[Workspace]:
    """Prepare the table, train on it and freeze the model, in this process."""
    shutil.copytree(REPOSITORY / "conf", home / "conf")
    write_table(home / "own.csv")
    with chdir(home), pytest.MonkeyPatch.context() as patch:
        patch.setattr(devices, "_configured", None)  # as in a process of its own
        workspace = Workspace.here()
        settings, text = composition.compose(
            workspace,
            ["data=csv", "data.path=own.csv", "data.target=y", "data.missing=mean", "device=cpu",
             "train.steps=30", "export.devices=[cpu]", *overrides],
        )  # fmt: skip
        composition.publish(text, workspace)
        for stage in (prepare, train, freeze):
            stage.run(settings, workspace)
        yield workspace
    disable_op_determinism()  # other tests of this process use TensorFlow as it comes


def inputs_of(table: pd.DataFrame, workspace: Workspace) -> dict[str, np.ndarray]:
    """Return what the model is fed for the rows of a table, by the names of its inputs."""
    reader = FeatureReader(sidecar.read(workspace.sidecar).recipe, list(table.columns), Path("in"))
    found = reader.read(table)
    reader.require_numbers()
    assert found is not None
    return found
