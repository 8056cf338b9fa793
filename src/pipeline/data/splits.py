"""Which rows the model learns from, which tell it when to stop, and which judge it."""

import math
from itertools import islice

import numpy as np

from pipeline.data.examples import PARTS, Examples
from pipeline.errors import ConfigError, DataError, listing
from pipeline.settings.data import DataSource

OFFERS_PARTS = (
    "data=csv with data.split_column, data=mnist with data.test_images and data.test_labels,"
    " data=digit_pairs, data=offsets, and data=custom that sets `part`"
)


def split_rows(examples: Examples, settings: DataSource, seed: int) -> dict[str, np.ndarray]:
    """Return the row numbers of `train`, `validation` and `test`, each ascending.

    Draws are those of scikit-learn: `train_test_split`, `KFold`, `StratifiedKFold` (where labels
    are classes) and `TimeSeriesSplit`. Validation rows are taken from the training rows.

    Raises:
        ConfigError: the source does not say which rows are the test, or there is no such fold.
        DataError: a split would have fewer than two rows, or fewer than there are classes.
    """
    if examples.task == "minimization" and settings.split != "given":
        raise ConfigError(f"data.split={settings.split}: nothing to split; take data.split=given")
    if settings.split == "given":
        return _given(examples, settings, seed)
    train, test = _train_and_test(examples, settings, seed)
    train, validation = _validation(train, examples, settings, seed)
    return {"train": train, "validation": validation, "test": test}


def _train_and_test(
    examples: Examples, settings: DataSource, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    rows = _all_rows(examples)
    match settings.split:
        case "kfold" | "walk_forward":
            return _fold(examples, settings, seed)
        case "none":
            _require(len(rows), len(rows), f"{_counted(rows, 'labelled')} with data.split=none")
            return rows, rows
        case _:
            share = settings.test_share
            size = math.ceil(len(rows) * share)
            which = f"{_counted(rows, 'labelled')} with data.test_share={share:g}"
            _require(len(rows) - size, size, which)
            return _cut(rows, size, examples, settings.split, seed)


def _all_rows(examples: Examples) -> np.ndarray:
    """Return the numbers of all rows, in half the memory where it can be."""
    count = len(examples.label)
    return np.arange(count, dtype=np.int32 if count < 2**31 else np.int64)


def _validation(
    train: np.ndarray, examples: Examples, settings: DataSource, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Take `validation_share` of the training rows away from them, as the test was taken."""
    share = settings.validation_share
    if share == 0:
        return train, train[:0]
    size = math.ceil(len(train) * share)
    which = f"{_counted(train, 'training')} with data.validation_share={share:g}"
    _require(len(train) - size, size, which, "the validation")
    match settings.split:
        case "chronological" | "walk_forward":
            how = "chronological"
        case "stratified":
            how = "stratified"
        case "kfold" if _has_classes(examples):
            how = "stratified"
        case _:
            how = "random"
    return _cut(train, size, examples, how, seed)


def _cut(
    rows: np.ndarray, size: int, examples: Examples, how: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cut `size` of `rows` off: the last ones, or drawn at random, within classes if stratified."""
    if how == "chronological":
        return rows[:-size], rows[-size:]
    from sklearn.model_selection import train_test_split  # a second of imports

    strata = None
    if how == "stratified":
        strata = _strata(rows, examples, least=2)
        if min(size, len(rows) - size) < (count := len(np.unique(strata))):
            raise DataError(
                f"{len(rows)} rows cannot be cut into {len(rows) - size} and {size} with each of"
                f" the {count} classes in both; change data.test_share or data.validation_share"
            )
    kept, cut = train_test_split(rows, test_size=size, random_state=seed, stratify=strata)
    return np.sort(kept), np.sort(cut)


def _fold(examples: Examples, settings: DataSource, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of fold number `fold` of `folds`."""
    from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit

    folds, fold = settings.folds, settings.fold
    if fold >= folds:
        raise ConfigError(
            f"data.fold={fold}, but data.folds={folds} are counted from 0; give 0 to {folds - 1}"
        )
    rows = _all_rows(examples)
    parts = folds + 1 if settings.split == "walk_forward" else folds
    least = len(rows) // parts
    _require(len(rows) - least, least, f"{_counted(rows, 'labelled')} with data.folds={folds}")
    strata = None
    if settings.split == "walk_forward":
        splitter = TimeSeriesSplit(folds)
    elif _has_classes(examples):
        splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
        strata = _strata(rows, examples, least=folds)
    else:
        splitter = KFold(folds, shuffle=True, random_state=seed)
    train, test = next(islice(splitter.split(rows, strata), fold, None))
    return train, test


def _given(examples: Examples, settings: DataSource, seed: int) -> dict[str, np.ndarray]:
    """Take the rows as the source says; validation rows at random, if it names none."""
    if examples.part is None:
        raise ConfigError(
            "data.split=given: the source does not say which rows are the test; it is for"
            f" {OFFERS_PARTS}; else take another data.split"
        )
    train, validation, test = (np.flatnonzero(examples.part == part) for part in PARTS)
    which = f"{_counted(examples.part, 'labelled')} with data.split=given"
    _require(len(train), len(test), which, least=1 if examples.task == "minimization" else 2)
    if not len(validation):
        train, validation = _validation(train, examples, settings, seed)
    elif len(validation) == 1:
        raise DataError(f"{which} leave 1 for the validation; it needs none, or two at least")
    return {"train": train, "validation": validation, "test": test}


def _has_classes(examples: Examples) -> bool:
    return examples.task in ("classification", "similarity")


def _strata(rows: np.ndarray, examples: Examples, least: int) -> np.ndarray:
    """Return the class of each of `rows`, if each class has enough of them."""
    if not _has_classes(examples):
        raise DataError(
            f"data.split=stratified is for classes, and {examples.target!r} is a number; take"
            " data.split=random"
        )
    strata: np.ndarray = examples.label[:][rows, 0].astype(np.int64)
    known, counts = np.unique(strata, return_counts=True)
    names = examples.classes or ("0", "1")
    rare = [
        f"{names[number]} ({count})"
        for number, count in zip(known, counts, strict=True)
        if count < least
    ]
    if rare:
        raise DataError(
            f"{least} rows of each class are needed to split within classes, but there are fewer"
            f" of {listing(rare, 12)}; leave these out, or take another data.split"
        )
    return strata


def _require(train: int, other: int, which: str, name: str = "the test", least: int = 2) -> None:
    """Refuse a split with fewer than `least` training rows or fewer than two others."""
    if train < least or other < 2:
        raise DataError(
            f"{which} leave {max(train, 0)} for training and {other} for {name};"
            " each needs two at least, so give more rows or change that"
        )


def _counted(rows: np.ndarray, kind: str) -> str:
    return f"{len(rows)} {kind} {'row' if len(rows) == 1 else 'rows'}"
