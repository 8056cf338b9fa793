"""Predictions for the rows of a table, in pieces, so that memory does not grow with the table."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow

from pipeline.data.missing_values import refuse_missing
from pipeline.data.numeric_columns import NumericColumns, require_columns, to_float32
from pipeline.data.sources import DERIVATIONS
from pipeline.data.tables import Table, TableWriter, is_parquet
from pipeline.errors import DataError
from pipeline.models.run.form import predict_in_pieces
from pipeline.models.run.registry import open_model, read_sidecar
from pipeline.workspace import Workspace, files

REMEDY = "the model fills no missing values: fill them, or drop their rows"


def predict(model: Path, source: Path, to: Path, workspace: Workspace) -> str:
    """Write a copy of a table with the predictions as further columns.

    Args:
        source: CSV or Parquet with the model's features, found by name, or with raw prices.
        to: CSV or Parquet; an existing file is replaced after all rows are predicted.

    Returns:
        A message about what was written.

    Raises:
        ArtifactError: the path is not a model, or the model is damaged.
        DataError: the table cannot be read, or does not fit the model.
    """
    if to.resolve() == source.resolve():
        raise DataError(f"{to} is the input; give another file with -o")
    if to.exists() and not to.is_file():
        raise DataError(f"{to} is not a file; give a file to write with -o")
    table, rows = Table(source), 0
    types = table.types() if is_parquet(to) else dict.fromkeys(table.columns, pyarrow.string())
    text = [name for name, type_ in types.items() if type_ == pyarrow.string()]
    with (
        open_model(model, workspace) as runner,
        files.replacing(to) as partial,
        TableWriter(partial, types) as writer,
    ):
        recipe = read_sidecar(model).recipe
        features = FeatureReader(recipe.source, recipe.features, table.columns, source)
        added: dict[str, str] = {}
        for piece in table.pieces(text):
            inputs = features.read(piece)
            if inputs is None:
                continue
            for name, values in recipe.name_columns(predict_in_pieces(runner, inputs)).items():
                if name in table.columns and name not in (*recipe.features, recipe.target):
                    raise DataError(f"{source} already has a column {name!r}; rename or drop it")
                name = added.setdefault(name, _unused(name, table.columns))
                piece[name] = pd.Series(values, dtype="str") if values.dtype == object else values
            writer.append(piece)
            rows += len(piece)
        features.require_numbers()
    name = added.get("prediction", "prediction")
    return f"{to}: {rows:,} rows, {name} is {recipe.target}"


def _unused(name: str, columns: Sequence[str]) -> str:
    """Return the name of an output, or another one where a column has it."""
    while name in columns:
        name = f"model_{name}"
    return name


class FeatureReader:
    """Reads the features of a model from the pieces of a table.

    The table has the features, or the raw columns that the source derives them from.

    Raises:
        DataError: columns are missing.
    """

    def __init__(self, source: str, names: Sequence[str], columns: Sequence[str], path: Path):
        self._names, self._path = names, path
        self._derivation = None if set(names) <= set(columns) else DERIVATIONS.get(source)
        required = self._derivation.columns if self._derivation else names
        require_columns(columns, required, path)
        self._numeric = NumericColumns(required)

    def read(self, piece: pd.DataFrame) -> np.ndarray | None:
        """Return the features of the next rows, `[rows, features] float32`.

        None if any cell so far is not a finite number, which `require_numbers` reports.

        Raises:
            DataError: a price is not positive, or a number is beyond float32.
        """
        before = self._numeric.rows
        values = self._numeric.read(piece)
        if not self._numeric.are_all_finite():
            return None
        rows = np.arange(before, self._numeric.rows)
        if self._derivation:
            values = self._derivation.derive(values, rows, self._path)
        return to_float32(values, self._names, self._path, rows + 1)

    def require_numbers(self) -> None:
        """Raise `DataError` for cells that are not numbers, with each such column and its rows."""
        numeric = self._numeric
        numeric.require_numbers(numeric.columns, self._path)
        refuse_missing(numeric.missing, numeric.rows, self._path, REMEDY)
