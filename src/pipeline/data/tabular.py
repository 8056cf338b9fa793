"""The user's own table: a number or a class to predict from columns of numbers.

It is read once, in pieces; the numbers wait on disk until it is known which rows are used for what.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.cells import Numbers, missing, require_columns
from pipeline.data.classes import Classes
from pipeline.data.dates import read_dates, require_ascending, shortest
from pipeline.data.examples import PARTS, Examples
from pipeline.data.missing import FILLS, require_kept
from pipeline.data.places import Places
from pipeline.data.stored import Rows, Stored, blocks
from pipeline.data.tables import Table
from pipeline.errors import DataError, listing
from pipeline.settings.data import TableData


def table(settings: TableData) -> Examples:
    """Take a target column, and the features that the user names or all numeric ones."""
    path = Path(settings.path)
    file = Table(path)
    apart = _apart(settings)
    require_columns(file.columns, list(apart), path)
    named = _named(settings, apart)
    require_columns(file.columns, named, path)
    read = _Columns(settings, named or [name for name in file.columns if name not in apart])
    for piece in file.pieces(text=[name for name in apart if name not in read.numbers.columns]):
        read.add(piece)
    names = named or _numeric(read.numbers, list(apart), path)
    return read.examples(names, list(apart), path)


class _Columns:
    """The columns of a table, piece by piece.

    Args:
        candidates: columns that may be features.

    Attributes:
        numbers: the candidates, and the target where it is a number.
    """

    def __init__(self, settings: TableData, candidates: Sequence[str]) -> None:
        self._settings = settings
        target = [settings.target] if settings.task == "regression" else []
        self.numbers = Numbers([*candidates, *target])
        self._stored = Stored(len(self.numbers.columns))
        self._classes, self._parts, self._dates = Classes(), Classes(), list[np.ndarray]()
        self._gaps: dict[str, Places] = {}
        self._kept: list[np.ndarray] = []

    def add(self, piece: pd.DataFrame) -> None:
        """Take the next rows."""
        settings, before = self._settings, self.numbers.rows
        kept = np.ones(len(piece), bool)
        for name in _apart(settings):
            if name not in self.numbers.columns:
                gap = missing(piece[name])
                self._gaps.setdefault(name, Places()).add(gap, before)
                kept &= ~gap
        self._kept.append(kept)
        self._stored.append(self.numbers.read(piece))
        if settings.task == "classification":
            self._classes.add(piece[settings.target])
        if settings.split_column is not None:
            self._parts.add(piece[settings.split_column])
        if settings.date_column is not None:
            dates = read_dates(piece[settings.date_column], Path(settings.path), before)
            self._dates.append(dates)

    def examples(self, names: list[str], apart: list[str], path: Path) -> Examples:
        """Return the rows that are used, if all columns are sound."""
        settings, target = self._settings, self._settings.target
        is_number = settings.task == "regression"
        used = [*names, target] if is_number else names
        self.numbers.require(used, path)
        kept = self._where_kept(used, names, apart, path)
        rows = self._stored if kept.all() else self._stored.where(kept)
        index, index_name = None if kept.all() else np.flatnonzero(kept) + 1, "row"
        if self._dates:
            index, index_name = shortest(np.concatenate(self._dates)[kept]), "date"
            require_ascending(index, np.flatnonzero(kept), path)
        places = [self.numbers.columns.index(name) for name in used]
        label: Rows = rows.columns(places[-1:])
        classes = tuple[str, ...]()
        if not is_number:
            label, classes = self._classes.numbered(kept, target, path)
        return Examples(
            features=rows.columns(places[: len(names)]),
            label=label,
            feature_names=tuple(names),
            target=target,
            task=settings.task,
            classes=classes,
            part=self._part(kept, path) if settings.split_column else None,
            index=index,
            index_name=index_name,
            fill=settings.missing if settings.missing in FILLS else None,
        )

    def _where_kept(
        self, used: list[str], names: Collection[str], apart: list[str], path: Path
    ) -> np.ndarray:
        """Return the rows that `data.missing` leaves, `[rows] bool`."""
        gaps = {name: (self.numbers.gaps | self._gaps)[name] for name in [*names, *apart]}
        kept = np.concatenate(self._kept)
        if any(gaps.values()):
            rows = self._stored.columns([self.numbers.columns.index(name) for name in used])
            for block in blocks(*rows.shape):
                kept[block] &= ~np.isnan(rows[block]).any(1)
        return require_kept(gaps, kept, names, self._settings.missing, path)

    def _part(self, kept: np.ndarray, path: Path) -> np.ndarray:
        """Return `[rows]` of `train`, `validation`, `test`."""
        parts, name = self._parts.values(), self._settings.split_column
        wrong = np.flatnonzero(~np.isin(parts, PARTS) & kept)
        if len(wrong):
            raise DataError(
                f"{path}: column {name!r} has {str(parts[wrong[0]])[:40]!r} in row {wrong[0] + 1};"
                f" data.split_column may hold {', '.join(PARTS)}"
            )
        chosen: np.ndarray = parts[kept]
        return chosen


def _apart(settings: TableData) -> dict[str, str]:
    """Return the columns that are no features, each with the key that names it."""
    apart = {settings.target: "data.target"}
    for key in ("split_column", "date_column"):
        name = getattr(settings, key)
        if name in apart:
            raise DataError(f"{apart[name]} and data.{key} are both {name!r}; name two columns")
        if name is not None:
            apart[name] = f"data.{key}"
    return apart


def _named(settings: TableData, apart: dict[str, str]) -> list[str]:
    """Return the features that the user names, if they are sound; none: take all numeric ones."""
    names = settings.features or []
    for name in names:
        if name in apart:
            raise DataError(
                f"data.features holds the column {name!r} of {apart[name]}; leave it out"
            )
    if len(set(names)) < len(names):
        raise DataError(f"data.features names a column twice: {', '.join(names)}; leave one out")
    return names


def _numeric(numbers: Numbers, apart: list[str], path: Path) -> list[str]:
    """Return the columns of numbers but those `apart`, and say which others are none.

    A column with numbers and text is a damaged column of numbers, and will be refused.
    """
    candidates = [name for name in numbers.columns if name not in apart]
    if left_out := [name for name in candidates if numbers.is_text(name)]:
        print(f"{path}: no numbers in {listing(left_out, 12)}: left out")
    found = [name for name in candidates if name not in left_out]
    if not found:
        raise DataError(f"{path} has no column of numbers but the target {apart[0]!r}; add one")
    return found
