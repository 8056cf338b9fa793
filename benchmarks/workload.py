"""Workloads, their contenders, and the job that the process of a contender runs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Number of rows that a training's final loss is computed on.
LOSS_ROWS = 10_000


class BenchmarkError(Exception):
    """Something could not be measured."""


@dataclass(frozen=True)
class Setting:
    """The setting of a contender.

    Attributes:
        quick: use small sizes, to check that everything runs.
        scratch: a folder that the contenders of a workload share; it is removed at the end.
    """

    quick: bool
    scratch: Path

    def size(self, full: int, quick: int) -> int:
        """Return one of two sizes."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Job:
    """The job of a contender, ready to run.

    Attributes:
        run: the function that is timed.
        units: number of steps, calls or rows of one run.
        result: returns a number that shows that contenders do the same; it is not timed.
        repeats: number of timed runs in a process, whose median counts.
        warm_up: run once before, untimed.
        in_children: child processes do the job, and their memory counts.
        seconds: returns the seconds of the last run, where only a part of it counts.
    """

    run: Callable[[], object]
    units: int
    result: Callable[[], float]
    repeats: int = 3
    warm_up: bool = True
    in_children: bool = False
    seconds: Callable[[], float] | None = None


@dataclass(frozen=True)
class Contender:
    """One way to do the job of a workload.

    Attributes:
        name: name in the tables.
        function: name of a function in the workload's module that takes a `Setting` and the
            options, and returns a `Job`.
        ours: it is the pipeline, with which others are compared.
        required: how many times faster than this contender the pipeline must be.
        required_memory: how many times less memory than this contender the pipeline must use.
        most_rounds: most rounds of a slow contender.
        library: the library of its process, if the project does not depend on it.
    """

    name: str
    function: str
    options: tuple[str, ...] = ()
    ours: bool = False
    required: float | None = None
    required_memory: float | None = None
    most_rounds: int | None = None
    library: str | None = None


@dataclass(frozen=True)
class Workload:
    """Contenders that do the same job; the first is the pipeline with its defaults.

    Attributes:
        module: name of the module with the functions of the contenders.
        unit: the timed unit in words, such as `1,000 steps`.
        scale: number of a job's units in it.
        result: description of the jobs' results.
        most_memory: memory limit of the first contender's process, in bytes.
        note: a note for readers.
        limits: what limits the pipeline where a requirement is not met, and what was tried.
    """

    name: str
    module: str
    title: str
    unit: str
    scale: int
    result: str
    contenders: tuple[Contender, ...]
    most_memory: float | None = None
    note: str = ""
    limits: str = ""
