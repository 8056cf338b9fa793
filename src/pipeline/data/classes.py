"""The classes of a target: which values can be classes, and which of them have enough rows."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.examples import Examples, name_targets
from pipeline.data.number_parsing import NumberParser
from pipeline.errors import DataError, listing
from pipeline.schema.data import DataSource

MAX_NAMED = 12

_log = logging.getLogger(__name__)


def choose_class_rows(
    values: np.ndarray, kept: np.ndarray, least: int, name: str, path: Path, decimal: str = "."
) -> np.ndarray:
    """Return which of the kept rows have a class with at least `least` rows, `[rows] bool`.

    The classes that are left out are logged.

    Args:
        values: `[rows]`, the cells of the target as they were read; None where one is missing.
        kept: `[rows] bool`, the rows to consider.
        least: `data.min_class_rows`.
        decimal: sign in numbers, `.` or `,`.

    Raises:
        DataError: The target is a measured number, or no class has so many rows.
    """
    rows = np.flatnonzero(kept)
    codes, classes = pd.factorize(values[rows])
    refuse_measurements(classes, rows[_first_rows(codes)], name, path, decimal)
    _tell_similar(classes, name, path)
    counts = np.bincount(codes, minlength=len(classes))
    rare = [f"{str(classes[i])[:40]!r} ({counts[i]})" for i in np.flatnonzero(counts < least)]
    if not rare:
        return kept
    which = f"classes of {name!r} with fewer than {least:,} rows (data.min_class_rows)"
    if len(rare) == len(classes):
        raise DataError(
            f"{path}: all are {which}: {listing(rare, MAX_NAMED)}; set data.min_class_rows to"
            f" {counts.max()} or less"
        )
    left_out = f"{counts[counts < least].sum():,} of {len(rows):,} rows"
    _log.info("%s: left out %s, of %s: %s", path, left_out, which, listing(rare, MAX_NAMED))
    chosen = kept.copy()
    chosen[rows] = counts[codes] >= least
    return chosen


def refuse_measurements(
    classes: np.ndarray | pd.Index, rows: np.ndarray, name: str, path: Path, decimal: str = "."
) -> None:
    """Refuse numbers of which some have a fraction: they measure something.

    Args:
        classes: the different values of the target, numbers or text.
        rows: for each of them, a row that has it, from 0.

    Raises:
        DataError: All values are numbers, and one is not a whole number.
    """
    numbers = NumberParser(decimal).parse(pd.Series(list(classes), dtype=object)).values
    if np.isnan(numbers).any():
        return
    fractions = np.flatnonzero(numbers % 1 != 0)
    if len(fractions):
        first = fractions[rows[fractions].argmin()]
        raise DataError(
            f"{path}: column {name!r} has numbers with a fraction, such as"
            f" {str(classes[first])[:40]} in row {rows[first] + 1}, {len(classes):,} different"
            " numbers in all; to predict the number, set data.task=regression; if they are names"
            " of classes, write them as words, such as v1.5"
        )


def class_numbers(examples: Examples) -> np.ndarray:
    """Return the number of the class of each row, `[rows] int64`."""
    numbers: np.ndarray = examples.label[:][:, 0].astype(np.int64)
    return numbers


def require_class_sizes(examples: Examples, settings: DataSource, least: int) -> np.ndarray:
    """Return the class of each row, `[rows] int64`, if each class has at least `least` rows.

    Raises:
        DataError: A class has fewer rows; the message names it.
    """
    numbers, names = class_numbers(examples), _class_names(examples)
    counts = np.bincount(numbers)
    if rare := [f"{names[i]!r} ({n})" for i, n in enumerate(counts) if 0 < n < least]:
        other = "fewer data.folds" if settings.split == "kfold" else "data.split=random"
        raise DataError(
            f"data.split={settings.split} needs {least} rows of each class of"
            f" {name_targets(examples)}, and there are fewer of {listing(rare, MAX_NAMED)}; give"
            f" more rows, {_leave_out(settings, least)}or choose {other}"
        )
    return numbers


def require_training_rows(
    splits: Mapping[str, np.ndarray], examples: Examples, settings: DataSource
) -> None:
    """Refuse a split in which a class has rows, but none to learn from.

    Raises:
        DataError: A class has no training row; the message names it and counts its rows.
    """
    numbers, names = class_numbers(examples), _class_names(examples)
    counts = {
        name: np.bincount(numbers[rows], minlength=numbers.max() + 1)
        for name, rows in splits.items()
    }
    others = counts["validation"] + counts["test"]
    absent = np.flatnonzero((counts["train"] == 0) & (others > 0))
    if not len(absent):
        return
    has = [
        f"{names[i]!r} (0 in training, {counts['validation'][i]:,} in the validation,"
        f" {counts['test'][i]:,} in the test)"
        for i in absent
    ]
    if settings.split == "given":
        remedy = "let the source name training rows of each class"
    else:
        remedy = "data.split=stratified draws rows of each class"
    least = int(others[absent].max()) + 1
    raise DataError(
        f"data.split={settings.split} leaves classes of {name_targets(examples)} without a training"
        f" row: {listing(has, 5)}; {remedy}, {_leave_out(settings, least)}or give more rows"
    )


def _tell_similar(classes: np.ndarray | pd.Index, name: str, path: Path) -> None:
    """Log classes that differ in blanks or the case of letters alone: often one is meant."""
    alike = defaultdict(list)
    for text in classes:
        alike["".join(str(text).split()).casefold()].append(f"{str(text)!r:.80}")
    if same := [" = ".join(texts) for texts in alike.values() if len(texts) > 1]:
        what = (
            "%s: classes of %r differ in blanks or case alone: %s; write them alike if they are one"
        )
        _log.warning(what, path, name, listing(same, MAX_NAMED))


def _first_rows(codes: np.ndarray) -> np.ndarray:
    """Return the place of the first of each code."""
    first: np.ndarray = np.unique(codes, return_index=True)[1]
    return first


def _class_names(examples: Examples) -> tuple[str, ...]:
    return examples.classes or ("0", "1")


def _leave_out(settings: DataSource, least: int) -> str:
    """Say how classes with fewer rows are left out, where the source can do so."""
    if not hasattr(settings, "min_class_rows"):
        return ""
    return f"set data.min_class_rows={least} to leave such classes out, "
