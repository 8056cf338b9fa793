"""Dates and times in the cells of a table: what they are, and what they are called in results.

A time of a zone keeps the day and the hour that are written; its place in time is known as well.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import pyarrow

from pipeline.data.number_parsing import find_missing, to_words
from pipeline.errors import DataError, one_line

UNITS = ("D", "s", "ms", "us")
# A zone is after a time of day, as 2024-01-04 ends in none.
TIME, ZONE = r"[T ]\d{2}(?::?\d{2})*(?:[.,]\d+)? ?", r"(?:Z|[+-]\d{2}(?::?\d{2})?)$"
AMBIGUOUS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")


@dataclass(frozen=True)
class Dates:
    """Dates of rows.

    Attributes:
        local: `[rows] datetime64[us]`, or finer, as they are written; NaT where one is missing.
        offset: `[rows] timedelta64[s]`, how far their zone is ahead of UTC; None without zones.
    """

    local: np.ndarray
    offset: np.ndarray | None = None

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the dates of several pieces as one; a time without a zone is one of UTC."""
        local = np.concatenate([part.local for part in parts])
        if all(part.offset is None for part in parts):
            return cls(local)
        zero = np.timedelta64(0, "s")
        offsets = [np.full(len(p), zero) if p.offset is None else p.offset for p in parts]
        return cls(local, np.concatenate(offsets))

    def __len__(self) -> int:
        return len(self.local)

    def select(self, rows: np.ndarray) -> Self:
        """Return some of the rows, by their numbers from 0 or by a mask."""
        return type(self)(self.local[rows], None if self.offset is None else self.offset[rows])

    @property
    def utc(self) -> np.ndarray:
        """The times in UTC, `[rows] datetime64`."""
        utc: np.ndarray = self.local if self.offset is None else self.local - self.offset
        return utc

    @property
    def missing(self) -> np.ndarray:
        """Which rows have no date, `[rows] bool`."""
        missing: np.ndarray = np.isnat(self.local)
        return missing

    def names(self) -> np.ndarray:
        """Return what rows are called: `datetime64` in the largest unit that keeps all digits.

        With zones it is text, such as `2024-01-01T00:00:00+09:00`.
        """
        times = self.local
        for unit in UNITS:
            shorter = self.local.astype(f"datetime64[{unit}]")
            if ((shorter == self.local) | self.missing).all():
                times = shorter
                break
        if self.offset is None:
            return times
        if times.dtype == np.dtype("datetime64[D]"):
            times = times.astype("datetime64[s]")
        return np.char.add(np.datetime_as_string(times), _name_zones(self.offset))


def parse_dates(
    cells: pd.Series, path: Path | str, before: int = 0, date_format: str | None = None
) -> Dates:
    """Parse dates: of ISO 8601, as a format says, or of a type of times.

    Args:
        before: number of rows before these.
        date_format: of text, as `strptime` takes it, such as `%d/%m/%Y`.

    Raises:
        DataError: A cell is not a date, or may be one of two dates.
    """
    if _holds_times(cells):
        return _from_times(cells)
    words, offset, pattern = to_words(cells).str.strip(), None, date_format
    has_zone = words.str.contains(TIME + ZONE, na=False)
    if has_zone.any() and (pattern is None or pattern.endswith("%z")):
        zones = words.where(has_zone).str.extract(f"({ZONE})", expand=False)
        offset = _parse_zones(zones)
        words = words.mask(has_zone, words.str.replace(rf" ?{ZONE}", "", regex=True))
        pattern = pattern and pattern.removesuffix("%z").rstrip()
    try:
        times = _parse(words, pattern)
    except ValueError as error:  # the format itself, or a time out of range
        raise DataError(
            f"{path}: data.date_format={date_format!r}: {one_line(error)}; fix the format, such as"
            ' "%d/%m/%Y"'
        ) from None
    is_wrong = times.isna().to_numpy(bool) & ~find_missing(cells)
    if is_wrong.any():
        raise _explain(cells, int(is_wrong.argmax()), path, before, date_format)
    return Dates(_at_least_us(times), offset)


def to_seconds(dates: Dates) -> np.ndarray:
    """Return seconds since 1970 in UTC, `[rows] float64`; NaN where a date is missing."""
    utc = dates.utc
    whole = utc.astype("datetime64[s]")
    seconds = whole.astype(np.int64) + (utc - whole) / np.timedelta64(1, "s")
    seconds[dates.missing] = np.nan
    return np.asarray(seconds, np.float64)


