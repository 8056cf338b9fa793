"""Which rows train the model, which validate it during training, and which test it."""

import logging
import math
import shlex
from itertools import islice
from typing import Any

import numpy as np

from pipeline.data import strata
from pipeline.data.classes import class_numbers, require_class_sizes, require_training_rows
from pipeline.data.examples import PARTS, Examples, name_targets
from pipeline.data.strata import Pair
from pipeline.errors import ConfigError, DataError
from pipeline.schema.data import DataSource

VALIDATION = "the validation"  # as messages call it

SOURCES_WITH_PARTS = (
    "data=csv with data.split_column, data=mnist with data.test_images and data.test_labels,"
    " data=digit_pairs, data=offsets, and data=custom that sets `part`"
)

_log = logging.getLogger(__name__)


def split_rows(examples: Examples, settings: DataSource, seed: int) -> dict[str, np.ndarray]:
    """Return the row numbers of `train`, `validation` and `test`, each ascending.

    Rows are drawn by scikit-learn: `train_test_split`, `KFold`, `StratifiedKFold` (if labels are
    classes) and `TimeSeriesSplit`. Validation rows are taken from the training rows. The method
    that `data.split=auto` chooses is logged.

    Raises:
        ConfigError: The source does not name the test rows, or the fold does not exist.
        DataError: A split would have fewer than two rows, or a class no training row.
    """
    if settings.split == "auto":
        method, reason, otherwise = choose_method(examples)
        text = "%s: data.split=auto is %s, as %s; %s"
        _log.info(text, settings.path, method, reason, otherwise)
        settings = settings.model_copy(update={"split": method})
    if settings.split == "given":
        splits = _split_as_given(examples, settings, seed)
    elif not examples.kind.uses_label:
        raise ConfigError(
            f"data.split={settings.split}: the rows to split have no labels; set data.split=given"
        )
    else:
        train, test = _split_test(examples, settings, seed)
        train, validation = _split_validation(train, examples, settings, seed)
        splits = {"train": train, "validation": validation, "test": test}
    if examples.kind.labels_are_classes:
        require_training_rows(splits, examples, settings)
    return splits


def choose_method(examples: Examples) -> tuple[str, str, str]:
    """Return the method of `data.split=auto`, why it fits, and how to choose another one."""
    at_random = "set data.split=random to draw the test rows at random"
    the_last, have = (
        "set data.split=chronological if rows are in the order of time",
        "have no dates",
    )
    if examples.date_features:
        first = shlex.quote(f"data.date_column={examples.date_features[0]}")
        the_last = f"{first} splits by date, if each row has a date of its own"
        have = "have dates as features alone"
    if examples.part is not None or not examples.kind.uses_label:
        return "given", "the source names the test rows", at_random
    target = name_targets(examples)
    if examples.times is not None or _has_dates(examples):
        return "chronological", "rows have dates", at_random
    if examples.kind.labels_are_classes:
        return "stratified", f"{target} has classes and rows {have}", the_last
    return "random", f"{target} is a number and rows {have}", the_last


def _has_dates(examples: Examples) -> bool:
    """Tell whether rows have dates; those with zones are text."""
    has_times = examples.index is not None and examples.index.dtype.kind == "M"
    return has_times or examples.index_name == "date"


def _times(examples: Examples) -> np.ndarray | None:
    """Return the dates of rows that are not in their order; None where they are."""
    index = examples.index
    if examples.times is None and index is not None and index.dtype.kind == "M":
        return index if (index[1:] <= index[:-1]).any() else None
    return examples.times


def _split_test(examples: Examples, settings: DataSource, seed: int) -> Pair:
    count, method = len(examples.label), settings.split
    rows = np.arange(count, dtype=np.int32 if count < 2**31 else np.int64)  # saves memory
    labelled = _count(rows, "labelled")
    if method in ("kfold", "walk_forward"):
        return _split_fold(rows, examples, settings, seed)
    if method == "none":
        _require(count, count, f"{labelled} with data.split=none")
        return rows, rows
    size = math.ceil(count * settings.test_share)
    which = f"{labelled} with data.test_share={settings.test_share:g}"
    _require(count - size, size, which)
    if method == "stratified":
        return _stratify(rows, size, examples, settings, seed)
    if method == "random":
        return strata.draw(rows, size, seed)
    train, test = _split_last(rows, size, _times(examples))
    _require(len(train), len(test), which)
    return train, test


def _stratify(
    rows: np.ndarray, size: int, examples: Examples, settings: DataSource, seed: int
) -> Pair:
    if not examples.kind.labels_are_classes:
        raise DataError(
            f"data.split=stratified needs classes, and {name_targets(examples)} is a number; set"
            " data.split=random"
        )
    numbers = require_class_sizes(examples, settings, least=2)
    if not strata.can_draw(numbers, size):
        raise DataError(
            f"{len(rows)} rows cannot be split into {len(rows) - size} and {size} with each of"
            f" the {len(np.unique(numbers))} classes in both; change data.test_share, or set"
            " data.split=random, where a class may have no test row"
        )
    return strata.draw_each(rows, size, seed, numbers)


