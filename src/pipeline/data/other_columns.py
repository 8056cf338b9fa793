"""Columns that are not features: dates, classes to predict, or the split that a row belongs to."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.numeric_columns import find_missing
from pipeline.errors import DataError


class Categories:
    """A column of text that is read in pieces; each cell is kept as the number of its text.

    Args:
        before: number of rows that were read before; their cells are missing.
    """

    def __init__(self, before: int = 0) -> None:
        self._numbers: dict[str, int] = {"": 0}  # an empty text is a missing cell
        self._codes = [np.zeros(before, np.int32)]

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, cells: pd.Series) -> None:
        """Add the next cells."""
        is_text = isinstance(cells.dtype, pd.StringDtype)
        words = cells if is_text else cells.astype(object).map(str, na_action="ignore")
        local, found = pd.factorize(words)
        numbers = self._numbers
        codes = [numbers.setdefault(text, len(numbers)) for text in found.tolist()]
        self._codes.append(np.array([*codes, 0], np.int32)[local])

    def codes(self) -> np.ndarray:
        """Return the number of each cell's text, `[rows] int32`."""
        return np.concatenate(self._codes)

    def texts(self) -> list[str]:
        """Return the texts, in the order of their numbers."""
        return list(self._numbers)

    def is_empty(self) -> bool:
        """Tell whether all cells are missing."""
        return len(self._numbers) == 1

    def values(self) -> np.ndarray:
        """Return the texts of all rows, `[rows] object`; None where one is missing."""
        texts = np.array([None, *self.texts()[1:]], object)
        values: np.ndarray = texts[self.codes()]
        return values

    def encode(self, kept: np.ndarray, name: str, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
        """Number the classes of the kept rows, `[rows, 1] float32`, in ascending order.

        Also return their names. No class is missing in a kept row.

        Raises:
            DataError: All cells are the same.
        """
        codes, texts = self.codes()[kept], self.texts()
        used = np.unique(codes).tolist()
        if len(used) < 2:
            raise DataError(
                f"{path}: column {name!r} has only one class, {texts[used[0]][:40]!r}, and two are"
                " needed; give rows of another class, or choose another data.target"
            )
        used.sort(key=lambda code: _sort_key(texts[code]))
        number_of_code = np.zeros(len(texts), np.float32)
        number_of_code[used] = np.arange(len(used))
        return number_of_code[codes][:, None], tuple(texts[code] for code in used)


def parse_dates(cells: pd.Series, path: Path, before: int = 0) -> np.ndarray:
    """Parse ISO dates to `[rows] datetime64[s]`; NaT where one is missing.

    Raises:
        DataError: A cell is not a date; there are `before` rows before these.
    """
    words = cells.map(str)
    times = pd.to_datetime(words, format="ISO8601", errors="coerce", utc=True)
    # pandas accepts words such as "now".
    is_date = words.str.match(r"\s*\d").to_numpy(bool) & times.notna().to_numpy(bool)
    wrong = np.flatnonzero(~is_date & ~find_missing(cells))
    if len(wrong):
        raise DataError(
            f"{path}: column {cells.name!r} has {words.iloc[wrong[0]][:40]!r} in row"
            f" {before + wrong[0] + 1}, which is not a date; write dates as 1999-01-04"
        )
    seconds: np.ndarray = times.dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    return seconds


def to_seconds(dates: np.ndarray) -> np.ndarray:
    """Return dates as seconds since 1970-01-01 UTC, `[rows] float64`; NaN for NaT."""
    seconds: np.ndarray = (dates - np.datetime64(0, "s")) / np.timedelta64(1, "s")
    return seconds


def to_days(dates: np.ndarray) -> np.ndarray:
    """Return dates as `datetime64[D]`, or unchanged if one of them has a time of day."""
    days: np.ndarray = dates.astype("datetime64[D]")
    return dates if ((days != dates) & ~np.isnat(dates)).any() else days


def require_ascending(dates: np.ndarray, rows: np.ndarray, path: Path) -> None:
    """Refuse dates that do not ascend; the numbers of their rows are from 0."""
    wrong = np.flatnonzero(dates[1:] <= dates[:-1])
    if len(wrong):
        before, after = wrong[0], wrong[0] + 1
        what = "is the same as" if dates[after] == dates[before] else "is before"
        raise DataError(
            f"{path}: dates must ascend, but {dates[after]} in row {rows[after] + 1} {what}"
            f" {dates[before]} in row {rows[before] + 1}; sort the file by date and remove"
            " duplicates"
        )


def _sort_key(text: str) -> tuple[bool, int, str]:
    """Order whole numbers by their size, before all other texts."""
    is_number = re.fullmatch(r"-?[0-9]{1,18}", text) is not None
    return not is_number, int(text) if is_number else 0, text
