"""The columns that a model may learn from: which are numbers, text or dates, and their values."""

import fnmatch
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.dates import parse_dates, to_seconds
from pipeline.data.disk_rows import OverlaidRows, Rows, RowsOnDisk
from pipeline.data.examples import TextCells
from pipeline.data.number_parsing import is_numeric
from pipeline.data.numeric_columns import NumericColumns
from pipeline.data.other_columns import Categories
from pipeline.data.prepared.dataset import blocks
from pipeline.data.series_reader import SeriesReader
from pipeline.errors import DataError, listing, nearest
from pipeline.workspace import Workspace

# A text column with more different texts is of no use as levels.
MAX_TEXTS = 2**20
UNNAMED = "Unnamed: "  # how names begin that a file does not have
DATE = re.compile(r"\s*\d{1,4}([-./])\d{1,2}\1\d{1,4}")

_log = logging.getLogger(__name__)


def choose_columns(
    columns: Sequence[str], patterns: Sequence[str] | None, dropped: Sequence[str], path: Path
) -> tuple[list[str], set[str]]:
    """Return the columns that may be features, and those of them that are named exactly.

    Args:
        columns: all of the table that have no other use.
        patterns: `data.features`, names or shell patterns with `*` and `?`; None means all columns.
        dropped: `data.drop`, likewise.

    Raises:
        DataError: a name or pattern matches no column, or a column is named twice.
    """
    out = {name for one in dropped for name in match(columns, one, "data.drop", path)}
    if patterns is None:
        return [name for name in columns if name not in out], set()
    exact = [one for one in patterns if one in columns]
    if len(set(exact)) < len(exact):
        raise DataError(f"data.features names a column twice: {', '.join(exact)}; remove one")
    if both := sorted(out & set(exact)):
        raise DataError(f"data.features and data.drop both name {listing(both)}; leave one out")
    chosen = [name for one in patterns for name in match(columns, one, "data.features", path)]
    return [name for name in dict.fromkeys(chosen) if name not in out], set(exact)


def match(columns: Sequence[str], pattern: str, key: str, path: Path) -> list[str]:
    """Return the columns that a name or pattern means; an exact name wins.

    Raises:
        DataError: there is none.
    """
    if pattern in columns:
        return [pattern]
    found = [name for name in columns if fnmatch.fnmatchcase(name, re.sub(r"\[", "[[]", pattern))]
    if not found:
        raise DataError(
            f"{path}: {key} has {pattern!r}, and no column is called so"
            f"{nearest(pattern, columns)}; it has {listing(columns, 12)}; fix the name"
        )
    return found


