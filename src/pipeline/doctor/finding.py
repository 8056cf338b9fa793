"""A finding: the result of a check."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial


class Level(Enum):
    """Severity: only FAIL prevents a run."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        remedy: what the user can do, if anything.
        fix: does it and returns a description of what it did; raises a `PipelineError` or
            `OSError` if it cannot.
    """

    level: Level
    name: str
    text: str
    remedy: str = ""
    fix: Callable[[], str] | None = None

    def __str__(self) -> str:
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.level.value:<5} {self.name}: {self.text}{remedy}"


ok, warn, fail = (partial(Finding, level) for level in Level)
