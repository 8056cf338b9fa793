"""Dates that name the rows of a table."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.cells import missing
from pipeline.errors import DataError


def read_dates(cells: pd.Series, path: Path, before: int = 0) -> np.ndarray:
    """Return ISO dates, `[rows] datetime64[s]`; NaT where one is missing.

    Args:
        before: how many rows come before these.

    Raises:
        DataError: a cell is no date.
    """
    words = cells.map(str)
    times = pd.to_datetime(words, format="ISO8601", errors="coerce", utc=True)
    # pandas takes words such as "now" for dates.
    is_date = words.str.match(r"\s*\d").to_numpy(bool) & times.notna().to_numpy(bool)
    wrong = np.flatnonzero(~is_date & ~missing(cells))
    if len(wrong):
        raise DataError(
            f"{path}: column {cells.name!r} has {words.iloc[wrong[0]][:40]!r} in row"
            f" {before + wrong[0] + 1}, which is no date; write dates as 1999-01-04"
        )
    seconds: np.ndarray = times.dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    return seconds


def shortest(dates: np.ndarray) -> np.ndarray:
    """Return dates as `datetime64[D]` if none has a time of the day."""
    days: np.ndarray = dates.astype("datetime64[D]")
    return dates if ((days != dates) & ~np.isnat(dates)).any() else days


def require_ascending(dates: np.ndarray, rows: np.ndarray, path: Path) -> None:
    """Refuse dates that do not ascend.

    Args:
        rows: the number, from 0, of each date's row.

    Raises:
        DataError: two dates are the same, or a later row has an earlier date.
    """
    back = np.flatnonzero(dates[1:] <= dates[:-1])
    if len(back):
        before, after = back[0], back[0] + 1
        what = "is the same as" if dates[after] == dates[before] else "is before"
        raise DataError(
            f"{path}: dates must ascend, but {dates[after]} in row {rows[after] + 1} {what}"
            f" {dates[before]} in row {rows[before] + 1}; sort the file by date and drop doubles"
        )
