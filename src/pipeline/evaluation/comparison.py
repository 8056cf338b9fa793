"""How far two arrays are apart: in numbers for floats, equal or not for all else."""

from dataclasses import dataclass

import numpy as np

# Floats are compared within a tolerance. Integers, bools and strings must be equal; these are their
# kinds in NumPy. Other dtypes cannot be compared.
FLOATS = (np.float16, np.float32, np.float64)
EXACT_KINDS = "iubOSU"


@dataclass(frozen=True)
class Comparison:
    """How two arrays differ; None where a difference has no number."""

    max_abs_diff: float | None  # in the output's own unit
    max_ulp: int | None  # units in the last place: 1 for neighbouring floats
    equal_fraction: float  # share of values with equal bits
    worst_row: int  # the row of the largest absolute difference, counted from 0
    smallest_tolerance: float | None  # the smallest `evaluation.parity.tolerance` that would pass

    def __str__(self) -> str:
        equal = f"{self.equal_fraction:.1%} equal"
        if self.max_abs_diff is None:
            return equal
        return f"max difference {self.max_abs_diff:.3g}, {self.max_ulp} ULP, {equal}"

    def is_within(self, tolerance: float) -> bool:
        """Tell whether a tolerance is kept; with a tolerance of 0 all bits must be equal."""
        if self.smallest_tolerance is None or self.smallest_tolerance > tolerance:
            return False
        return tolerance > 0 or self.equal_fraction == 1


def find_flaw(output: np.ndarray, expected: np.ndarray) -> str:
    """Return what makes two arrays incomparable; an empty text where they can be compared."""
    if expected.size == 0:
        return "it has no rows to compare"
    if output.shape != expected.shape:
        return f"its output has shape {output.shape}, the reference's {expected.shape}"
    if output.dtype != expected.dtype:
        return f"its output is {output.dtype}, the reference's {expected.dtype}"
    if expected.dtype not in FLOATS and expected.dtype.kind not in EXACT_KINDS:
        return f"its output is {expected.dtype}, which cannot be compared"
    if expected.dtype in FLOATS:
        for whose, values in (("its", output), ("the reference's", expected)):
            wrong = np.argwhere(~np.isfinite(values))
            if len(wrong):
                return f"{whose} output is {values[tuple(wrong[0])]} in row {(*wrong[0], 0)[0]}"
    return ""


def compare(output: np.ndarray, expected: np.ndarray) -> Comparison:
    """Compare two arrays of one shape and dtype, of which no value is NaN."""
    output, expected = _as_rows(output), _as_rows(expected)
    if expected.dtype in FLOATS:
        return _compare_floats(output, expected)
    equal = np.asarray(output == expected, bool)
    worst = int((~equal).any(1).argmax())
    if equal.all():
        return Comparison(0.0, 0, 1.0, worst, 0.0)
    return Comparison(None, None, float(equal.mean()), worst, None)


def _compare_floats(output: np.ndarray, expected: np.ndarray) -> Comparison:
    with np.errstate(over="ignore"):
        difference = np.abs(output.astype(np.float64) - expected.astype(np.float64))
    of_rows = difference.max(1)
    worst = int(of_rows.argmax())
    largest, size = float(of_rows[worst]), _root_mean_square(expected)
    finite = bool(np.isfinite(largest))
    return Comparison(
        max_abs_diff=largest if finite else None,
        max_ulp=_largest_distance(_number(output), _number(expected)),
        equal_fraction=float(np.mean(_bits(output) == _bits(expected))),
        worst_row=worst,
        smallest_tolerance=(largest / size if size else largest) if finite else None,
    )


def _root_mean_square(values: np.ndarray) -> float:
    # The squares of float64 would overflow or vanish; those of narrower floats do not.
    unit = float(np.abs(values).max()) if values.dtype == np.float64 else 1.0
    return unit * float(np.sqrt(np.mean(np.square(values.astype(np.float64) / (unit or 1.0)))))


def _as_rows(values: np.ndarray) -> np.ndarray:
    """Return `[rows, values]`; a scalar is one row."""
    values = np.atleast_1d(values)
    return np.ascontiguousarray(values).reshape(len(values), -1)


def _bits(values: np.ndarray) -> np.ndarray:
    return values.view(f"i{values.itemsize}")


def _number(values: np.ndarray) -> np.ndarray:
    """Number floats in their order, so that neighbours differ by one."""
    bits = _bits(values).astype(np.int64)
    largest = np.iinfo(f"i{values.itemsize}").max
    return np.asarray(np.where(bits < 0, -(bits & largest), bits))


def _largest_distance(one: np.ndarray, other: np.ndarray) -> int:
    larger, smaller = np.maximum(one, other), np.minimum(one, other)
    # An int64 could not hold the distance of all float64.
    return int((larger.astype(np.uint64) - smaller.astype(np.uint64)).max())
