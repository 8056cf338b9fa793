"""Prepared data, created as the stage does."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import yaml

from pipeline.data import preparation
from pipeline.data.examples import Examples
from pipeline.data.numeric_columns import NumericColumns
from pipeline.data.prepared import dataset as prepared
from pipeline.data.prepared.dataset import Dataset, Split
from pipeline.data.sources import read_examples
from pipeline.prediction import FeatureReader
from pipeline.workspace import Workspace

from .conftest import REPOSITORY


def ready_options(*, labelled: bool = False) -> list[str]:
    """Return the options of conf/data that need no more parameters.

    Args:
        labelled: without those whose split is given.
    """
    found = {file.stem: file.read_text("utf-8") for file in REPOSITORY.glob("conf/data/*.yaml")}
    return sorted(
        name
        for name, text in found.items()
        if "???" not in text
        and "defaults:" not in text
        and not (labelled and yaml.safe_load(text)["split"] == "given")
    )


def prepared_of(
    chosen: Any, examples: Examples | None = None, folder: Path | None = None
) -> tuple[Dataset, dict[str, Split]]:
    """Prepare the examples of a source; returns what is read again from the folder."""
    if folder is None:
        with TemporaryDirectory() as home:
            return prepared_of(chosen, examples, Path(home) / "prepared")
    folder.mkdir(parents=True, exist_ok=True)
    found = read_examples(chosen, Workspace.here()) if examples is None else examples
    dataset, sizes = preparation.prepare(chosen, 0, found, lambda: "digest", folder)
    assert prepared.read_dataset(folder) == dataset
    return dataset, {name: prepared.read_split(name, folder) for name in sizes}


def numbers(table: pd.DataFrame, columns: list[str] | tuple[str, ...], where: object) -> np.ndarray:
    """Return columns as numbers, `[rows, len(columns)] float64`."""
    found = NumericColumns(columns)
    values = found.read(table)
    found.require_numbers(columns, str(where))
    return values


def features_of(table: pd.DataFrame, source: str, names: tuple[str, ...], path: Path) -> np.ndarray:
    """Return the features of a model from a whole table."""
    features = FeatureReader(source, names, list(table.columns), path)
    found = features.read(table)
    features.require_numbers()
    assert found is not None
    return found