class FeatureColumns:
    """Reads the columns of a table that may be features, piece by piece.

    Args:
        names: columns of numbers, text or dates.
        text: those of them whose cells are text in any case.
        numeric: reads all others, and targets that are numbers.
        series: makes lagged columns of those that `numeric` reads.
    """

    def __init__(
        self,
        names: Sequence[str],
        text: Sequence[str],
        numeric: NumericColumns,
        path: Path,
        workspace: Workspace,
        series: SeriesReader | None = None,
    ) -> None:
        self._text, self._path = list(text), path
        self.names = list(names)
        self.numeric, self.series = numeric, series
        self._on_disk = [*numeric.columns, *(series.names if series else ())]
        self._positions = {name: number for number, name in enumerate(self._on_disk)}
        self._rows = RowsOnDisk(len(self._on_disk), workspace)
        self._cells = {name: Categories() for name in names}  # of columns that are text so far
        self._first = np.empty(0)  # row
        self._counts = np.empty(0, bool)  # which columns of numbers count the rows, so far

    def add(self, piece: pd.DataFrame) -> np.ndarray:
        """Read the next rows; returns their numbers, NaN for what is none."""
        numeric, before = self.numeric, self.numeric.rows
        values = numeric.read(piece)
        self._rows.append(self._with_lags(piece, values, before))
        for name in [name for name in self._cells if name not in self._text]:
            # A piece of numbers alone has lost how they are written, such as 007.
            keeps_text = numeric.is_mostly_text(name) and not is_numeric(piece[name])
            if numeric.has_numbers(name) and not keeps_text:
                del self._cells[name]
        for name, cells in self._cells.items():
            cells.add(piece[name])
        if not before:
            self._first = values[0]
            self._counts = np.isin(values[0], (0, 1))
        counting = np.flatnonzero(self._counts)
        if not len(counting):
            return values
        row_numbers = np.arange(before, numeric.rows)[:, None]
        expected = self._first[counting] + row_numbers
        self._counts[counting] = (values[:, counting] == expected).all(0)
        return values

    def _with_lags(self, piece: pd.DataFrame, values: np.ndarray, before: int) -> np.ndarray:
        if self.series is None:
            return values
        made, _ = self.series.read(piece, values[:, self.numbers_of(self.series.columns)], before)
        return np.hstack([values, made])

    def numbers_of(self, names: Sequence[str]) -> list[int]:
        """Return the positions of columns of numbers in the rows."""
        return [self._positions[name] for name in names]

    def counts_rows(self, name: str) -> bool:
        """Tell whether a column has the numbers of the rows, from 0 or 1.

        A column without a name need not be in order: rows may have been sorted or left out since.
        """
        if name not in self._positions:
            return False
        if self._positions[name] < len(self._counts) and self._counts[self._positions[name]]:
            return True
        if not name.startswith(UNNAMED):
            return False
        column = self._rows.select_columns(self.numbers_of([name]))
        values = np.concatenate([column[block][:, 0] for block in blocks(*self._rows.shape)])
        return bool((values % 1 == 0).all()) and len(np.unique(values)) == len(values)

    def is_empty(self, name: str) -> bool:
        """Tell whether no cell of a column has a value."""
        if name in self._text:
            return self._cells[name].is_empty()
        return self.numeric.missing[name].count == self.numeric.rows

    def is_text(self, name: str) -> bool:
        """Tell whether a column is text: it is named as such, or next to no cell is a number."""
        if name in self._text or self.numeric.is_text(name):
            return True
        return name in self._cells and self.numeric.is_mostly_text(name)

    def has_too_many_texts(self, name: str) -> bool:
        """Tell whether a text column has more different texts than can be levels."""
        return len(self._cells[name]) > MAX_TEXTS

    def dates(self, names: Sequence[str], date_format: str | None) -> dict[str, np.ndarray]:
        """Return the text columns that are dates, `[rows]` seconds since 1970 UTC, NaN for gaps."""
        found = {}
        for name in names:
            texts = self._cells[name].texts()
            present = [text for text in texts if text]
            is_like = present and (date_format or all(map(DATE.match, present)))
            if name in self._text or not is_like:
                continue
            cells = pd.Series(texts, name=name, dtype="str")
            try:
                dates = parse_dates(cells, self._path, date_format=date_format)
            except DataError as error:
                if all(map(DATE.match, present)):
                    _log.info("%s; column %r is text", error, name)
                continue
            found[name] = to_seconds(dates)[self._cells[name].codes()]
        return found

    def rows(self, names: Sequence[str], dates: Mapping[str, np.ndarray]) -> Rows:
        """Return columns of numbers and dates, `[rows, names]`."""
        rows = self._rows.select_columns(self.numbers_of(names))
        overlays = {number: dates[name] for number, name in enumerate(names) if name in dates}
        return OverlaidRows(rows, overlays) if overlays else rows

    def cells(self, names: Sequence[str]) -> TextCells:
        """Return columns of text."""
        rows = self.numeric.rows
        codes = np.empty((rows, len(names)), np.int32)
        for number, name in enumerate(names):
            codes[:, number] = self._cells[name].codes()
        texts = tuple(np.array(self._cells[name].texts(), object) for name in names)
        return TextCells(tuple(names), codes, texts)
