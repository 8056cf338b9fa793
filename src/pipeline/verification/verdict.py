"""What a verification says: plain values, which become tables, JSON, JUnit XML and a page."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from pipeline.errors import listing


class Outcome(StrEnum):
    """What is known about a form; the later ones are worse."""

    AGREES = "agrees"
    OUTPUTS_ONLY = "agrees on outputs only"
    NOT_PROVABLE = "not provable"
    REFUSED = "refused"
    DIFFERS = "differs"

    @property
    def exit_code(self) -> int:
        """Return the exit code of `pipeline verify`."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    Outcome.AGREES: 0,
    Outcome.OUTPUTS_ONLY: 11,
    Outcome.NOT_PROVABLE: 11,
    Outcome.REFUSED: 6,
    Outcome.DIFFERS: 7,
}


def worst(outcomes: list[Outcome]) -> Outcome:
    """Return the worst of some outcomes."""
    return max(outcomes, key=list(Outcome).index)


@dataclass(frozen=True)
class Profile:
    """How far the outputs of a form may be from those of the reference."""

    name: str
    tolerances: dict[str, float]  # by dtype, relative to the root mean square; others: equal bits

    def describe(self, dtypes: Iterable[str]) -> str:
        """Describe what is allowed for outputs of some dtypes."""
        known = [(dtype, self.tolerances[dtype]) for dtype in dtypes if dtype in self.tolerances]
        allowed = [f"{dtype} {tolerance:g} of the root mean square" for dtype, tolerance in known]
        return f"{self.name}: {', '.join(allowed) or 'equal bits'}"


@dataclass(frozen=True)
class OutputVerdict:
    """An output of a form beside the reference's, on the feed where they differ most."""

    name: str
    passed: bool
    feed: str
    reason: str  # why it failed; empty where it passed
    max_abs_diff: float | None = None
    max_ulp: int | None = None
    equal_fraction: float | None = None


@dataclass(frozen=True)
class ValuesVerdict:
    """The variables and constants of a form beside the reference's."""

    equal_by_name: int
    equal_by_content: int  # under other names
    differing: tuple[str, ...]  # a sentence each
    missing: tuple[str, ...]  # variables of the reference that the form does not have
    extra: tuple[str, ...]  # values of the form that the reference does not have
    averaged: tuple[str, ...] = ()  # values that are the moving averages of the reference's
    of_reference: int = 0  # number of values of the reference

    @property
    def are_equal(self) -> bool:
        """Tell whether all values are bit for bit those of the reference."""
        is_compared = self.equal_by_name + self.equal_by_content > 0 or self.of_reference == 0
        return is_compared and not (self.differing or self.missing or self.extra)

    def __str__(self) -> str:
        parts = [f"{self.equal_by_name + self.equal_by_content} of {self.of_reference} equal"]
        if self.differing:  # which ones is in the reasons of the verdict
            parts.append(f"{len(self.differing)} differ")
        for names, text in ((self.missing, "missing"), (self.extra, "not in the reference")):
            if names:
                parts.append(f"{len(names)} {text} ({listing(names, 3)})")
        return ", ".join(parts)


@dataclass(frozen=True)
class FormVerdict:
    """The verdict on one form of the model."""

    path: str
    kind: str
    outcome: Outcome
    reasons: tuple[str, ...]
    profile: str = ""
    values: ValuesVerdict | None = None
    outputs: tuple[OutputVerdict, ...] = ()


@dataclass(frozen=True)
class FeedSummary:
    """What the forms were fed with."""

    name: str
    shapes: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Report:
    """The verdict on all forms of one model."""

    reference: str  # its path
    executed: str  # how the reference was executed
    forms: tuple[FormVerdict, ...]
    feeds: tuple[FeedSummary, ...] = ()
    notes: tuple[str, ...] = ()
    versions: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """Return the worst outcome of all forms."""
        return worst([form.outcome for form in self.forms])

    def exit_code(self, outputs_only: bool) -> int:
        """Return the exit code of `pipeline verify`; with `outputs_only`, equal outputs suffice."""
        if outputs_only and self.outcome is Outcome.OUTPUTS_ONLY:
            return Outcome.AGREES.exit_code
        return self.outcome.exit_code

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {"outcome": self.outcome, **dataclasses.asdict(self)}


_REPORT = TypeAdapter(Report)


def parse_report(values: dict[str, Any]) -> Report:
    """Return the report that `Report.to_json` made these values of."""
    return _REPORT.validate_python({k: v for k, v in values.items() if k != "outcome"})
