"""Panels: several series in one table, told apart by a column, `data.group`.

Dates ascend in each group, and several groups have rows of the same date. A split by date is made
over all groups by `splits`, which gets the dates as `Examples.times`.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.errors import DataError


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
        raise DataError(
            f"{path}: dates must ascend in each group, but in {str(groups[after])[:40]!r}"
            f" {dates[after]} in row {rows[after] + 1} {what} {dates[before]} in row"
            f" {rows[before] + 1}; sort the file by date and remove duplicates"
        )


def name_rows(groups: np.ndarray, dates: np.ndarray) -> np.ndarray:
    """Return what identifies the rows of a panel, `[rows] str`, such as `north 2024-01-31`."""
    names = np.char.add(np.char.add(groups.astype(str), " "), dates.astype(str))
    return np.asarray(names)
