"""Which rows train the model, which validate it during training, and which test it."""

import math
from itertools import islice

import numpy as np

from pipeline.data.examples import PARTS, Examples
from pipeline.errors import ConfigError, DataError, listing
from pipeline.schema.data import DataSource

SOURCES_WITH_PARTS = (
    "data=csv with data.split_column, data=mnist with data.test_images and data.test_labels,"
    " data=digit_pairs, data=offsets, and data=custom that sets `part`"
)

Pair = tuple[np.ndarray, np.ndarray]  # rows for training, rows for the test or the validation


def split_rows(examples: Examples, settings: DataSource, seed: int) -> dict[str, np.ndarray]:
    """Return the row numbers of `train`, `validation` and `test`, each ascending.

    Rows are drawn by scikit-learn: `train_test_split`, `KFold`, `StratifiedKFold` (if labels are
    classes) and `TimeSeriesSplit`. Validation rows are taken from the training rows.

    Raises:
        ConfigError: The source does not name the test rows, or the fold does not exist.
        DataError: A split would have fewer than two rows, or fewer rows than classes.
    """
    if settings.split == "given":
        return _split_as_given(examples, settings, seed)
    if not examples.kind.uses_label:
        raise ConfigError(
            f"data.split={settings.split}: the rows to split have no labels; set data.split=given"
        )
    train, test = _split_test(examples, settings, seed)
    train, validation = _split_validation(train, examples, settings, seed)
    return {"train": train, "validation": validation, "test": test}


def _split_test(examples: Examples, settings: DataSource, seed: int) -> Pair:
    count = len(examples.label)
    rows = np.arange(count, dtype=np.int32 if count < 2**31 else np.int64)  # saves memory
    labelled = _count(rows, "labelled")
    if settings.split in ("kfold", "walk_forward"):
        return _split_fold(rows, examples, settings, seed)
    if settings.split == "none":
        _require(count, count, f"{labelled} with data.split=none")
        return rows, rows
    size = math.ceil(count * settings.test_share)
    which = f"{labelled} with data.test_share={settings.test_share:g}"
    _require(count - size, size, which)
    return _split_off(rows, size, examples, settings.split, seed)


def _split_validation(
    train: np.ndarray, examples: Examples, settings: DataSource, seed: int
) -> Pair:
    """Split `validation_share` off the training rows, with the method of the test rows."""
    share = settings.validation_share
    if share == 0:
        return train, train[:0]
    size = math.ceil(len(train) * share)
    which = f"{_count(train, 'training')} with data.validation_share={share:g}"
    _require(len(train) - size, size, which, "the validation")
    folds = "stratified" if examples.kind.labels_are_classes else "random"
    others = {"walk_forward": "chronological", "kfold": folds, "given": "random", "none": "random"}
    method = others.get(settings.split, settings.split)
    return _split_off(train, size, examples, method, seed)


def _split_off(rows: np.ndarray, size: int, examples: Examples, method: str, seed: int) -> Pair:
    """Split `size` rows off: the last ones, or random ones, within classes if stratified."""
    if method == "chronological":
        return rows[:-size], rows[-size:]
    from sklearn.model_selection import train_test_split  # takes a second to import

    strata = None
    if method == "stratified":
        strata = _strata(rows, examples, least=2)
        if min(size, len(rows) - size) < (count := len(np.unique(strata))):
            raise DataError(
                f"{len(rows)} rows cannot be split into {len(rows) - size} and {size} with each of"
                f" the {count} classes in both; change data.test_share or data.validation_share"
            )
    kept, taken = train_test_split(rows, test_size=size, random_state=seed, stratify=strata)
    return np.sort(kept), np.sort(taken)


def _split_fold(rows: np.ndarray, examples: Examples, settings: DataSource, seed: int) -> Pair:
    from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit

    folds, fold = settings.folds, settings.fold
    if fold >= folds:
        raise ConfigError(
            f"data.fold={fold} does not exist with data.folds={folds}; folds are counted from 0,"
            f" give 0 to {folds - 1}"
        )
    least = len(rows) // (folds + 1 if settings.split == "walk_forward" else folds)
    which = f"{_count(rows, 'labelled')} with data.folds={folds}"
    _require(len(rows) - least, least, which)
    strata = None
    if settings.split == "walk_forward":
        splitter = TimeSeriesSplit(folds)
    elif examples.kind.labels_are_classes:
        splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
        strata = _strata(rows, examples, least=folds)
    else:
        splitter = KFold(folds, shuffle=True, random_state=seed)
    train, test = next(islice(splitter.split(rows, strata), fold, None))
    return train, test


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
        raise DataError(f"{which} leave 1 for the validation; it needs none, or at least two")
    return {"train": train, "validation": validation, "test": test}


def _strata(rows: np.ndarray, examples: Examples, least: int) -> np.ndarray:
    """Return the class of each row, if each class has at least `least` rows."""
    if not examples.kind.labels_are_classes:
        raise DataError(
            f"data.split=stratified needs classes, and {examples.target!r} is a number; set"
            " data.split=random"
        )
    strata: np.ndarray = examples.label[:][rows, 0].astype(np.int64)
    counted = zip(*np.unique(strata, return_counts=True), strict=True)
    names = examples.classes or ("0", "1")
    if rare := [f"{names[number]} ({count})" for number, count in counted if count < least]:
        raise DataError(
            f"{least} rows of each class are needed to split within classes, but there are fewer"
            f" of {listing(rare, 12)}; leave these out, or choose another data.split"
        )
    return strata


def _require(train: int, other: int, which: str, name: str = "the test", least: int = 2) -> None:
    if train < least or other < 2:
        raise DataError(
            f"{which} leave {max(train, 0)} for training and {other} for {name};"
            " each needs at least two, so give more rows or change the setting"
        )


def _count(rows: np.ndarray, kind: str) -> str:
    return f"{len(rows)} {kind} {'row' if len(rows) == 1 else 'rows'}"
