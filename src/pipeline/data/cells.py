"""Numbers out of the cells of a table, with errors that point at them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.places import Places
from pipeline.errors import DataError, listing, nearest


class Numbers:
    """Columns of numbers that are read in pieces; what is none is kept for one message.

    Attributes:
        columns: their names.
        rows: how many were read.
        gaps: for each column, where a value is missing.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns, self.rows = list(columns), 0
        self.gaps = {column: Places() for column in columns}
        self._text = {column: Places() for column in columns}
        self._infinite = {column: Places() for column in columns}
        self._examples: dict[str, str] = {}

    def read(self, piece: pd.DataFrame) -> np.ndarray:
        """Return the next rows.

        Returns:
            `[rows, columns] float64`, NaN where a value is missing or no number.
        """
        values = np.empty((len(piece), len(self.columns)), np.float64)
        for place, column in enumerate(self.columns):
            cells = piece[column]
            number, text = parsed(cells)
            values[:, place] = number
            if np.isfinite(number).all():
                continue
            self.gaps[column].add(np.isnan(number) & ~text, self.rows)
            self._infinite[column].add(np.isinf(number), self.rows)
            self._text[column].add(text, self.rows)
            if text.any():
                self._examples.setdefault(column, str(cells[text].iloc[0]))
        self.rows += len(piece)
        return values

    def is_text(self, column: str) -> bool:
        """Tell whether a column has text, and no number anywhere."""
        text = self._text[column].count
        return text > 0 and text + self.gaps[column].count == self.rows

    def are_unsound(self) -> bool:
        """Tell whether a value was missing, text or infinite."""
        wrong = (*self.gaps.values(), *self._text.values(), *self._infinite.values())
        return any(wrong)

    def _troubles(self, columns: Sequence[str]) -> list[str]:
        """Say which columns hold text or infinities, and where."""
        troubles = []
        for column in columns:
            if text := self._text[column]:
                example = self._examples[column][:40]
                troubles.append(f"column {column!r} has text, such as {example!r}, {text}")
            if infinite := self._infinite[column]:
                troubles.append(f"column {column!r} is infinite {infinite}")
        return troubles

    def require(self, columns: Sequence[str], where: Path | str) -> None:
        """Refuse what is no number.

        Raises:
            DataError: naming each of the columns that holds text or infinities, with the first
                rows where it does (counted from 1, the header left out).
        """
        if troubles := self._troubles(columns):
            remedy = "mend these cells, or drop the rows or columns"
            raise DataError(f"{where}: numbers are needed:\n  " + ";\n  ".join([*troubles, remedy]))


def require_columns(have: Sequence[str], columns: Sequence[str], where: Path | str) -> None:
    """Refuse a table that lacks one of `columns`.

    Args:
        have: its columns.

    Raises:
        DataError: naming each missing column and the nearest one that is there.
    """
    lacking = [column for column in columns if column not in have]
    if lacking:
        named = "; ".join(f"no column {column!r}{nearest(column, have)}" for column in lacking)
        raise DataError(f"{where}: {named}; it has {listing(have, 12)}; mend the name")


def missing(cells: pd.Series) -> np.ndarray:
    """Return where a column is empty, blank or NaN, `[rows] bool`."""
    if _is_plain(cells):
        absent: np.ndarray = np.isnan(cells.to_numpy(np.float64, na_value=np.nan))
        return absent
    blank = cells.astype(object).map(str).str.strip() == ""
    return (cells.isna() | blank).to_numpy(bool)


def parsed(cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return a column as `[rows] float64`, NaN where it is no number, and where it has text."""
    if _is_plain(cells):
        return cells.to_numpy(np.float64, na_value=np.nan), np.zeros(len(cells), bool)
    is_text = isinstance(cells.dtype, pd.StringDtype)
    words = cells if is_text else cells.astype(object).map(str, na_action="ignore")
    values = pd.to_numeric(words, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    text = np.isnan(values)
    text[text] = ~missing(cells[text])
    return values, text


def _is_plain(cells: pd.Series) -> bool:
    kinds = pd.api.types
    return bool(kinds.is_integer_dtype(cells) or kinds.is_float_dtype(cells))


def narrowed(
    values: np.ndarray,
    names: Sequence[str],
    where: Path | str,
    index: np.ndarray,
    index_name: str = "row",
) -> np.ndarray:
    """Return `[rows, columns]` as float32.

    Args:
        index: `[rows]`, what names a row in messages.

    Raises:
        DataError: a column has values that float32 cannot hold.
    """
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    if np.isfinite(narrow).all():
        return narrow
    row, column = np.argwhere(~np.isfinite(narrow))[0]
    raise DataError(
        f"{where}: column {names[column]!r} has {values[row, column]:g} in {index_name}"
        f" {index[row]}, beyond float32 (3.4e38); use a larger unit, or mend it"
    )
