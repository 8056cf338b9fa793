"""The user's own table: a number or a class to predict from columns of numbers.

It is read once, in pieces; the numbers stay on disk until it is known how each row is used.
"""

import logging
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data import other_columns
from pipeline.data.classes import choose_class_rows
from pipeline.data.disk_rows import Rows, RowsOnDisk
from pipeline.data.examples import PARTS, Examples, source
from pipeline.data.missing_values import FILL_METHODS, choose_rows
from pipeline.data.numeric_columns import NumericColumns, RowNumbers, find_missing, require_columns
from pipeline.data.prepared.dataset import blocks
from pipeline.data.prepared.tasks import TASKS
from pipeline.data.tables import Table
from pipeline.errors import DataError, listing
from pipeline.schema.data import TableData
from pipeline.workspace import Workspace

_log = logging.getLogger(__name__)


@source("csv")
def read_user_table(settings: TableData, workspace: Workspace) -> Examples:
    """Read a target column, and the features that the user names or all numeric columns."""
    path = workspace.path(settings.path)
    table = Table(path)
    reserved = _reserved_columns(settings)
    require_columns(table.columns, list(reserved), path)
    features = _named_features(settings, reserved)
    require_columns(table.columns, features, path)
    candidates = features or [name for name in table.columns if name not in reserved]
    reader = _ColumnReader(settings, workspace, candidates)
    for piece in table.pieces(text=[n for n in reserved if n not in reader.numeric.columns]):
        reader.add(piece)
    features = features or _numeric_features(reader.numeric, list(reserved), path)
    return reader.examples(features)


class _ColumnReader:
    """Reads the columns of a table piece by piece.

    Attributes:
        numeric: the columns that may be features, and the target if it is a number.
    """

    def __init__(self, settings: TableData, workspace: Workspace, candidates: list[str]) -> None:
        self._settings, self._path = settings, workspace.path(settings.path)
        self._has_classes = TASKS[settings.task].labels_are_classes
        target = [] if self._has_classes else [settings.target]
        self.numeric = NumericColumns([*candidates, *target])
        self._rows = RowsOnDisk(len(self.numeric.columns), workspace)
        self._reserved = list(_reserved_columns(settings))
        self._classes, self._parts = other_columns.Categories(), other_columns.Categories()
        self._dates: list[np.ndarray] = []
        words = [name for name in self._reserved if name not in self.numeric.columns]
        self._missing = {name: RowNumbers() for name in words}
        self._complete: list[np.ndarray] = []

    def add(self, piece: pd.DataFrame) -> None:
        """Read the next rows."""
        settings, before = self._settings, self.numeric.rows
        complete = np.ones(len(piece), bool)
        for name, numbers in self._missing.items():
            missing = find_missing(piece[name])
            numbers.add(missing, before)
            complete &= ~missing
        self._complete.append(complete)
        self._rows.append(self.numeric.read(piece))
        if self._has_classes:
            self._classes.add(piece[settings.target])
        if settings.split_column is not None:
            self._parts.add(piece[settings.split_column])
        if settings.date_column is not None:
            dates = other_columns.parse_dates(piece[settings.date_column], self._path, before)
            self._dates.append(dates)

    def examples(self, features: list[str]) -> Examples:
        """Return the rows that are used."""
        settings, target, path = self._settings, self._settings.target, self._path
        used = features if self._has_classes else [*features, target]
        self.numeric.require_numbers(used, path)
        kept = self._choose_rows(used, features)
        if self._has_classes:
            values, least = self._classes.values(), settings.min_class_rows
            kept = choose_class_rows(values, kept, least, target, path)
        rows = self._rows if kept.all() else self._rows.select_rows(kept)
        label: Rows = rows.select_columns(self._numbers(used[-1:]))
        classes: tuple[str, ...] = ()
        if self._has_classes:
            label, classes = self._classes.encode(kept, target, path)
        index = None if kept.all() else np.flatnonzero(kept) + 1
        if self._dates:
            index = other_columns.to_days(np.concatenate(self._dates)[kept])
            other_columns.require_ascending(index, np.flatnonzero(kept), path)
        return Examples(
            features=rows.select_columns(self._numbers(features)),
            label=label,
            feature_names=tuple(features),
            target=target,
            task=settings.task,
            classes=classes,
            part=self._part(kept) if settings.split_column else None,
            index=index,
            index_name="date" if self._dates else "row",
            fill=settings.missing if settings.missing in FILL_METHODS else None,
        )

    def _choose_rows(self, used: list[str], features: Collection[str]) -> np.ndarray:
        by_column = self.numeric.missing | self._missing
        missing = {name: by_column[name] for name in [*features, *self._reserved]}
        complete = np.concatenate(self._complete)
        if any(missing.values()):
            rows = self._rows.select_columns(self._numbers(used))
            for block in blocks(*rows.shape):
                complete[block] &= ~np.isnan(rows[block]).any(1)
        return choose_rows(missing, complete, features, self._settings.missing, self._path)

    def _numbers(self, names: list[str]) -> list[int]:
        return [self.numeric.columns.index(name) for name in names]

    def _part(self, kept: np.ndarray) -> np.ndarray:
        parts, name = self._parts.values(), self._settings.split_column
        wrong = ~np.isin(parts, PARTS) & kept
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                f"{self._path}: column {name!r} has {str(parts[row])[:40]!r} in row"
                f" {row + 1}; data.split_column may contain {', '.join(PARTS)}"
            )
        kept_parts: np.ndarray = parts[kept]
        return kept_parts


def _reserved_columns(settings: TableData) -> dict[str, str]:
    """Return the columns that are not features, each with the key that names it."""
    reserved = {settings.target: "data.target"}
    for key in ("split_column", "date_column"):
        name = getattr(settings, key)
        if name in reserved:
            raise DataError(f"{reserved[name]} and data.{key} are both {name!r}; name two columns")
        if name is not None:
            reserved[name] = f"data.{key}"
    return reserved


def _named_features(settings: TableData, reserved: dict[str, str]) -> list[str]:
    """Return the features that the user names; an empty list means all numeric columns."""
    names = settings.features or []
    for name in names:
        if name in reserved:
            raise DataError(
                f"data.features contains {name!r}, the column of {reserved[name]}; leave it out"
            )
    if len(set(names)) < len(names):
        raise DataError(f"data.features names a column twice: {', '.join(names)}; remove one")
    return names


def _numeric_features(numeric: NumericColumns, reserved: list[str], path: Path) -> list[str]:
    """Return the columns of numbers that are not reserved, and log which others are left out.

    A column with numbers and text is a damaged column of numbers; it is refused later.
    """
    candidates = [name for name in numeric.columns if name not in reserved]
    if text := [name for name in candidates if numeric.is_text(name)]:
        _log.info("%s: left out columns without numbers: %s", path, listing(text, 12))
    features = [name for name in candidates if name not in text]
    if not features:
        target = repr(reserved[0])
        raise DataError(f"{path} has no column of numbers besides the target {target}; add one")
    return features
