"""What is measured: workloads, their contenders, and the job that a contender's process does."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class BenchmarkError(Exception):
    """Something could not be measured."""


@dataclass(frozen=True)
class Setting:
    """What a contender is told.

    Attributes:
        quick: small sizes, to see that everything runs.
        scratch: a folder that the contenders of a workload share; it is removed at the end.
    """

    quick: bool
    scratch: Path

    def size(self, full: int, quick: int) -> int:
        """Return one of two sizes."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Job:
    """What a contender's process does, all set up.

    Attributes:
        work: is timed.
        units: steps, calls or rows that it does.
        result: is not timed; shows that contenders do the same work.
        repeats: how often a process works; its median counts.
        warm_up: work once before, untimed.
        in_children: the work is done by other processes; their memory counts.
    """

    work: Callable[[], object]
    units: int
    result: Callable[[], float]
    repeats: int = 3
    warm_up: bool = True
    in_children: bool = False


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    Attributes:
        name: in the tables.
        function: of the workload's module; takes a `Setting` and the options, returns a `Job`.
        ours: others are compared with it.
        required: how many times faster than this contender ours must be, at least.
        required_memory: how many times more memory this contender must take, at least.
        most_rounds: so often it is measured at most, as it takes long.
        library: that its process imports, where the project does not depend on it.
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
    """Contenders that do the same work; the first is the pipeline as it comes.

    Attributes:
        module: that has the contenders' functions.
        unit: what is timed, in words: `1,000 steps`.
        scale: how many of a job's units that is.
        result: what the jobs' results are.
        most_memory: of the first contender's process, in bytes.
        note: what a reader must know.
        limits: what was tried where something required is not met, and what limits it.
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
