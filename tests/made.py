"""Prepared data, made as the stage does."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data import preparation, prepared
from pipeline.data.cells import Numbers
from pipeline.data.examples import Examples
from pipeline.data.prepared import Dataset, Split
from pipeline.data.sources import Features, read_examples


def prepared_of(
    chosen: Any, examples: Examples | None = None, folder: Path | None = None
) -> tuple[Dataset, dict[str, Split]]:
    """Prepare the examples of a source; returns what is read again from the folder."""
    if folder is None:
        with TemporaryDirectory() as home:
            return prepared_of(chosen, examples, Path(home) / "prepared")
    folder.mkdir(parents=True, exist_ok=True)
    found = read_examples(chosen) if examples is None else examples
    dataset, sizes = preparation.prepare(chosen, 0, found, lambda: "digest", folder)
    assert prepared.read_dataset(folder) == dataset
    return dataset, {name: prepared.read_split(name, folder) for name in sizes}


def numbers(table: pd.DataFrame, columns: list[str] | tuple[str, ...], where: object) -> np.ndarray:
    """Return columns as numbers, `[rows, len(columns)] float64`."""
    found = Numbers(columns)
    values = found.read(table)
    found.require(columns, str(where))
    return values


def features_of(table: pd.DataFrame, source: str, names: tuple[str, ...], path: Path) -> np.ndarray:
    """Return the features of a model from a whole table."""
    features = Features(source, names, list(table.columns), path)
    found = features.read(table)
    features.require()
    assert found is not None
    return found
