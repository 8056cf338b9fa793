"""Parity: every restored form of a model against the reference, and all against each other.

Only arrays come in here. An empty comparison, a form or an output that is missing or extra, another
shape or dtype and a NaN all fail; nothing passes by not being looked at.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipeline.evaluation.comparison import Comparison, compare, find_flaw

# What a form computed, by the names of the outputs.
Outputs = Mapping[str, np.ndarray]

MISSING = "it is missing"


@dataclass(frozen=True)
class Requirement:
    """What a form must keep."""

    restored_by: str
    tolerance: float  # largest difference, relative to the root mean square of the reference
    setting: str = "tolerance"  # the parameter of `evaluation.parity` that has the tolerance


@dataclass(frozen=True)
class FormVerdict:
    """The verdict on one restored form; without numbers where nothing could be compared."""

    name: str
    restored_by: str
    passed: bool
    reason: str  # why it failed; empty where it passed
    comparison: Comparison | None = None  # with the reference, of the worst output
    metric_change: float | None = None  # the task's cost less that of the reference

    def to_json(self) -> dict[str, Any]:
        """Return the verdict with the fields of the comparison beside its own."""
        values = asdict(self)
        change, comparison = values.pop("metric_change"), values.pop("comparison")
        differences = comparison or dict.fromkeys(Comparison.__dataclass_fields__)
        return {**values, **differences, "metric_change": change}


@dataclass(frozen=True)
class Verdict:
    """The verdict on all forms; true where every form passed."""

    reference: str
    tolerance: float
    rows: int
    forms: tuple[FormVerdict, ...]
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
            "forms": [form.to_json() for form in self.forms],
            "pairs": [
                {"forms": list(names), **asdict(comparison)}
                for names, comparison in self.pairs.items()
            ],
        }

    def summary(self) -> dict[str, Any]:
        """Return the largest differences over all forms, as reports/metrics.json holds them."""
        compared = [form.comparison for form in self.forms if form.comparison]
        differences = [c.max_abs_diff for c in compared if c.max_abs_diff is not None]
        ulps = [c.max_ulp for c in compared if c.max_ulp is not None]
        return {
            "passed": bool(self),
            "max_abs_diff": max(differences, default=None),
            "max_ulp": max(ulps, default=None),
        }

    def __str__(self) -> str:
        lines = [f"parity with {self.reference} on {self.rows:,} rows:"]
        for form in self.forms:
            mark = "ok  " if form.passed else "FAIL"
            lines.append(f"  {mark} {form.name:<22} {form.comparison or 'nothing to compare'}")
            if form.reason:
                lines.append(f"       {form.reason}")
        return "\n".join(lines)


def judge(
    outputs: Mapping[str, Outputs | str],
    required: Mapping[str, Requirement],
    reference: str,
    cost: Callable[[Outputs], float],
    view: Callable[[Outputs], Outputs] = dict,
) -> Verdict:
    """Compare the outputs of all forms with the reference's, and with each other.

    `outputs` has arrays by name, or why there are none; it and `required` include the reference.
    `cost` is the metric of the task whose change is reported; less is better. `view` returns what
    is compared of the outputs.
    """
    expected = outputs.get(reference, MISSING)
    flaws = {name: _find_flaw(outputs.get(name, MISSING), expected) for name in required}
    sound = {
        name: output
        for name, output in outputs.items()
        if not isinstance(output, str) and not _find_flaw(output, expected)
    }
    seen = {name: view(output) for name, output in sound.items()}
    forms = []
    for name, form in required.items():
        if name == reference:
            continue
        if name not in sound:
            forms.append(FormVerdict(name, form.restored_by, False, flaws[name]))
            continue
        change = cost(sound[name]) - cost(sound[reference])
        forms.append(_judge_form(name, form, seen[name], seen[reference], change))
    pairs = {
        (one, other): _worst(seen[one], seen[other])[1]
        for one, other in itertools.combinations(seen, 2)
    }
    arrays = [] if isinstance(expected, str) else list(expected.values())
    rows = len(np.atleast_1d(arrays[0])) if arrays else 0
    return Verdict(reference, required[reference].tolerance, rows, tuple(forms), pairs)


def _judge_form(
    name: str,
    required: Requirement,
    outputs: Outputs,
    expected: Outputs,
    change: float,
) -> FormVerdict:
    worst, found = _worst(outputs, expected)
    passed = found.is_within(required.tolerance)
    reason = "" if passed else _name_output(worst, expected) + _reason(found, required)
    return FormVerdict(name, required.restored_by, passed, reason, found, change)


def _find_flaw(outputs: Outputs | str, expected: Outputs | str) -> str:
    """Return what makes outputs incomparable; an empty text where they can be compared."""
    if isinstance(expected, str):
        return f"no reference to compare with: {expected}"
    if isinstance(outputs, str):
        return outputs
    if not expected:
        return "it has no outputs to compare"
    if outputs.keys() != expected.keys():
        names, wanted = ", ".join(sorted(outputs)) or "none", ", ".join(sorted(expected))
        return f"its outputs are {names}, the reference's {wanted}"
    for name in expected:
        if flaw := find_flaw(outputs[name], expected[name]):
            return _name_output(name, expected) + flaw
    return ""


def _worst(outputs: Outputs, expected: Outputs) -> tuple[str, Comparison]:
    """Return the output with the largest relative difference; one without a number is worst."""
    found = {name: compare(outputs[name], expected[name]) for name in expected}

    def badness(item: tuple[str, Comparison]) -> tuple[float, float]:
        tolerance, unequal = item[1].smallest_tolerance, 1 - item[1].equal_fraction
        return (np.inf if tolerance is None else tolerance, unequal)

    return max(found.items(), key=badness)


def _name_output(name: str, expected: Outputs) -> str:
    return f"{name}: " if len(expected) > 1 else ""


def _reason(found: Comparison, required: Requirement) -> str:
    if found.max_abs_diff is None or found.smallest_tolerance is None:
        return f"row {found.worst_row} differs; {found.equal_fraction:.1%} of the values are equal"
    return (
        f"row {found.worst_row} differs by {found.max_abs_diff:.6g}; the smallest tolerance that"
        f" would pass is {found.smallest_tolerance:.3g}, evaluation.parity.{required.setting} is"
        f" {required.tolerance:.3g}"
    )
