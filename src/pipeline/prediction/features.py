"""What a model of this pipeline is fed, from the pieces of a table."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

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
from pipeline.models.metadata.sidecar import Recipe

REMEDY = "the model fills no missing values: fill them, or drop their rows"


class FeatureReader:
    """Reads what a model is fed from the pieces of a table.

    The table has the model's columns, or those that they are made of: the raw columns of a source,
    or what lagged columns are made of, ordered by date.

    Args:
        before: number of rows before the first that is read.

    Attributes:
        has_past: `[rows] bool`, whether the rows that were read last have enough rows before them;
            None where lagged columns are not made here.

    Raises:
        DataError: columns are missing.
    """

    def __init__(
        self,
        recipe: Recipe,
        columns: Sequence[str],
        path: Path,
        decimal: str = ".",
        before: int = 0,
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
        self._numeric.rows = before
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
