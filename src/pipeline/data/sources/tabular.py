"""The user's own table: numbers or a class to predict from columns of numbers, text and dates.

It is read once, in pieces; the numbers stay on disk until it is known how each row is used.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data import other_columns
from pipeline.data.classes import choose_class_rows
from pipeline.data.dates import Dates, parse_dates
from pipeline.data.disk_rows import Rows, select_rows
from pipeline.data.examples import Examples, Omissions, list_reasons, name_targets, source
from pipeline.data.feature_columns import FeatureColumns, choose_columns, match
from pipeline.data.missing_values import AUTO, FILL_METHODS, choose_rows
from pipeline.data.number_parsing import find_missing
from pipeline.data.numeric_columns import NumericColumns, RowNumbers, require_columns
from pipeline.data.panels import identify_rows
from pipeline.data.prepared.dataset import blocks
from pipeline.data.prepared.tasks import TASKS
from pipeline.data.read_options import ReadOptions
from pipeline.data.reserved_columns import divide_reserved, list_reserved
from pipeline.data.series_reader import choose_series
from pipeline.data.tables import Table
from pipeline.data.target_column import choose_task, parse_label
from pipeline.data.weights import require_weights
from pipeline.errors import DataError
from pipeline.schema.data import TableData
from pipeline.workspace import Workspace

_log = logging.getLogger(__name__)


@source("csv")
def read_user_table(settings: TableData, workspace: Workspace) -> Examples:
    """Read the target, and the features that the user names or all columns of use."""
    path = workspace.path(settings.path)
    table = Table(path, ReadOptions.of(settings))
    reserved = list_reserved(settings)
    series = choose_series(settings, table.columns, path)
    lagged = series.columns if series else ()
    require_columns(table.columns, [*reserved, *lagged], path, is_text=table.schema is None)
    for key in ("features", "drop", "text"):
        for name in getattr(settings, key) or ():
            if name in reserved:
                raise DataError(
                    f"data.{key} contains {name!r}, the column of {reserved[name]}; leave it out"
                )
    others = [name for name in table.columns if name not in reserved]
    candidates, exact = choose_columns(others, settings.features, settings.drop or (), path)
    text = [n for one in settings.text or () for n in match(others, one, "data.text", path)]
    choice = choose_task(settings, table)
    text = [name for name in candidates if name in text]
    measured, words = divide_reserved(settings, choice.task)
    numbers = [*(n for n in candidates if n not in text), *measured, *lagged]
    numeric = NumericColumns(list(dict.fromkeys(numbers)), table.decimal)
    columns = FeatureColumns(candidates, text, numeric, path, workspace, series)
    reader = _TableReader(settings, path, choice.task, columns)
    for piece in table.pieces(text=[*text, *words]):
        reader.add(piece)
    examples = reader.examples(exact)
    if choice.reason:
        other = "regression" if examples.kind.labels_are_classes else "classification"
        is_first_guess = examples.task == choice.task
        reason = choice.reason if is_first_guess else "it has more than two numbers"
        what = "data.task=auto: a %s of %s, as %s; data.task=%s switches"
        _log.info(what, examples.task, name_targets(examples), reason, other)
    unwanted = [name for name in others if name not in candidates]
    reasons = dict.fromkeys(unwanted, "by data.features or data.drop")
    return replace(examples, omissions=examples.omissions.add_columns(reasons))


@dataclass(frozen=True)
class _Features:
    """The features that are numbers or dates, those of text, and why columns are left out.

    Attributes:
        dates: of each date, `[rows]` seconds since 1970 UTC.
    """

    features: list[str]
    text: list[str]
    dates: dict[str, np.ndarray]
    left_out: dict[str, str]


class _TableReader:
    """Reads the columns of a table piece by piece.

    Attributes:
        columns: those that may be features, and targets that are numbers.
    """

    def __init__(self, settings: TableData, path: Path, task: str, columns: FeatureColumns) -> None:
        self._settings, self._path, self._task = settings, path, task
        self._has_classes = TASKS[task].labels_are_classes
        self.columns = columns
        self._measured, words = divide_reserved(settings, task)
        self._classes, self._parts, self._groups = (other_columns.Categories() for _ in range(3))
        self._dates: list[Dates] = []
        self._missing = {name: RowNumbers() for name in words}
        self._complete: list[np.ndarray] = []

    def add(self, piece: pd.DataFrame) -> None:
        """Read the next rows."""
        settings, before = self._settings, self.columns.numeric.rows
        complete = np.ones(len(piece), bool)
        for name, numbers in self._missing.items():
            missing = find_missing(piece[name])
            numbers.add(missing, before)
            complete &= ~missing
        self._complete.append(complete)
        self.columns.add(piece)
        if self._has_classes:
            self._classes.add(piece[settings.targets[0]])
        if settings.split_column is not None:
            self._parts.add(piece[settings.split_column])
        if settings.group is not None:
            self._groups.add(piece[settings.group])
        if settings.date_column is not None:
            cells = piece[settings.date_column]
            dates = parse_dates(cells, self._path, before, settings.date_format)
            self._dates.append(dates)

    def examples(self, exact: Collection[str]) -> Examples:
        """Return the rows that are used; `exact` are features that are named one by one."""
        settings, columns, chosen = self._settings, self.columns, self._choose_features(exact)
        features, text, dates = chosen.features, chosen.text, chosen.dates
        missing = self._find_missing([*features, *self._measured, *self._missing], dates)
        kept = self._choose_rows(missing, features, dates)
        dropped = {"a missing value": int((~kept).sum())}
        if self._has_classes and self._late_numbers(kept) is None:
            values, least = self._classes.values(), settings.min_class_rows
            decimal, target = columns.numeric.decimal, settings.targets[0]
            kept = choose_class_rows(values, kept, least, target, self._path, decimal)
            rare = int((~kept).sum()) - dropped["a missing value"]
            dropped[f"a class with fewer than {least:,} rows"] = rare
        label, classes, task = self._label(kept)
        index, times = self._index(kept)
        part = None
        if settings.split_column is not None:
            part = self._parts.as_parts(kept, settings.split_column, self._path)
        rows, cells = columns.rows(features, dates), columns.cells(text)
        is_all = bool(kept.all())
        return Examples(
            features=rows if is_all else select_rows(rows, kept),
            label=label,
            feature_names=tuple(features),
            target=settings.targets if len(settings.targets) > 1 else settings.targets[0],
            task=task,
            classes=classes,
            part=part,
            index=index,
            index_name="date" if self._dates else "row",
            times=times,
            fill=self._fill_method(any(missing[name] for name in features)),
            text=cells if is_all else cells.select_rows(kept),
            date_features=tuple(dates),
            date_format=settings.date_format,
            na_values=tuple(mark.strip() for mark in settings.na_values),
            optional=frozenset([*features, *text]) - set(exact),
            omissions=Omissions(
                columns=chosen.left_out,
                rows={reason: count for reason, count in dropped.items() if count},
                missing={name: absent.count for name, absent in missing.items()},
            ),
            weight=None if settings.weight is None else self._weight(kept, settings.weight),
            series=columns.series.series if columns.series else None,
        )

    def _choose_features(self, exact: Collection[str]) -> "_Features":
        settings, path, columns = self._settings, self._path, self.columns
        left_out = self._useless(exact)
        used = [name for name in columns.names if name not in left_out]
        words = [name for name in used if columns.is_text(name)]
        dates = columns.dates(words, settings.date_format)
        text = [name for name in words if name not in dates]
        left_out |= self._useless_text(text, exact)
        text = [name for name in text if name not in left_out]
        features = [name for name in used if name in dates or name not in words]
        lagged = columns.series.columns if columns.series else ()
        numbers = [*(name for name in features if name not in dates), *self._measured, *lagged]
        features += columns.series.names if columns.series else ()
        if left_out:
            what = "%s: left out: %s; data.features=[…] names the columns to use"
            _log.info(what, path, list_reasons(left_out))
        if not features and not text:
            raise DataError(
                f"{path} has no column to learn from besides the target; add"
                " one, or name it (data.features=[…])"
            )
        targets = [] if self._has_classes else settings.targets
        columns.numeric.require_numbers(
            list(dict.fromkeys(numbers)), path, is_table=True, targets=targets
        )
        return _Features(features, text, dates, left_out)

    def _index(self, kept: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return what identifies the kept rows, and their dates where these do not just ascend."""
        if not self._dates:
            return None if kept.all() else np.flatnonzero(kept) + 1, None
        rows = np.flatnonzero(kept)
        groups = None if self._settings.group is None else self._groups.values()[kept]
        return identify_rows(Dates.join(self._dates).select(kept), groups, rows, self._path)

    def _weight(self, kept: np.ndarray, name: str) -> np.ndarray:
        values = np.asarray(self.columns.rows([name], {})[:][kept, 0])
        require_weights(values, np.flatnonzero(kept), name, self._path)
        return values

    def _useless(self, exact: Collection[str]) -> dict[str, str]:
        """Return why columns are left out, by name.

        Raises:
            DataError: one of them is named.
        """
        columns = self.columns
        reasons = {name: "empty" for name in columns.names if columns.is_empty(name)}
        counting = {name: "it only counts the rows" for name in columns.names
                    if columns.counts_rows(name) and name not in exact}  # fmt: skip
        if len(reasons | counting) < len(columns.names):  # else it is all there is
            reasons |= counting
        return self._refuse_named(reasons, exact)

    def _useless_text(self, text: list[str], exact: Collection[str]) -> dict[str, str]:
        many = [name for name in text if self.columns.has_too_many_texts(name)]
        return self._refuse_named(dict.fromkeys(many, "too many different texts"), exact)

    def _refuse_named(self, reasons: dict[str, str], exact: Collection[str]) -> dict[str, str]:
        for name in (name for name in reasons if name in exact):
            raise DataError(
                f"{self._path}: column {name!r} of data.features cannot be used: {reasons[name]};"
                " leave it out"
            )
        return reasons

    def _label(self, kept: np.ndarray) -> tuple[Rows, tuple[str, ...], str]:
        """Return label, classes and task."""
        settings, task = self._settings, self._task
        if not self._has_classes:
            rows = self.columns.rows(list(settings.targets), {})
            return rows if kept.all() else select_rows(rows, kept), (), task
        label = self._late_numbers(kept)
        if label is not None:
            return label, (), "regression"
        return *self._classes.encode(kept, settings.targets[0], self._path), task

    def _late_numbers(self, kept: np.ndarray) -> np.ndarray | None:
        """Return the label as numbers where the first rows alone made it look like classes."""
        if self._settings.task != "auto":
            return None
        label = parse_label(
            self._classes.texts(),
            self._classes.codes(),
            self.columns.numeric.decimal,
            self._settings.targets[0],
            self._path,
        )
        return None if label is None else label[kept]

    def _find_missing(
        self, names: Collection[str], dates: Mapping[str, np.ndarray]
    ) -> dict[str, RowNumbers]:
        by_column = self.columns.numeric.missing | self._missing
        by_column |= self.columns.series.missing if self.columns.series else {}
        for name, seconds in dates.items():
            by_column[name] = RowNumbers()
            by_column[name].add(np.isnan(seconds))
        return {name: by_column[name] for name in dict.fromkeys(names)}

    def _choose_rows(
        self,
        missing: Mapping[str, RowNumbers],
        features: list[str],
        dates: Mapping[str, np.ndarray],
    ) -> np.ndarray:
        settings, complete = self._settings, np.concatenate(self._complete)
        used, series = self._measured, self.columns.series
        if settings.missing != AUTO:  # which fills features
            used = [*features, *used]
        if any(missing.values()) and used:
            rows = self.columns.rows(used, dates)
            for block in blocks(*rows.shape):
                complete[block] &= ~np.isnan(rows[block]).any(1)
        has_past = np.ones(len(complete), bool) if series is None else series.rows_with_past()
        complete |= ~has_past  # which is not a missing value
        labels = settings.targets
        kept = choose_rows(missing, complete, features, settings.missing, self._path, labels)
        return np.asarray(kept & has_past)

    def _fill_method(self, has_gaps: bool) -> str | None:
        """Return what fills gaps in features; with `auto` nothing does where there is none."""
        method = self._settings.missing
        fills = method in FILL_METHODS and (has_gaps or method != AUTO)
        return method if fills else None
