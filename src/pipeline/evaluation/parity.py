"""Parity: every restored form of a model against the reference, and all against each other.

Only arrays come in here. An empty comparison, a form or an output that is missing, a count that
differs and a NaN all fail; nothing passes by not being looked at.
"""

import itertools
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

# One number for an output, `[rows, outputs]`, and a label, `[rows, 1]`; less is better.
Cost = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Comparison:
    """How two outputs differ.

    Attributes:
        max_abs_diff: largest absolute difference, in the output's own unit.
        max_ulp: largest difference in units in the last place: 1 for neighbouring float32 values.
        equal_fraction: share of values with equal bits.
        worst_row: the row of the largest absolute difference, counted from 0.
        smallest_tolerance: the smallest `evaluation.parity.tolerance` that would pass.
    """

    max_abs_diff: float
    max_ulp: int
    equal_fraction: float
    worst_row: int
    smallest_tolerance: float


@dataclass(frozen=True)
class Form:
    """One restored form in the table.

    Attributes:
        name, restored_by: which form, and how it came back.
        comparison: with the reference; None where there was nothing to compare.
        metric_change: the task's cost less that of the reference; None as above.
        passed: whether it agrees within the tolerance.
        reason: why it failed; empty where it passed.
    """

    name: str
    restored_by: str
    comparison: Comparison | None
    metric_change: float | None
    passed: bool
    reason: str


@dataclass(frozen=True)
class Verdict:
    """The whole table; true where every form passed."""

    reference: str
    tolerance: float
    rows: int
    forms: tuple[Form, ...]
    pairs: dict[tuple[str, str], Comparison]

    def __bool__(self) -> bool:
        return bool(self.forms) and all(form.passed for form in self.forms)

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as reports/parity.json holds it."""
        return {
            "passed": bool(self),
            "reference": self.reference,
            "tolerance": self.tolerance,
            "rows": self.rows,
            "forms": [
                {
                    "name": form.name,
                    "restored_by": form.restored_by,
                    "passed": form.passed,
                    "reason": form.reason,
                    **_fields(form.comparison),
                    "metric_change": form.metric_change,
                }
                for form in self.forms
            ],
            "pairs": [
                {"forms": list(names), **asdict(comparison)}
                for names, comparison in self.pairs.items()
            ],
        }

    def summary(self) -> dict[str, Any]:
        """Return the largest differences over all forms, as reports/metrics.json holds them."""
        compared = [form.comparison for form in self.forms if form.comparison]
        return {
            "passed": bool(self),
            "max_abs_diff": max((c.max_abs_diff for c in compared), default=None),
            "max_ulp": max((c.max_ulp for c in compared), default=None),
        }

    def __str__(self) -> str:
        lines = [f"parity with {self.reference} on {self.rows:,} rows:"]
        for form in self.forms:
            mark = "ok  " if form.passed else "FAIL"
            found = form.comparison
            figures = (
                f"max difference {found.max_abs_diff:.3g}, {found.max_ulp} ULP,"
                f" {found.equal_fraction:.1%} equal"
                if found
                else "nothing to compare"
            )
            lines.append(f"  {mark} {form.name:<22} {figures}")
            if form.reason:
                lines.append(f"       {form.reason}")
        return "\n".join(lines)


def judge(
    outputs: dict[str, np.ndarray | str],
    restored_by: dict[str, str],
    label: np.ndarray,
    reference: str,
    tolerance: float,
    cost: Cost,
) -> Verdict:
    """Compare the outputs of all forms with the reference's, and with each other.

    Args:
        outputs: of each form, `[rows, outputs] float32`, or why there is none; also of the
            reference.
        restored_by: every form that must be there, and how it is restored.
        label: `[rows, 1]`, for the change of the cost.
        reference: which form is right.
        tolerance: largest difference, relative to the root mean square of the reference.
        cost: the metric of the task whose change is reported.
    """
    missing = "it is missing"
    expected = outputs.get(reference, missing)
    forms = [
        _judge_form(name, how, outputs.get(name, missing), expected, label, tolerance, cost)
        for name, how in restored_by.items()
        if name != reference
    ]
    sound = {
        name: output
        for name, output in outputs.items()
        if isinstance(output, np.ndarray)
        and isinstance(expected, np.ndarray)
        and not _flaw(output, expected)
    }
    pairs = {
        (one, other): _compare(sound[one], sound[other])
        for one, other in itertools.combinations(sound, 2)
    }
    rows = 0 if isinstance(expected, str) else len(expected)
    return Verdict(reference, tolerance, rows, tuple(forms), pairs)


def _judge_form(
    name: str,
    how: str,
    output: np.ndarray | str,
    expected: np.ndarray | str,
    label: np.ndarray,
    tolerance: float,
    cost: Cost,
) -> Form:
    if isinstance(expected, str):
        return Form(name, how, None, None, False, f"no reference to compare with: {expected}")
    flaw = output if isinstance(output, str) else _flaw(output, expected)
    if flaw or isinstance(output, str):
        return Form(name, how, None, None, False, flaw)
    found = _compare(output, expected)
    change = cost(output, label) - cost(expected, label)
    passed = found.smallest_tolerance <= tolerance and (tolerance > 0 or found.equal_fraction == 1)
    reason = (
        ""
        if passed
        else f"row {found.worst_row} differs by {found.max_abs_diff:.6g}; the smallest tolerance"
        f" that would pass is {found.smallest_tolerance:.3g}, evaluation.parity.tolerance is"
        f" {tolerance:.3g}"
    )
    return Form(name, how, found, change, passed, reason)


def _flaw(output: np.ndarray, expected: np.ndarray) -> str:
    """Say what makes two outputs incomparable; an empty text where they can be compared."""
    if expected.size == 0:
        return "there are no rows to compare"
    if output.shape != expected.shape:
        return f"its output has shape {output.shape}, the reference's {expected.shape}"
    if output.dtype != np.float32 or expected.dtype != np.float32:
        return f"its output is {output.dtype}, the reference's {expected.dtype}, not float32"
    for whose, values in (("its", output), ("the reference's", expected)):
        wrong = np.argwhere(~np.isfinite(values))
        if len(wrong):
            return f"{whose} output is {values[tuple(wrong[0])]} in row {wrong[0][0]}"
    return ""


def _compare(output: np.ndarray, expected: np.ndarray) -> Comparison:
    difference = np.abs(output.astype(np.float64) - expected.astype(np.float64))
    of_rows = difference.reshape(len(difference), -1).max(1)
    worst = int(of_rows.argmax())
    size = float(np.sqrt(np.mean(np.square(expected.astype(np.float64)))))
    largest = float(of_rows[worst])
    return Comparison(
        max_abs_diff=largest,
        max_ulp=int(np.abs(_ordered(output) - _ordered(expected)).max()),
        equal_fraction=float(np.mean(output.view(np.int32) == expected.view(np.int32))),
        worst_row=worst,
        smallest_tolerance=largest / size if size else largest,
    )


def _ordered(values: np.ndarray) -> np.ndarray:
    """Number the float32 values in their order, so that neighbours differ by one."""
    bits = np.ascontiguousarray(values).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def _fields(comparison: Comparison | None) -> dict[str, Any]:
    if comparison is None:
        return dict.fromkeys(Comparison.__dataclass_fields__)
    return asdict(comparison)
