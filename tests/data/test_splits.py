"""Splits are scikit-learn's, no row is in two of them, and what cannot be split is refused."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit, train_test_split

from pipeline.data.examples import Examples
from pipeline.data.splits import split_rows
from pipeline.errors import ConfigError, DataError

SEED = 3
ROWS = np.arange(100)
CLASSES = np.repeat([0, 1, 2], [50, 30, 20])
DRAWN = ("random", "stratified", "kfold", "walk_forward", "chronological")


@pytest.fixture
def split(data):
    def run(how, label=CLASSES, task="classification", part=None, **changes):
        label = np.asarray(label, np.float64)[:, None]
        examples = Examples(label, label, ("x",), "y", task, ("a", "b", "c"), part=part)
        return split_rows(examples, data("synthetic", split=how, **changes), SEED)

    return run


def assert_rows(found, expected):
    for rows, other in zip((found["train"], found["test"]), expected, strict=True):
        np.testing.assert_array_equal(rows, np.sort(other))


def test_the_random_split_is_scikit_learns(split):
    assert_rows(split("random"), train_test_split(ROWS, test_size=20, random_state=SEED))


def test_the_stratified_split_is_scikit_learns(split):
    expected = train_test_split(ROWS, test_size=20, random_state=SEED, stratify=CLASSES)
    found = split("stratified")
    assert_rows(found, expected)
    np.testing.assert_array_equal(np.bincount(CLASSES[found["test"]]), [10, 6, 4])


@pytest.mark.slow
@pytest.mark.parametrize("fold", range(4))
def test_folds_are_scikit_learns(split, fold):
    for how, task, splitter in [
        ("kfold", "regression", KFold(4, shuffle=True, random_state=SEED)),
        ("kfold", "classification", StratifiedKFold(4, shuffle=True, random_state=SEED)),
        ("walk_forward", "classification", TimeSeriesSplit(4)),
    ]:
        found = split(how, task=task, folds=4, fold=fold)
        assert_rows(found, list(splitter.split(ROWS, CLASSES))[fold])


def test_chronological_takes_the_last_rows(split):
    found = split("chronological", validation_share=0.25)
    assert_rows({**found, "train": ROWS[:60]}, (found["train"], ROWS[80:]))
    np.testing.assert_array_equal(found["validation"], ROWS[60:80])


def test_none_tests_on_the_training_rows(split):
    assert_rows(split("none"), (ROWS, ROWS))


@pytest.mark.slow
@pytest.mark.parametrize("how", DRAWN)
def test_no_row_is_in_two_splits(split, how):
    without = split(how)
    found = split(how, validation_share=0.25)
    assert len(without["validation"]) == 0
    np.testing.assert_array_equal(found["test"], without["test"])
    learnt = np.concatenate([found["train"], found["validation"]])
    np.testing.assert_array_equal(np.sort(learnt), without["train"])
    assert len(found["validation"]) == np.ceil(len(without["train"]) / 4)
    assert not np.isin(learnt, found["test"]).any()
    if how == "walk_forward":
        assert found["train"].max() < found["validation"].min() < found["test"].min()
    if how in ("stratified", "kfold"):
        np.testing.assert_array_equal(np.bincount(CLASSES[found["validation"]]), [10, 6, 4])


def test_given_rows_are_as_the_source_says(split):
    part = np.repeat(["test", "train", "validation"], [30, 60, 10])
    found = split("given", part=part, validation_share=0.5)
    assert_rows(found, (ROWS[30:90], ROWS[:30]))
    np.testing.assert_array_equal(found["validation"], ROWS[90:])


def test_given_rows_without_validation_rows_are_drawn(split):
    part = np.repeat(["test", "train"], [30, 70])
    assert len(split("given", part=part)["validation"]) == 0
    found = split("given", part=part, validation_share=0.1)
    assert_rows(found, (np.setdiff1d(ROWS[30:], found["validation"]), ROWS[:30]))
    assert len(found["validation"]) == 7
    assert np.diff(found["validation"]).max() > 1


@pytest.mark.parametrize(
    ("what", "how", "changes", "error", "expected"),
    [
        (
            "a fold that is not there",
            "kfold",
            {"fold": 5},
            ConfigError,
            r"data\.fold=5 does not exist with data\.folds=5; .* give 0 to 4",
        ),
        ("a window that is not there", "walk_forward", {"fold": 9}, ConfigError, "give 0 to 4"),
        (
            "fewer rows than windows need",
            "walk_forward",
            {"folds": 60},
            DataError,
            r"100 labelled rows with data\.folds=60",
        ),
        (
            "a class with fewer rows than folds",
            "kfold",
            {"folds": 25},
            DataError,
            r"25 rows of each class .* fewer of c \(20\)",
        ),
        (
            "fewer rows than folds",
            "kfold",
            {"folds": 101},
            DataError,
            r"leave 100 for training and 0 for the test",
        ),
        (
            "split=given of a source that says nothing",
            "given",
            {},
            ConfigError,
            r"data=digit_pairs",
        ),
        (
            "split=given with one test row",
            "given",
            {"part": np.repeat(["train", "test"], [99, 1])},
            DataError,
            "1 for the test",
        ),
        (
            "split=given with one validation row",
            "given",
            {"part": np.repeat(["train", "test", "validation"], [90, 9, 1])},
            DataError,
            "1 for the validation",
        ),
        (
            "a stratified split of numbers",
            "stratified",
            {"task": "regression"},
            DataError,
            "'y' is a number",
        ),
        (
            "a class with one row",
            "stratified",
            {"label": [0] * 99 + [1]},
            DataError,
            r"fewer of b \(1\)",
        ),
        (
            "fewer test rows than classes",
            "stratified",
            {"test_share": 0.02},
            DataError,
            "98 and 2 with each of the 3 classes",
        ),
        (
            "one test row",
            "random",
            {"test_share": 0.01},
            DataError,
            "99 for training and 1 for the test",
        ),
        (
            "one training row",
            "random",
            {"test_share": 0.99},
            DataError,
            "1 for training and 99 for the test",
        ),
        (
            "one validation row",
            "random",
            {"validation_share": 0.01},
            DataError,
            "79 for training and 1 for the valid",
        ),
        ("one row", "none", {"label": [0]}, DataError, "1 labelled row with"),
        (
            "a split of nothing",
            "none",
            {"task": "minimization"},
            ConfigError,
            "set data.split=given",
        ),
    ],
)
def test_what_cannot_be_split_is_one_message(failure, split, what, how, changes, error, expected):
    with failure.raises(what, error, match=expected):
        split(how, **changes)
