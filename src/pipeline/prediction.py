"""Predictions for the rows of a table, in pieces, so that memory does not grow with the table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from pipeline.data.arrow_reader import is_parquet, is_text
from pipeline.data.dates import parse_dates, to_seconds
from pipeline.data.lags import has_lags
from pipeline.data.missing_values import refuse_missing
from pipeline.data.number_parsing import clear_marks
from pipeline.data.numeric_columns import (
    NumericColumns,
    RowNumbers,
    require_columns,
    require_float32,
)
from pipeline.data.prepared.dataset import as_inputs
from pipeline.data.series_reader import SeriesReader
from pipeline.data.sources import DERIVATIONS
from pipeline.data.tables import Table
from pipeline.errors import DataError
from pipeline.models import adopted  # noqa: F401  (registers model=graph)
from pipeline.models.metadata.sidecar import Recipe
from pipeline.models.run.form import predict_in_pieces
from pipeline.models.run.registry import open_model, read_sidecar
from pipeline.reporting.column_types import find_types
from pipeline.reporting.table_writer import TableWriter, require_ending
from pipeline.workspace import Workspace, files

REMEDY = "the model fills no missing values: fill them, or drop their rows"


def predict(model: Path, source: Path, to: Path, workspace: Workspace) -> str:
    """Write a copy of a table with the predictions as further columns.

    Rows with too few rows before them for the model's lagged columns get no prediction.

    Args:
        source: a table with the model's features, found by name, or with raw prices.
        to: CSV or Parquet; an existing file is replaced after all rows are predicted.

    Returns:
        A message about what was written.

    Raises:
        ArtifactError: the path is not a model, or the model is damaged.
        DataError: the table cannot be read, or does not fit the model.
    """
    _require_output(to, source)
    table, rows = Table(source), 0
    recipe = read_sidecar(model).recipe
    # A column without a name stays so in CSV; Parquet needs names.
    named = zip(table.columns, table.header, strict=True)
    in_file = {name: head for name, head in named if head.strip() or not is_parquet(to)}
    found = find_types(table) if is_parquet(to) else {}
    types = {in_file.get(name, name): kind for name, kind in found.items()}
    # What has no types is passed on as the text that it is, and text of a type as it is.
    text = table.columns
    if table.schema is not None:
        kinds = zip(text, table.schema.types, strict=True)
        text = [name for name, kind in kinds if name in recipe.text and not is_text(kind)]
    with (
        open_model(model, workspace) as runner,
        files.replacing(to) as partial,
        TableWriter(partial, types) as writer,
    ):
        features = FeatureReader(recipe, table.columns, source, table.decimal)
        added: dict[str, str] = {}
        known = *recipe.features, *recipe.text, *recipe.targets
        for piece in table.pieces(text):
            inputs = features.read(piece)
            if inputs is None:
                continue
            for name, values in recipe.name_columns(predict_in_pieces(runner, inputs)).items():
                if name in table.columns and name not in known:
                    raise DataError(f"{source} already has a column {name!r}; rename or drop it")
                name = added.setdefault(name, _unused(name, table.columns))
                piece[name] = _as_column(values, features.has_past)
            writer.append(piece.rename(columns=in_file))
            rows += len(piece)
        features.require_numbers()
    return f"{to}: {rows:,} rows, {added.get('prediction', 'prediction')} is {recipe.target}"


def _require_output(to: Path, source: Path) -> None:
    if to.resolve() == source.resolve():
        raise DataError(f"{to} is the input; give another file with -o")
    if to.exists() and not to.is_file():
        raise DataError(f"{to} is not a file; give a file to write with -o")
    require_ending(to)


def _as_column(values: np.ndarray, has_past: np.ndarray | None) -> np.ndarray | ExtensionArray:
    """Return predictions as a column, with nothing in rows that lack earlier ones."""
    has_words = values.dtype == object
    if has_past is not None:
        nothing: Any = None if has_words else np.nan
        values = np.where(has_past, values, nothing)
    return pd.array(values, dtype="str") if has_words else values


def _unused(name: str, columns: Sequence[str]) -> str:
    """Return the name of an output, or another one where a column has it."""
    while name in columns:
        name = f"model_{name}"
    return name


class FeatureReader:
    """Reads what a model is fed from the pieces of a table.

    The table has the model's columns, or those that they are made of: the raw columns of a source,
    or what lagged columns are made of, ordered by date.

    Attributes:
        has_past: `[rows] bool`, whether the rows that were read last have enough rows before them;
            None where lagged columns are not made here.

    Raises:
        DataError: columns are missing.
    """

    def __init__(
        self, recipe: Recipe, columns: Sequence[str], path: Path, decimal: str = "."
    ) -> None:
        self._recipe, self._path = recipe, path
        encoding, series = recipe.inference.encoding, recipe.series
        names = recipe.features
        is_complete = {*names, *recipe.text} <= set(columns)
        self._derivation = None if is_complete else DERIVATIONS.get(recipe.source)
        self._series: SeriesReader | None = None
        self.has_past: np.ndarray | None = None
        required, by = self._derivation.columns if self._derivation else names, list[str]()
        if series is not None and not has_lags(series.lags, columns):
            self._series = SeriesReader(series, path)
            given = [name for name in names if name not in self._series.names]
            required = tuple(dict.fromkeys([*given, *series.columns]))
            by = [name for name in (series.date_column, series.group) if name is not None]
        require_columns(columns, [*required, *by, *recipe.text], path)
        # What lags are made of may be missing in the last rows, as a target is.
        self._optional = set(required) - set(names) if self._series else set()
        self._date_format = encoding.date_format
        self._marks, self._marked = encoding.na_values, [*required, *recipe.text]
        self._dates = [names[column] for column in encoding.dates]
        numbers = [name for name in required if name not in self._dates]
        self._numeric = NumericColumns(numbers, decimal)
        self._missing_dates = {name: RowNumbers() for name in self._dates}
        filled = zip(names, encoding.fill or [None] * len(names), strict=True)
        self._filled = {name for name, value in filled if value is not None}

    def read(self, piece: pd.DataFrame) -> dict[str, np.ndarray] | None:
        """Return what the model is fed for the next rows, by the names of its inputs.

        None if a cell so far is not a finite number and is not filled by the model, which
        `require_numbers` reports.

        Raises:
            DataError: a price is not positive, a cell is not a date, dates do not ascend, or a
                number is beyond float32.
        """
        before, numeric = self._numeric.rows, self._numeric
        for name in self._marked if self._marks else ():
            is_number = name in numeric.columns
            piece = piece.assign(**{name: clear_marks(piece[name], self._marks, is_number)})
        values = numeric.read(piece)
        rows = np.arange(before, numeric.rows)
        by_name = dict(zip(numeric.columns, values.T, strict=True))
        for name in self._dates:
            seconds = to_seconds(parse_dates(piece[name], self._path, before, self._date_format))
            self._missing_dates[name].add(np.isnan(seconds), before)
            by_name[name] = seconds
        if self._series:
            used = np.column_stack([by_name[name] for name in self._series.columns])
            made, self.has_past = self._series.read(piece, used, before)
            by_name |= zip(self._series.names, made.T, strict=True)
        if self._has_problems():
            return None
        if self._derivation:
            values = self._derivation.derive(values, rows, self._path)
        elif self._dates or self._series:
            values = np.column_stack([by_name[name] for name in self._recipe.features])
        require_float32(values, self._recipe.features, self._path, rows + 1)
        text = piece[list(self._recipe.text)].fillna("").to_numpy(object)
        return as_inputs(values, text)

    def require_numbers(self) -> None:
        """Raise `DataError` for cells that are not numbers, with each such column and its rows.

        Also where no row has enough rows before it.
        """
        numeric = self._numeric
        numeric.require_numbers(numeric.columns, self._path)
        refuse_missing(self._unfilled(), numeric.rows, self._path, REMEDY)
        if self._series:
            self._series.rows_with_past()

    def _has_problems(self) -> bool:
        return any(self._unfilled().values()) or self._numeric.has_other_than_numbers()

    def _unfilled(self) -> dict[str, RowNumbers]:
        missing = self._numeric.missing | self._missing_dates
        missing |= self._series.missing if self._series else {}
        allowed = self._filled | self._optional
        return {name: rows for name, rows in missing.items() if name not in allowed}
