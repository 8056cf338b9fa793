"""Outputs of a form beside the reference's, on every feed, within a named profile.

Unlike the gate of the stage `evaluate`, equal NaN and infinities are equal here: a sound model of
somebody else may compute them.
"""

from collections.abc import Mapping, Sequence

import ml_dtypes
import numpy as np

from pipeline.evaluation.comparison import FLOATS, Comparison, compare
from pipeline.verification.values import equal_bits
from pipeline.verification.verdict import OutputVerdict, Profile

# What a form computed on one feed, by the names of its outputs.
Outputs = Mapping[str, np.ndarray]

# The same kernels in another executor: nearly all models are bit-equal, the others within 1e-6.
SESSION = Profile("session", {"float16": 1e-3, "bfloat16": 1e-2, "float32": 1e-6, "float64": 1e-12})
# Other kernels, another machine, or numbers that were written as text.
OTHER = Profile(
    "other kernels", {"float16": 5e-3, "bfloat16": 4e-2, "float32": 1e-4, "float64": 1e-8}
)
EXACT = Profile("exact", {})


_PARTS = {"complex64": "float32", "complex128": "float64"}


def with_tolerance(tolerance: float) -> Profile:
    """Return a profile with one tolerance for all floats."""
    return Profile("by hand", dict.fromkeys(SESSION.tolerances, tolerance))


def compare_outputs(
    form: Sequence[tuple[str, Outputs]],
    reference: Sequence[Outputs],
    pairs: Mapping[str, str],
    profile: Profile,
) -> tuple[OutputVerdict, ...]:
    """Compare each output on all feeds, and return the verdict of the worst feed for each.

    Args:
        form: name of the feed and outputs, for each feed.
        reference: outputs for the same feeds.
        pairs: name of the form's output by that of the reference.
    """
    verdicts = []
    for name, own in pairs.items():
        found = [
            _compare(name, feed, outputs[own], expected[name], profile)
            for (feed, outputs), expected in zip(form, reference, strict=True)
        ]
        verdicts.append(min(found, key=_badness))
    return tuple(verdicts)


def _badness(verdict: OutputVerdict) -> tuple[bool, float, float]:
    largest = verdict.max_abs_diff
    return (
        verdict.passed,
        -np.inf if largest is None and not verdict.passed else -(largest or 0.0),
        1.0 if verdict.equal_fraction is None else verdict.equal_fraction,
    )


def _compare(
    name: str, feed: str, output: np.ndarray, expected: np.ndarray, profile: Profile
) -> OutputVerdict:
    if (output.dtype, output.shape) != (expected.dtype, expected.shape):
        kinds = [f"{array.dtype} {list(array.shape)}" for array in (output, expected)]
        return OutputVerdict(name, False, feed, f"it is {kinds[0]}, the reference's {kinds[1]}")
    if equal_bits(output, expected):
        return OutputVerdict(name, True, feed, "", 0.0, 0, 1.0)
    one, other = as_floats(output), as_floats(expected)
    if one is None or other is None:
        share = float(np.mean(np.asarray(output == expected, bool)))
        return OutputVerdict(name, False, feed, f"{1 - share:.1%} of its values differ", None, None,
                             share)  # fmt: skip
    if place := _first_unequal_special(one, other):
        return OutputVerdict(name, False, feed, place)
    found = compare(*(_without_specials(array) for array in (one, other)))
    tolerance = profile.tolerances.get(part_of(expected.dtype.name), 0.0)
    passed = found.is_within(tolerance)
    reason = "" if passed else _describe(found, tolerance)
    return OutputVerdict(
        name, passed, feed, reason, found.max_abs_diff, found.max_ulp, found.equal_fraction
    )


def _describe(found: Comparison, tolerance: float) -> str:
    if found.smallest_tolerance is None:
        return f"{1 - found.equal_fraction:.1%} of its values differ"
    return (
        f"it differs by {found.smallest_tolerance:.3g} of the reference's root mean square,"
        f" and {tolerance:g} is allowed"
    )


def part_of(dtype: str) -> str:
    """Return the dtype of the parts of complex numbers; other dtypes as they are."""
    return _PARTS.get(dtype, dtype)


def as_floats(array: np.ndarray) -> np.ndarray | None:
    """Return an array of floats as one that NumPy compares; None for other dtypes.

    bfloat16 is widened, which is exact; complex numbers become pairs.
    """
    if array.dtype == ml_dtypes.bfloat16:
        return array.astype(np.float32)
    if array.dtype.kind == "c":
        parts = np.ascontiguousarray(array)
        return parts.view(parts.real.dtype).reshape(*array.shape, 2)
    return array if array.dtype in FLOATS else None


def _first_unequal_special(one: np.ndarray, other: np.ndarray) -> str:
    """Describe the first NaN or infinity that the other array does not have; empty if none."""
    is_special = ~(np.isfinite(one) & np.isfinite(other))
    is_equal = (one == other) | (np.isnan(one) & np.isnan(other))
    wrong = np.argwhere(is_special & ~is_equal)
    if not len(wrong):
        return ""
    index = tuple(wrong[0])
    place = f" at {list(map(int, index))}" if index else ""
    return f"it is {one[index]}{place}, the reference's {other[index]}"


def _without_specials(array: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(array), array, array.dtype.type(0))
