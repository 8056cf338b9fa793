"""Distributions of numbers and texts in a sample of the training rows."""

import numpy as np

from pipeline.data.profile.facts import Levels, Numbers

BARS = 24
MAX_LEVELS = 5
# A histogram ends at this many interquartile ranges beyond the quartiles.
REACH = 3


def describe_numbers(
    values: np.ndarray, exact: tuple[float, float, float, float] | None = None
) -> Numbers | None:
    """Describe numbers, `[rows]`, without NaN among them; None where there are none.

    Args:
        exact: minimum, maximum, mean and population deviation of all rows that `values` are a
            sample of.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    least, largest = float(values.min()), float(values.max())
    mean, deviation = _mean_and_deviation(values)
    if exact is not None:
        least, largest, mean, deviation = exact
    q1, median, q3 = np.quantile(values, (0.25, 0.5, 0.75)).tolist()
    begin, end = float(values.min()), float(values.max())
    if q3 > q1:
        begin, end = max(begin, q1 - REACH * (q3 - q1)), min(end, q3 + REACH * (q3 - q1))
    counts = _count(values, begin, end)
    return Numbers(least, (q1, median, q3), largest, mean, deviation, begin, end, counts)


def describe_levels(codes: np.ndarray, texts: np.ndarray) -> Levels:
    """Describe texts, each row given by the number of its text, `[rows] int`."""
    counts = np.bincount(codes, minlength=len(texts))
    different = int(np.count_nonzero(counts))
    order = sorted(np.argsort(-counts, kind="stable")[:different].tolist()[: 4 * MAX_LEVELS],
                   key=lambda code: (-counts[code], texts[code]))  # fmt: skip
    most = tuple((str(texts[code]), int(counts[code])) for code in order[:MAX_LEVELS])
    return Levels(different, most)


def _count(values: np.ndarray, begin: float, end: float) -> tuple[int, ...]:
    """Return the histogram between two bounds; a bar a value where few whole numbers occur."""
    bars = BARS
    if end - begin < BARS and (values == np.floor(values)).all():
        begin, end = np.floor(begin), np.ceil(end)
        bars = int(end - begin) + 1
        begin, end = begin - 0.5, end + 0.5
    if not end > begin:
        return (len(values),)
    width = end / 2 - begin / 2  # halves, as the difference may be infinite
    places = (np.clip(values, begin, end) / 2 - begin / 2) / width * bars
    numbers = np.minimum(places.astype(np.int64), bars - 1)
    return tuple(np.bincount(numbers, minlength=bars).tolist())


def _mean_and_deviation(values: np.ndarray) -> tuple[float, float]:
    scale = float(np.abs(values).max()) or 1.0  # so that no square overflows
    scaled = values / scale
    return float(scaled.mean()) * scale, float(scaled.std()) * scale
