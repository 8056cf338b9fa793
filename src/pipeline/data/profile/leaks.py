"""Columns that give the target away: each is one sentence that names the column.

A column may also be perfectly good and only look like a leak. So these are warnings.
"""

import math
from collections.abc import Sequence

import numpy as np

from pipeline.data.profile.association import correlate
from pipeline.data.profile.facts import Association

# An association from here on is a leak, or a formula that is better written down.
NEARLY_ONE = 0.9999
# Fewer rows show by chance what looks like a leak.
LEAST_ROWS = 10


def find_function(name: str, values: np.ndarray, target: str, label: np.ndarray) -> str:
    """Say that a column is the target or a linear function of it, exactly or nearly; else ''.

    Args:
        values, label: `[rows]`; rows with NaN are left out.
    """
    known = np.isfinite(values) & np.isfinite(label)
    values, label = values[known], label[known]
    if len(values) < LEAST_ROWS:
        return ""
    if np.array_equal(values, label) and np.ptp(label) > 0:
        return f"column {name!r} equals the target {target!r}"
    r = correlate(values, label)
    if not abs(r) >= NEARLY_ONE:
        return ""
    slope = r * label.std() / values.std()
    rest = label - label.mean() - slope * (values - values.mean())
    if np.abs(rest).max() <= 1e-9 * np.ptp(label):
        return f"column {name!r} is an exact linear function of the target {target!r}"
    return f"column {name!r} correlates with the target {target!r}: r = {_truncate(r)}"


def find_naming(name: str, values: np.ndarray, target: str, label: np.ndarray) -> str:
    """Say that the values of a column name the classes; '' where they do not.

    Args:
        values: `[rows]`, numbers or codes; rows with NaN are left out.
        label: `[rows]`, the numbers of the classes.
    """
    known = np.isfinite(values)
    different, codes = np.unique(values[known], return_inverse=True)
    classes, numbers = np.unique(label[known], return_inverse=True)
    if len(codes) < LEAST_ROWS or len(classes) < 2:
        return ""
    pairs = len(np.unique(codes * len(classes) + numbers))
    if pairs > len(different):
        return ""
    if len(different) == len(classes):
        return f"column {name!r} names the classes of {target!r} one to one"
    if len(codes) >= LEAST_ROWS * len(different):
        what = f"each of the {len(different)} values of column {name!r} has only one class"
        return f"{what} of {target!r}"
    return ""


def find_row_number(name: str, values: np.ndarray, rows: np.ndarray, count: int) -> str:
    """Say that a column numbers the rows, in their order or in another; '' where it does not.

    Args:
        values: `[rows]`.
        rows: `[rows]`, their ascending numbers.
        count: number of rows of the table.
    """
    if (
        len(values) < LEAST_ROWS
        or not np.isfinite(values).all()
        or (values != np.floor(values)).any()
    ):
        return ""
    ratio = np.diff(values) / np.diff(rows)
    if (ratio == 1).all() or (ratio == -1).all():
        return f"column {name!r} counts the rows"
    if np.ptp(values) < count and len(np.unique(values)) == len(values):
        return f"column {name!r} is a different whole number in each row, as a row number is"
    return ""


def find_association(name: str, found: Sequence[Association]) -> str:
    """Say that a column tells all about a target; '' where it does not."""
    for one in found:
        if abs(one.value) >= NEARLY_ONE:
            value = _truncate(one.value)
            return f"column {name!r} tells the target {one.target!r}: {one.symbol} = {value}"
    return ""


def _truncate(value: float) -> str:
    """Return digits that do not round up to 1."""
    return f"{math.trunc(value * 1e6) / 1e6:g}"