def _split_validation(
    train: np.ndarray, examples: Examples, settings: DataSource, seed: int
) -> Pair:
    """Split `validation_share` off the training rows, with the method of the test rows.

    A class keeps a training row, unless the last rows are taken.
    """
    share, method = settings.validation_share, settings.split
    if share == 0:
        return train, train[:0]
    size = math.ceil(len(train) * share)
    which = f"{_count(train, 'training')} with data.validation_share={share:g}"
    _require(len(train) - size, size, which, VALIDATION)
    has_classes = examples.kind.labels_are_classes
    if method in ("chronological", "walk_forward"):
        kept, taken = _split_last(train, size, _times(examples))
    elif not has_classes:
        kept, taken = strata.draw(train, size, seed)
    elif method in ("stratified", "kfold"):
        numbers = class_numbers(examples)[train]
        kept, taken = strata.draw_where_possible(train, size, seed, numbers)
    else:
        places = strata.draw(np.arange(len(train)), size, seed)
        kept, taken = strata.keep_each(*places, class_numbers(examples)[train], train)
    _require(len(kept), len(taken), which, VALIDATION)
    return kept, taken


def _split_last(rows: np.ndarray, size: int, times: np.ndarray | None) -> Pair:
    """Take the last `size` rows, or where groups share dates, the rows of the last dates.

    A date is never divided, so more than `size` rows may be taken.
    """
    if times is None:
        return rows[:-size], rows[-size:]
    ordered = np.sort(times[rows])
    first = ordered[-size]
    if first == ordered[0] != ordered[-1]:  # the first date is left for the training
        first = ordered[ordered > first][0]
    is_last = times[rows] >= first
    return rows[~is_last], rows[is_last]


def _split_fold(rows: np.ndarray, examples: Examples, settings: DataSource, seed: int) -> Pair:
    from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit

    folds, fold, method = settings.folds, settings.fold, settings.split
    if fold >= folds:
        raise ConfigError(
            f"data.fold={fold} does not exist with data.folds={folds}; folds are counted from 0,"
            f" give 0 to {folds - 1}"
        )
    least = len(rows) // (folds + 1 if method == "walk_forward" else folds)
    which = f"{_count(rows, 'labelled')} with data.folds={folds}"
    _require(len(rows) - least, least, which)
    if method == "walk_forward":
        return _split_window(rows, TimeSeriesSplit(folds), fold, _times(examples))
    splitter, numbers = KFold(folds, shuffle=True, random_state=seed), None
    if examples.kind.labels_are_classes:
        splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
        numbers = require_class_sizes(examples, settings, least=folds)
    train, test = next(islice(splitter.split(rows, numbers), fold, None))
    return train, test


def _split_window(rows: np.ndarray, splitter: Any, fold: int, times: np.ndarray | None) -> Pair:
    """Return a window of rows in their order, or where groups share dates, of dates."""
    if times is None:
        train, test = next(islice(splitter.split(rows), fold, None))
        return train, test
    distinct, numbers = np.unique(times, return_inverse=True)
    if len(distinct) <= splitter.n_splits:
        raise DataError(
            f"{len(distinct)} different dates are too few for data.folds={splitter.n_splits};"
            f" give at most {len(distinct) - 1} folds, or more dates"
        )
    train, test = next(islice(splitter.split(distinct), fold, None))
    return rows[np.isin(numbers, train)], rows[np.isin(numbers, test)]


def _split_as_given(examples: Examples, settings: DataSource, seed: int) -> dict[str, np.ndarray]:
    """Split as the source says; validation rows are drawn at random if it names none."""
    if examples.part is None:
        raise ConfigError(
            "data.split=given: the source does not name the test rows; use it with"
            f" {SOURCES_WITH_PARTS}, or choose another data.split"
        )
    train, validation, test = (np.flatnonzero(examples.part == part) for part in PARTS)
    which = f"{_count(examples.part, 'labelled')} with data.split=given"
    _require(len(train), len(test), which, least=2 if examples.kind.uses_label else 1)
    if not len(validation):
        train, validation = _split_validation(train, examples, settings, seed)
    elif len(validation) == 1:
        raise DataError(f"{which} leave 1 for the validation; give none, or at least two")
    return {"train": train, "validation": validation, "test": test}


def _require(train: int, other: int, which: str, name: str = "the test", least: int = 2) -> None:
    if train < least or other < 2:
        none = ", or data.validation_share=0 for none" if name == VALIDATION else ""
        raise DataError(
            f"{which} leave {max(train, 0)} for training and {other} for {name};"
            f" each needs at least two, so give more rows or change the setting{none}"
        )


def _count(rows: np.ndarray, kind: str) -> str:
    return f"{len(rows)} {kind} {'row' if len(rows) == 1 else 'rows'}"
