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
from pipeline.data.prepared.dataset import SAMPLE_ROWS, Dataset, Split
from pipeline.data.prepared.encoding import Encoding
from pipeline.data.prepared.scaling import Scaling
from pipeline.data.sources import read_examples
from pipeline.graph.inference import InferenceSpec
from pipeline.models.metadata.sidecar import Recipe
from pipeline.prediction.features import FeatureReader
from pipeline.schema.training.model import Linear
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
    """Prepare the examples of a source; returns the raw rows that are read from the folder.

    `train` are those of `sample`, after the check that the training rows are these, encoded.
    """
    if folder is None:
        with TemporaryDirectory() as home:
            return prepared_of(chosen, examples, Path(home) / "prepared")
    folder.mkdir(parents=True, exist_ok=True)
    found = read_examples(chosen, Workspace.here()) if examples is None else examples
    fitted = preparation.fit(chosen, 0, found)
    dataset, sizes = preparation.write(fitted, lambda: "digest", folder)
    assert prepared.read_dataset(folder) == dataset
    raw = {n: prepared.read_split(n, folder) for n in ("sample", "validation", "test", "latest")}
    encoded = prepared.read_training_rows(folder)
    assert sizes == {name: len(rows.index) for name, rows in {**raw, "train": encoded}.items()}
    sample = raw.pop("sample")
    step = -(-len(encoded.index) // SAMPLE_ROWS)
    rows, again = encoded.select(slice(None, None, step)), sample.encode(dataset.encoding)
    for name in ("features", "label", "index", "codes"):
        one, other = getattr(rows, name), getattr(again, name)
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    return dataset, {"train": sample, **raw}


def numbers(table: pd.DataFrame, columns: list[str] | tuple[str, ...], where: object) -> np.ndarray:
    """Return columns as numbers, `[rows, len(columns)] float64`."""
    found = NumericColumns(columns)
    values = found.read(table)
    found.require_numbers(columns, str(where))
    return values


def recipe_of(
    source: str, names: tuple[str, ...], encoding: Encoding | None = None, **changes: Any
) -> Recipe:
    """Return the recipe of a linear model; its columns are not scaled, unless it is given."""
    columns = len(names)
    scaling = Scaling((0.0,) * columns, (1.0,) * columns, (0.0,), (1.0,))
    inference = InferenceSpec(
        network=Linear.model_construct(name="linear"),
        encoding=Encoding(scaling) if encoding is None else encoding,
        shape=(columns,),
        outputs=1,
        head="values",
    )
    values = {"task": "regression", "text": (), "targets": ("y",), "classes": (), "step": 1}
    return Recipe(inference=inference, source=source, features=names, **values | changes)


def inputs_of(table: pd.DataFrame, recipe: Recipe, path: Path) -> dict[str, np.ndarray]:
    """Return what a model is fed for a whole table, by the names of its inputs."""
    reader = FeatureReader(recipe, list(table.columns), path)
    found = reader.read(table)
    reader.require_numbers()
    assert found is not None
    return found
