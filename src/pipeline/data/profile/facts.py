"""What a profile says: values without arrays of rows, which a terminal and a page show."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.data.examples import Omissions


@dataclass(frozen=True)
class Numbers:
    """The distribution of numbers, or of dates in seconds since 1970 UTC.

    Attributes:
        counts: of the histogram. Its first and last bar also hold what lies beyond `begin` and
            `end`, its bounds.
    """

    least: float
    quartiles: tuple[float, float, float]
    largest: float
    mean: float
    deviation: float
    begin: float
    end: float
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Levels:
    """The most frequent of different texts, with their numbers of rows."""

    different: int
    most: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Association:
    """How much a column tells about a target.

    Attributes:
        value: from -1 to 1 for `r`, the Pearson correlation; from 0 to 1 for `η`, the correlation
            ratio, and `V`, Cramér's; these two are adjusted for the number of levels.
    """

    target: str
    symbol: str
    value: float


@dataclass(frozen=True)
class Column:
    """A feature or a target.

    Attributes:
        kind: `number`, `boolean`, `date`, `text` or `class`.
        encoding: how a network gets it.
        missing: number of missing cells in the source.
        association: with the target that it tells most about; None where there is none.
    """

    name: str
    kind: str
    encoding: str
    missing: int = 0
    numbers: Numbers | None = None
    levels: Levels | None = None
    association: Association | None = None

    @property
    def is_date(self) -> bool:
        """Tell whether its numbers are dates."""
        return self.kind == "date"


@dataclass(frozen=True)
class Profile:
    """Examples before training.

    Attributes:
        name: the name of the source's file or folder.
        target: names of the targets; empty where nothing is learned from labels.
        shape: of an example; `(columns,)` for a table.
        features: number of features.
        columns: the features of a table that are described; none of images.
        pixels: the distribution of all elements of images, else None.
        targets: those that are numbers.
        classes: names of the classes, and their rows in each split.
        splits: number of rows of each split.
        method: how they were split, with the reason if it was chosen.
        leaks: sentences about what gives the target away.
        omissions: what is left out.
        measured: number of training rows, evenly spaced, that quartiles, histograms, levels,
            associations and leaks are measured on.
    """

    name: str
    task: str
    target: str
    rows: int
    shape: tuple[int, ...]
    features: int
    columns: tuple[Column, ...]
    pixels: Numbers | None
    targets: tuple[Column, ...]
    classes: tuple[tuple[str, Mapping[str, int]], ...]
    splits: Mapping[str, int]
    method: str
    leaks: tuple[str, ...]
    omissions: Omissions
    measured: int
