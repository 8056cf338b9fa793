"""How much a column tells about a target: one measure for each pair of kinds.

Numbers with numbers: the Pearson correlation. Levels with numbers, either way: the correlation
ratio. Levels with levels: Cramér's V. The last two grow with the number of levels by chance alone,
so that expectation is subtracted (Kelley, An unbiased correlation ratio measure, 1935; Bergsma, A
bias-correction for Cramér's V, 2013).
"""

import math

import numpy as np

NUMBERS, RATIO, CRAMER = "r", "η", "V"


def correlate(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Pearson correlation of two columns `[rows]`; NaN where one is constant.

    Rows in which one of them is NaN are left out.
    """
    first, second = _both(first, second)
    if len(first) < 2:
        return math.nan
    first, second = _center(first), _center(second)
    size = math.sqrt(_dot(first, first) * _dot(second, second))
    return float(np.clip(_dot(first, second) / size, -1, 1)) if size > 0 else math.nan


def correlation_ratio(codes: np.ndarray, numbers: np.ndarray) -> float:
    """Return the adjusted correlation ratio of levels, `[rows] int`, and numbers, `[rows]`."""
    known = np.isfinite(numbers)
    codes, numbers = codes[known], _center(numbers[known])
    total = _dot(numbers, numbers)
    counts = np.bincount(codes)
    levels, rows = np.count_nonzero(counts), len(numbers)
    if not total > 0 or rows <= levels:
        return math.nan
    sums = np.bincount(codes, numbers)[counts > 0]
    unexplained = 1 - (sums**2 / counts[counts > 0]).sum() / total
    return math.sqrt(max(0.0, 1 - unexplained * (rows - 1) / (rows - levels)))


def cramer(first: np.ndarray, second: np.ndarray) -> float:
    """Return the adjusted V of two columns of levels, `[rows] int`."""
    rows = len(first)
    table = _cross(first, second)
    levels = np.array(table.shape, float)
    if rows < 2 or levels.min() < 2:
        return math.nan
    expected = np.outer(table.sum(1), table.sum(0)) / rows
    squared = ((table - expected) ** 2 / expected).sum() / rows
    adjusted = levels - (levels - 1) ** 2 / (rows - 1)
    squared = max(0.0, squared - (levels - 1).prod() / (rows - 1))
    least = adjusted.min() - 1
    return min(1.0, math.sqrt(squared / least)) if least > 0 else math.nan


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the number of rows with each pair of levels that occur."""
    rows, first = np.unique(first, return_inverse=True)
    columns, second = np.unique(second, return_inverse=True)
    counts = np.bincount(first * len(columns) + second, minlength=len(rows) * len(columns))
    return counts.reshape(len(rows), len(columns)).astype(np.float64)


def _dot(first: np.ndarray, second: np.ndarray) -> float:
    # Not a product of BLAS, whose last bits depend on the number of threads.
    return float((first * second).sum())


def _both(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = np.isfinite(first) & np.isfinite(second)
    return first[known], second[known]


def _center(values: np.ndarray) -> np.ndarray:
    """Return values around 0 and not above 1, so that no square overflows."""
    centered: np.ndarray = values - values.mean() if len(values) else values
    largest = np.abs(centered).max(initial=0)
    return centered / largest if largest > 0 else centered
