"""Numbers in the cells of a table; messages name the column and the row of what is not a number."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.errors import DataError, listing, nearest

MAX_NAMED = 5


class RowNumbers:
    """The first few rows with some property, counted from 1, and how many there are."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[int] = []

    def add(self, rows: np.ndarray, before: int = 0) -> None:
        """Add the rows of a piece, `[rows] bool`; there are `before` rows before it."""
        self.count += int(np.count_nonzero(rows))
        if len(self._first) < MAX_NAMED:
            self._first += (np.flatnonzero(rows)[:MAX_NAMED] + before + 1).tolist()

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        first = listing(self._first[:MAX_NAMED], MAX_NAMED)
        more = f" and {self.count - MAX_NAMED} more" if self.count > MAX_NAMED else ""
        return f"in {'row' if self.count == 1 else 'rows'} {first}{more}"


class NumericColumns:
    """Reads columns of numbers in pieces. What is not a number is collected for one message.

    Attributes:
        rows: number of rows that were read.
        missing: for each column, the rows whose value is missing.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns, self.rows = list(columns), 0
        self.missing = {column: RowNumbers() for column in columns}
        self._text = {column: RowNumbers() for column in columns}
        self._infinite = {column: RowNumbers() for column in columns}
        self._examples: dict[str, str] = {}

    def read(self, piece: pd.DataFrame) -> np.ndarray:
        """Read the next rows: `[rows, columns] float64`, NaN for what is not a number."""
        values = np.empty((len(piece), len(self.columns)), np.float64)
        for number, column in enumerate(self.columns):
            cells = piece[column]
            numbers, is_text = _parse_numbers(cells)
            values[:, number] = numbers
            if np.isfinite(numbers).all():
                continue
            self.missing[column].add(np.isnan(numbers) & ~is_text, self.rows)
            self._infinite[column].add(np.isinf(numbers), self.rows)
            self._text[column].add(is_text, self.rows)
            if is_text.any():
                self._examples.setdefault(column, str(cells[is_text].iloc[0]))
        self.rows += len(piece)
        return values

    def is_text(self, column: str) -> bool:
        """Tell whether a column has text, and no number in any row."""
        text = self._text[column].count
        return text > 0 and text + self.missing[column].count == self.rows

    def count_text(self, column: str) -> int:
        """Return how many cells of a column are text."""
        return self._text[column].count

    def has_other_than_numbers(self) -> bool:
        """Tell whether any cell so far is text or infinite; missing ones are neither."""
        return any((*self._text.values(), *self._infinite.values()))

    def require_numbers(self, columns: Sequence[str], where: Path | str) -> None:
        """Refuse text and infinities, not missing values; the message names columns and rows."""
        problems = []
        for column in columns:
            if text := self._text[column]:
                example = self._examples[column][:40]
                problems.append(f"column {column!r} has text, such as {example!r}, {text}")
            if infinite := self._infinite[column]:
                problems.append(f"column {column!r} is infinite {infinite}")
        if problems:
            remedy = "fix these cells, or drop the rows or columns"
            raise DataError(f"{where}: numbers are needed:\n  " + ";\n  ".join([*problems, remedy]))


def require_columns(present: Sequence[str], required: Sequence[str], where: Path | str) -> None:
    """Refuse a table without a required column; the message names the nearest that exists."""
    absent = [column for column in required if column not in present]
    if absent:
        named = "; ".join(f"no column {column!r}{nearest(column, present)}" for column in absent)
        raise DataError(f"{where}: {named}; it has {listing(present, 12)}; fix the name")


def find_missing(cells: pd.Series) -> np.ndarray:
    """Tell which cells of a column are empty, blank or NaN, `[rows] bool`."""
    if _is_numeric(cells):
        absent: np.ndarray = np.isnan(cells.to_numpy(np.float64, na_value=np.nan))
        return absent
    blank = cells.astype(object).map(str).str.strip() == ""
    return (cells.isna() | blank).to_numpy(bool)


def require_float32(
    values: np.ndarray,
    names: Sequence[str],
    where: Path | str,
    index: np.ndarray,
    index_name: str = "row",
) -> None:
    """Refuse numbers beyond the range of float32, `[rows, columns]`, but not NaN.

    Raises:
        DataError: The message identifies the row by its index.
    """
    largest = np.finfo(np.float32).max
    if not values.size or (values.max() <= largest and values.min() >= -largest):
        return  # of NaN, both are false
    wrong = np.abs(values) > largest
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"{where}: column {names[column]!r} has {values[row, column]:g} in {index_name}"
            f" {index[row]}, beyond float32 (3.4e38); use a larger unit, or fix the value"
        )


def _parse_numbers(cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers, NaN for any other cell, and which cells are text."""
    if _is_numeric(cells):
        return cells.to_numpy(np.float64, na_value=np.nan), np.zeros(len(cells), bool)
    has_strings = isinstance(cells.dtype, pd.StringDtype)
    words = cells if has_strings else cells.astype(object).map(str, na_action="ignore")
    values = pd.to_numeric(words, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    is_text = np.isnan(values)
    is_text[is_text] = ~find_missing(cells[is_text])
    return values, is_text


def _is_numeric(cells: pd.Series) -> bool:
    types = pd.api.types
    return bool(types.is_integer_dtype(cells) or types.is_float_dtype(cells))
