"""What a check found."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad it is: only FAIL keeps a run from its end."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        level: how bad it is.
        name: what was looked at.
        text: what was found.
        remedy: what to do about it, if there is something to do.
        fix: does it and says what it did; raises a `PipelineError` or `OSError` if it cannot.
    """

    level: Level
    name: str
    text: str
    remedy: str = ""
    fix: Callable[[], str] | None = None

    def __str__(self) -> str:
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.level.value:<5} {self.name}: {self.text}{remedy}"


def ok(name: str, text: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(Level.OK, name, text)


def warn(name: str, text: str, remedy: str = "", fix: Callable[[], str] | None = None) -> Finding:
    """Return a finding that keeps no run from its end."""
    return Finding(Level.WARN, name, text, remedy, fix)


def fail(name: str, text: str, remedy: str = "", fix: Callable[[], str] | None = None) -> Finding:
    """Return a finding that keeps runs from their end."""
    return Finding(Level.FAIL, name, text, remedy, fix)