def require_ascending(
    dates: Dates, rows: np.ndarray, path: Path | str, of_same: str | None = None
) -> None:
    """Refuse dates that do not ascend.

    Args:
        rows: the numbers of their rows, from 0.
        of_same: what helps where rows have the same date, if it is not to remove one.
    """
    utc = dates.utc
    wrong = np.flatnonzero(utc[1:] <= utc[:-1])
    if len(wrong):
        before, after = wrong[0], wrong[0] + 1
        is_same = utc[after] == utc[before]
        what = "is the same as" if is_same else "is before"
        remedy = (is_same and of_same) or "sort the file by date and remove duplicates"
        names = dates.select(np.array([before, after])).names()
        raise DataError(
            f"{path}: dates must ascend, but {names[1]} in row {rows[after] + 1} {what}"
            f" {names[0]} in row {rows[before] + 1}; {remedy}"
        )


def _parse(words: pd.Series, date_format: str | None) -> pd.Series:
    if date_format is not None:
        return pd.to_datetime(words, format=date_format, errors="coerce")
    # pandas accepts words such as "now".
    words = words.where(words.str.match(r"\d").fillna(False))
    words = words.str.replace(r"(:\d\d),(\d)", r"\1.\2", regex=True)  # as logging writes it
    return pd.to_datetime(words, format="ISO8601", errors="coerce")


def _explain(
    cells: pd.Series, row: int, path: Path | str, before: int, date_format: str | None
) -> DataError:
    """Return an error that names a cell and the formats that may fit."""
    word = str(cells.iloc[row]).strip()
    place = f"{path}: column {cells.name!r} has {word[:40]!r} in row {before + row + 1}, which"
    if date_format is not None:
        return DataError(
            f"{place} is not a date as data.date_format={date_format!r} says; fix the cell or the"
            " format"
        )
    if re.fullmatch(r"\d{9,}(\.\d*)?", word):
        return DataError(
            f"{place} is not a date; if it counts seconds, leave out data.date_column, and it is a"
            " feature like any number; data.split=chronological then tests the last rows"
        )
    ways = _suggest(word)
    if len(ways) == 2:
        return DataError(f"{place} may be one of two dates; give {' or '.join(ways)}")
    other = ways[0] if ways else f"{_override('%d %b %Y')} for 4 Jan 1999"
    return DataError(
        f"{place} is not a date; write dates as 1999-01-04, or tell how they are written: {other}"
    )


def _suggest(word: str) -> list[str]:
    """Return overrides that read a date whose day and month may be in either order."""
    found = AMBIGUOUS.match(word)
    if not found:
        return []
    first, sign, second, year = found.groups()
    rest = f"{sign}{'%Y' if len(year) == 4 else '%y'}"
    rest += " %H:%M" + ":%S" * (word.count(":") - 1) if ":" in word else ""
    orders = (("%d", "%m", "day", second), ("%m", "%d", "month", first))
    return [
        f"{_override(one + sign + other + rest)} where the {what} is first"
        for one, other, what, month in orders
        if int(month) <= 12
    ]


def _override(date_format: str) -> str:
    return f"'data.date_format=\"{date_format}\"'"


def _holds_times(cells: pd.Series) -> bool:
    if isinstance(cells.dtype, pd.ArrowDtype):
        return cells.dtype.kind == "M"
    return pd.api.types.is_datetime64_any_dtype(cells)


def _from_times(cells: pd.Series) -> Dates:
    """Return the dates of a column whose type is one of times."""
    if isinstance(cells.dtype, pd.ArrowDtype):
        cells = pyarrow.array(cells).to_pandas(date_as_object=False)
    local = _at_least_us(cells.dt.tz_localize(None))
    if cells.dt.tz is None:
        return Dates(local)
    offset = local - _at_least_us(cells.dt.tz_convert("UTC").dt.tz_localize(None))
    offset[np.isnat(local)] = 0
    return Dates(local, offset.astype("timedelta64[s]"))


def _at_least_us(times: pd.Series) -> np.ndarray:
    values: np.ndarray = times.to_numpy()
    return values.astype(np.promote_types(values.dtype, np.dtype("datetime64[us]")))


def _parse_zones(zones: pd.Series) -> np.ndarray:
    """Return `[rows] timedelta64[s]`; a cell without a zone is in UTC."""
    codes, found = pd.factorize(zones)
    seconds = []
    for zone in found:
        digits = zone[1:].replace(":", "").ljust(4, "0") if zone != "Z" else "0000"
        sign = -1 if zone[0] == "-" else 1
        seconds.append(sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60))
    return np.array([*seconds, 0], "timedelta64[s]")[codes]


def _name_zones(offset: np.ndarray) -> np.ndarray:
    """Return `[rows] str`, such as `+09:00`."""
    minutes = offset.astype(np.int64) // 60
    found, codes = np.unique(minutes, return_inverse=True)
    names = [f"{'-' if m < 0 else '+'}{abs(m) // 60:02}:{abs(m) % 60:02}" for m in found.tolist()]
    return np.array(names or [""])[codes]
