"""Panels: several series in one table, told apart by a column, `data.group`.

Dates ascend in each group, and several groups have rows of the same date. A split by date is made
over all groups by `splits`, which gets the dates as `Examples.times`.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.dates import Dates, require_ascending
from pipeline.errors import DataError

# What helps where several rows have a date.
SAME_DATE = (
    "sort the file by date and remove duplicates; if rows are of several series, name their column:"
    " data.group=COLUMN; else, if several rows belong to a date, leave out data.date_column, and"
    " the date is a feature; data.split=chronological then tests the last rows"
)


def identify_rows(
    dates: Dates, groups: np.ndarray | None, rows: np.ndarray, path: Path
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the names of rows with dates, and their times where the names are not dates.

    Args:
        dates: of the rows, none missing.
        groups: `[rows]`, what tells the series apart, or None.
        rows: `[rows]`, their numbers in the table, from 0.

    Raises:
        DataError: Dates do not ascend, in the table or in a group.
    """
    if groups is None:
        require_ascending(dates, rows, path, SAME_DATE)
        return dates.names(), None if dates.offset is None else dates.utc
    times = Dates(dates.utc).names()
    require_ascending_in_groups(times, groups, rows, path)
    return name_rows(groups, dates.names()), times


def require_ascending_in_groups(
    dates: np.ndarray, groups: np.ndarray, rows: np.ndarray, path: Path
) -> None:
    """Refuse dates that do not ascend in a group.

    Args:
        dates: `[rows] datetime64`, none missing.
        groups: `[rows]`, what tells the series apart.
        rows: `[rows]`, their numbers in the table, from 0.

    Raises:
        DataError: The message names the group, both dates and their rows.
    """
    codes = pd.factorize(groups, use_na_sentinel=False)[0]
    order = np.argsort(codes, kind="stable")
    sorted_dates, sorted_codes = dates[order], codes[order]
    same_group = sorted_codes[1:] == sorted_codes[:-1]
    wrong = np.flatnonzero(same_group & (sorted_dates[1:] <= sorted_dates[:-1]))
    if len(wrong):
        first = wrong[rows[order[wrong + 1]].argmin()]
        before, after = order[first], order[first + 1]
        what = "is the same as" if dates[after] == dates[before] else "is before"
        names = Dates(dates[[before, after]]).names()
        raise DataError(
            f"{path}: dates must ascend in each group, but in {str(groups[after])[:40]!r}"
            f" {names[1]} in row {rows[after] + 1} {what} {names[0]} in row"
            f" {rows[before] + 1}; sort the file by date and remove duplicates"
        )


class DatesOfPieces:
    """Refuses dates that do not ascend in a table that comes in pieces."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._latest: dict[Any, tuple[np.datetime64, int]] = {}  # of each group: date and row

    def add(self, dates: np.ndarray, groups: np.ndarray | None, rows: np.ndarray) -> None:
        """Check the next rows; as `require_ascending_in_groups`, or of one series without groups.

        Raises:
            DataError: Dates do not ascend.
        """
        series = np.zeros(len(dates), object) if groups is None else groups.astype(object)
        known = [name for name in pd.unique(pd.Series(series)) if name in self._latest]
        latest = [self._latest[name] for name in known]
        dates = np.concatenate([np.array([date for date, _ in latest], dates.dtype), dates])
        rows = np.concatenate([np.array([row for _, row in latest], rows.dtype), rows])
        series = np.concatenate([np.array(known, object), series])
        if groups is None:
            require_ascending(Dates(dates), rows, self._path)
        else:
            require_ascending_in_groups(dates, series, rows, self._path)
        self._latest |= dict(zip(series, zip(dates, rows, strict=True), strict=True))


def name_rows(groups: np.ndarray, dates: np.ndarray) -> np.ndarray:
    """Return what identifies the rows of a panel, `[rows] str`, such as `north 2024-01-31`."""
    names = np.char.add(np.char.add(groups.astype(str), " "), dates.astype(str))
    return np.asarray(names)
