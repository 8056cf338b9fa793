"""Examples, which every data source returns, and the registry of data sources."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.disk_rows import Rows
from pipeline.data.prepared.series import Series
from pipeline.data.prepared.tasks import TASKS, Task
from pipeline.errors import listing
from pipeline.workspace import Workspace

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class TextCells:
    """Columns of text; each cell is the number of its text.

    Attributes:
        codes: `[rows, columns] int32`.
        texts: of each column, the different texts, `object`; an empty one is a missing cell.
    """

    names: tuple[str, ...]
    codes: np.ndarray
    texts: tuple[np.ndarray, ...]

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """Return the texts of rows, `[rows, columns] object`."""
        codes = self.codes[rows]
        found = np.empty(codes.shape, object)
        for number, texts in enumerate(self.texts):
            found[:, number] = texts[codes[:, number]]
        return found

    def select_rows(self, rows: np.ndarray) -> "TextCells":
        """Return some of the rows, by their numbers or `[rows] bool`."""
        return TextCells(self.names, self.codes[rows], self.texts)

    def select_columns(self, columns: Sequence[int]) -> "TextCells":
        """Return some of the columns."""
        names = tuple(self.names[column] for column in columns)
        texts = tuple(self.texts[column] for column in columns)
        return TextCells(names, self.codes[:, list(columns)], texts)


NO_TEXT = TextCells((), np.empty((0, 0), np.int32), ())


@dataclass(frozen=True)
class Omissions:
    """What a source has and the examples do not.

    Attributes:
        columns: why columns are left out, by name.
        rows: how many rows are left out, by reason.
        missing: the number of missing cells in columns of the source, by name.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)

    def add_columns(self, reasons: Mapping[str, str]) -> "Omissions":
        """Return these and more columns that are left out."""
        return replace(self, columns={**self.columns, **reasons})


def list_reasons(reasons: Mapping[str, str]) -> str:
    """Return columns and why they are left out, for a message."""
    return listing((f"{name!r} ({reason})" for name, reason in reasons.items()), 12)


@dataclass(frozen=True)
class Examples:
    """Rows to learn from, in the order of the source, and rows to forecast.

    Attributes:
        features: `[rows, columns]`, finite numbers in their own units, one flat row an example;
            NaN where a missing value is to be filled.
        label: `[rows, targets]`, in the target's own unit, or as `task` says.
        target: its name, or the names of several targets of a regression.
        task: a name in `TASKS`, which say what a label means.
        classes: their names, in the order of their numbers.
        shape: of one example, such as (8, 8, 1) for an image; () means (columns,).
        part: `[rows]`, `train`, `validation` or `test` for each row; for data.split=given.
        index: `[rows]`, what identifies a row; None means its number from 1.
        index_name: what the index is: `date`, `row`, …
        times: `[rows] datetime64`, where several rows have the same date, as in a panel; a split
            by date then divides dates. None where rows are in the order of time, or have no dates.
        latest_features: `[latest, columns]`, rows whose label is not known yet; None means no rows.
        latest_index: `[latest]`, what identifies them.
        today: the feature that holds the present value of the target, or None.
        horizon: number of rows that the label lies ahead; 0 if it is not a forecast.
        fill: `mean` or `median` of the training rows replaces NaN, or `auto`, the median where a
            column has gaps; None if nothing is filled.
        text: columns of text.
        date_features: names of the features that are dates, in seconds since 1970-01-01 UTC.
        date_format: how these are written in a table, as `data.date_format`.
        na_values: cells of the table that count as empty, as `data.na_values`.
        optional: names of columns that may be left out if nothing can be learned from them.
        omissions: what was left out so far, and why.
        weight: `[rows]`, how much each row counts, 0 or more; None means all the same. For a
            regression or classification.
        series: how the lagged columns among the features are made; None where there are none.
    """

    features: Rows
    label: Rows
    feature_names: tuple[str, ...]
    target: str | tuple[str, ...]
    task: str = "regression"
    classes: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    part: np.ndarray | None = None
    index: np.ndarray | None = None
    index_name: str = "row"
    times: np.ndarray | None = None
    latest_features: np.ndarray | None = None
    latest_index: np.ndarray | None = None
    today: str | None = None
    horizon: int = 0
    fill: str | None = None
    text: TextCells = NO_TEXT
    date_features: tuple[str, ...] = ()
    date_format: str | None = None
    na_values: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    omissions: Omissions = field(default_factory=Omissions)
    weight: np.ndarray | None = None
    series: Series | None = None

    @property
    def kind(self) -> Task:
        """The facts about the task."""
        return TASKS[self.task]

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of all targets."""
        return (self.target,) if isinstance(self.target, str) else self.target

    @property
    def dtype(self) -> str:
        """The dtype of raw features: float64 for a table, float32 for images, pairs and offsets."""
        is_table = len(self.shape) < 2 and self.kind.is_of_tables
        return "float64" if is_table else "float32"

    def text_of(self, rows: slice) -> np.ndarray:
        """Return the text of rows, `[rows, text columns] object`."""
        if self.text.names:
            return self.text[rows]
        return np.empty((len(range(*rows.indices(len(self.label)))), 0), object)


def name_targets(examples: Examples) -> str:
    """Return the names of the targets for a message."""
    return " and ".join(map(repr, examples.targets))


def name_elements(prefix: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Name the elements of an array by their indices, such as `pixel_0_7`, last index fastest."""
    return tuple("_".join([prefix, *map(str, indices)]) for indices in np.ndindex(*shape))


Source = Callable[[Any, Workspace], Examples]

SOURCES: dict[str, Source] = {}


@dataclass(frozen=True)
class Derivation:
    """Features that a source derives from raw columns; predictions accept those columns, too."""

    columns: tuple[str, ...]
    # Takes their values, `[rows, columns]`, the row numbers from 0, and the path of the table.
    derive: Callable[[np.ndarray, np.ndarray, Path], np.ndarray]


DERIVATIONS: dict[str, Derivation] = {}


def source(name: str) -> Callable[[Source], Source]:
    """Register a function that takes the section of `data` with this `source`."""

    def register(function: Source) -> Source:
        SOURCES[name] = function
        return function

    return register
