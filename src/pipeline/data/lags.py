"""Columns that are made of earlier rows: lags, and statistics of the rows before a row.

A window ends before its row, so nothing looks ahead, not even at the value of the row itself: a
target can have lags as any other column. `prepare` and `predict` call the same functions on a table
whose dates ascend, in each group if there are groups. Other ways into a model, such as MLflow, take
the lagged columns by their names.

A sum is computed value by value, from the oldest to the latest row of a window. So a row has the
same bits in a table of any length; running sums, as of pandas, depend on all rows before.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.prepared.series import Lag
from pipeline.errors import ConfigError, DataError

# Returns column `n` rows before, `[rows]`.
Shift = Callable[[int], np.ndarray]

_log = logging.getLogger(__name__)


def list_lags(
    settings: Mapping[str, Sequence[int] | Mapping[str, Sequence[int]]],
) -> tuple[Lag, ...]:
    """Return the columns of `data.lags`, in the order of the settings.

    Args:
        settings: for each column its lags, such as `[1, 7]`, or the kinds of columns made of it,
            such as `{lag: [1, 7], mean: [7]}`.

    Raises:
        ConfigError: A column is named twice, or a window is too small for its statistic.
    """
    lags = [
        Lag(column, kind, rows)
        for column, wanted in settings.items()
        for kind, sizes in (wanted.items() if isinstance(wanted, Mapping) else [("lag", wanted)])
        for rows in sizes
    ]
    names = [lag.name for lag in lags]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"data.lags makes the column {twice!r} twice; remove one")
    if small := next((lag for lag in lags if lag.kind == "std" and lag.rows < 2), None):
        raise ConfigError(
            f"data.lags.{small.column}: std of {small.rows} row is not defined; give 2 or more"
        )
    return tuple(lags)


def require_new_names(lags: Sequence[Lag], columns: Collection[str], where: Path | str) -> None:
    """Refuse lags whose names a table already has.

    Raises:
        DataError: The message names the column.
    """
    if taken := next((lag.name for lag in lags if lag.name in columns), None):
        raise DataError(
            f"{where}: data.lags makes a column {taken!r}, and there is one already; rename it, or"
            " leave it out of data.lags"
        )


def has_lags(lags: Sequence[Lag], columns: Collection[str]) -> bool:
    """Tell whether a table to predict has all lagged columns, so that none are made."""
    return all(lag.name in columns for lag in lags)


def make_lags(
    values: np.ndarray, columns: Sequence[str], lags: Sequence[Lag], groups: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lagged columns, and whether a row has enough rows before it.

    Args:
        values: `[rows, columns] float64`, with dates that ascend in each group; NaN is a gap.
        groups: `[rows]`, what tells the series of a panel apart; None: there is one series.

    Returns:
        `[rows, lags] float64`, NaN where a row of the window is a gap or before the first row of
        the group; `[rows] bool`, whether all windows are inside of the group.
    """
    order, position = _order_of_series(groups, len(values))
    ordered = values[order]
    made = np.empty((len(values), len(lags)))
    for number, lag in enumerate(lags):
        column = ordered[:, columns.index(lag.column)]
        made[order, number] = MAKERS[lag.kind](_shift_of(column, position), lag.rows)
    enough = np.empty(len(values), bool)
    enough[order] = position >= max((lag.rows for lag in lags), default=0)
    return made, enough


class LagsOfPieces:
    """Makes the lags of a table that comes in pieces, with the bits of the whole table.

    Between pieces it keeps as many rows of each group as the longest window needs.
    """

    def __init__(self, columns: Sequence[str], lags: Sequence[Lag]) -> None:
        self._columns, self._lags = columns, lags
        self._kept = np.empty((0, len(columns)))
        self._groups: np.ndarray = np.empty(0, object)

    def make(self, values: np.ndarray, groups: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Return what `make_lags` returns, for the next rows."""
        before, longest = len(self._kept), max(lag.rows for lag in self._lags)
        series = np.zeros(len(values), object) if groups is None else groups
        rows, series = np.vstack([self._kept, values]), np.concatenate([self._groups, series])
        made, enough = make_lags(rows, self._columns, self._lags, series)
        order, position = _order_of_series(series[::-1], len(rows))  # counted from the last row
        is_late = np.empty(len(rows), bool)
        is_late[order] = position < longest
        is_late = is_late[::-1]
        self._kept, self._groups = rows[is_late], series[is_late]
        return made[before:], enough[before:]


def choose_rows_with_past(
    enough: np.ndarray, groups: np.ndarray | None, lags: Sequence[Lag], path: Path
) -> np.ndarray:
    """Return the rows with enough rows before them, `[rows] bool`, and log how many have not.

    `prepare` drops the others. `predict` leaves their prediction empty: a table to predict begins
    with the rows that lags are made of.

    Raises:
        DataError: No row has enough.
    """
    longest = max(lags, key=lambda lag: lag.rows)
    series = " of each group" if groups is not None else ""
    needs = f"{longest.name!r} needs {longest.rows:,} earlier rows{series}"
    if not enough.any():
        counts = (
            [len(enough)] if groups is None else np.unique(_codes(groups), return_counts=True)[1]
        )
        raise DataError(
            f"{path}: {needs}, and there are at most {max(counts, default=0):,} rows; give more"
            " rows, or smaller data.lags"
        )
    if not enough.all():
        without = f"{np.count_nonzero(~enough):,} of {len(enough):,} rows"
        _log.info("%s: %s have no lags: %s", path, without, needs)
    return enough


def _shift_of(column: np.ndarray, position: np.ndarray) -> Shift:
    """Return the function that shifts an ordered column, NaN before the first row of a series."""

    def shift(rows: int) -> np.ndarray:
        shifted = np.full(len(column), np.nan)
        shifted[rows:] = column[: len(column) - rows] if rows < len(column) else column[:0]
        shifted[position < rows] = np.nan
        return shifted

    return shift


def _lag(shift: Shift, rows: int) -> np.ndarray:
    return shift(rows)


def _mean(shift: Shift, rows: int) -> np.ndarray:
    total = shift(rows)
    for back in range(rows - 1, 0, -1):
        total += shift(back)
    return total / rows


def _std(shift: Shift, rows: int) -> np.ndarray:
    """Return the standard deviation of a sample, divided by one less than its rows."""
    mean = _mean(shift, rows)
    total = np.square(shift(rows) - mean)
    for back in range(rows - 1, 0, -1):
        total += np.square(shift(back) - mean)
    return np.asarray(np.sqrt(total / (rows - 1)))


def _min(shift: Shift, rows: int) -> np.ndarray:
    least = shift(rows)
    for back in range(rows - 1, 0, -1):
        least = np.minimum(least, shift(back))
    return least


def _max(shift: Shift, rows: int) -> np.ndarray:
    largest = shift(rows)
    for back in range(rows - 1, 0, -1):
        largest = np.maximum(largest, shift(back))
    return largest


# What makes a column of each kind in `data.lags`.
MAKERS = {"lag": _lag, "mean": _mean, "std": _std, "min": _min, "max": _max}


def _order_of_series(groups: np.ndarray | None, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows, group by group, and the place of each of these in its group, from 0."""
    order = np.arange(rows)
    if groups is None:
        return order, order
    codes = _codes(groups)
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    return order, np.arange(rows) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _codes(groups: np.ndarray) -> np.ndarray:
    """Return the number of each row's group; rows without one are a group, too."""
    return np.asarray(pd.factorize(groups, use_na_sentinel=False)[0])
