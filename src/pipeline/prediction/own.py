"""Predictions by a model of this pipeline, whose sidecar says what its columns are."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.lags import has_lags
from pipeline.data.prepared.dataset import TEXT
from pipeline.data.tables import Table
from pipeline.errors import DataError
from pipeline.feeding import array_files
from pipeline.graph.runner import Runner
from pipeline.models.metadata.sidecar import Recipe
from pipeline.models.run.form import predict_in_pieces
from pipeline.models.run.registry import open_model, read_sidecar
from pipeline.prediction.arrays import predict_arrays
from pipeline.prediction.copying import plan_copy
from pipeline.prediction.features import FeatureReader
from pipeline.prediction.options import Options
from pipeline.prediction.rows import Outputs, Reading, RowModel, SkippedRows, predict_rows, unused
from pipeline.prediction.unknown_text import UnknownText
from pipeline.prediction.writing import open_sink
from pipeline.workspace import Workspace

_log = logging.getLogger(__name__)


def predict(model: Path, source: Path, to: Path, workspace: Workspace, options: Options) -> str:
    """Write predictions for a table or for arrays, as `pipeline.prediction.predict` says."""
    _require_no_choice(options)
    if array_files.is_array_file(source):
        with open_model(model, workspace) as runner:
            return predict_arrays(runner, source, to, options.skips)
    table = Table(source)
    recipe = read_sidecar(model).recipe
    if options.probabilities and not recipe.classes:
        raise DataError(f"{model} predicts {recipe.target}, a number: it has no probabilities")
    series = recipe.series
    if options.skips and series and not has_lags(series.lags, table.columns):
        raise DataError("--on-error skip: lagged columns need all rows; fix the rows, or drop them")
    with open_model(model, workspace) as runner:
        return _predict_table(_OwnModel(recipe, runner, table, options.probabilities), to, options)


def _require_no_choice(options: Options) -> None:
    """Refuse what is chosen of a model that says all of it itself.

    Raises:
        DataError: the message names the option.
    """
    if options.columns:
        raise DataError("--input: a model of this pipeline finds its columns by name")
    chosen = {
        "--signature": options.signature,
        "--tags": options.tags,
        "--rename": options.rename,
        "--ema": options.ema,
    }
    if name := next((name for name, value in chosen.items() if value), None):
        raise DataError(
            f"{name}: a model of this pipeline has one graph with its values; leave {name} out"
        )


def _predict_table(model: "_OwnModel", to: Path, options: Options) -> str:
    copy, rows = plan_copy(model.table, to, model.recipe.text), 0
    model.text = copy.text
    skipped = SkippedRows() if options.skips else None
    with open_sink(to, copy.types) as sink:
        for piece, outputs in predict_rows(model, model.table, skipped):
            sink.append(piece.rename(columns=copy.names), outputs)
            rows += len(piece)
    for sentence in model.unknown.tell(rows):
        _log.warning("%s", sentence)
    said = f"{rows:,} rows, {model.name_of_prediction} is {model.recipe.target}"
    return f"{said}; {skipped}" if skipped and str(skipped) else said


class _OwnModel(RowModel):
    def __init__(self, recipe: Recipe, runner: Runner, table: Table, has_each: bool) -> None:
        self.recipe, self.table, self._runner, self._has_each = recipe, table, runner, has_each
        self.text = ()
        self.unknown = UnknownText(recipe.inference.encoding)
        self._known = {*recipe.features, *recipe.text, *recipe.targets}
        self.name_of_prediction = "prediction"

    def begin(self, before: int) -> Reading:
        return _OwnReading(self, before)

    def columns(self, inputs: dict[str, np.ndarray]) -> Outputs:
        """Return the columns of a prediction, by names that the table does not have."""
        prediction = predict_in_pieces(self._runner, inputs)
        named = self.recipe.name_columns(prediction)
        if self._has_each:
            classes = zip(self.recipe.classes, prediction.T, strict=True)
            named |= {f"probability_{name}": column for name, column in classes}
        return {self._unused(name): values for name, values in named.items()}

    def _unused(self, name: str) -> str:
        """Return the name of an output, or another one where a column of the model has it."""
        if name in self.table.columns and name not in self._known:
            path = self.table.path
            raise DataError(f"{path} already has a column {name!r}; rename or drop it")
        wanted = name
        name = unused(name, self.table.columns)
        if wanted == "prediction":
            self.name_of_prediction = name
        return name


class _OwnReading:
    def __init__(self, model: _OwnModel, before: int) -> None:
        table = model.table
        self._model, self._before = model, before
        self._features = FeatureReader(
            model.recipe, table.columns, table.path, table.decimal, before
        )

    def predict(self, piece: pd.DataFrame) -> Outputs | None:
        inputs = self._features.read(piece)
        if inputs is None:
            return None
        has_past = self._features.has_past
        outputs = self._model.columns(inputs)
        if TEXT in inputs:
            self._model.unknown.add(inputs[TEXT], self._before)
        self._before += len(piece)
        return {name: _as_column(values, has_past) for name, values in outputs.items()}

    def finish(self) -> None:
        self._features.require_numbers()


def _as_column(values: np.ndarray, has_past: np.ndarray | None) -> Any:
    """Return predictions as a column, with nothing in rows that lack earlier ones."""
    has_words = values.dtype == object
    if has_past is not None:
        nothing: Any = None if has_words else np.nan
        values = np.where(has_past, values, nothing)
    return values
