"""Splits are scikit-learn's, no row is in two of them, and what cannot be split is refused."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit, train_test_split

from pipeline.data.examples import Examples
from pipeline.data.splits import split_rows
from pipeline.errors import ConfigError, DataError

pytestmark = pytest.mark.slow

SEED = 3
ROWS = np.arange(100)
SORTED = np.repeat([0, 1, 2], [50, 30, 20])
CLASSES = np.random.default_rng(0).permutation(SORTED)
DRAWN = ("random", "stratified", "kfold", "walk_forward", "chronological")


@pytest.fixture
def split(data):
    def run(how, label=CLASSES, task="classification", source="synthetic", **changes):
        label = np.asarray(label, np.float64)[:, None]
        given = {name: changes.pop(name, None) for name in ("part", "index", "times")}
        examples = Examples(label, label, ("x",), "y", task, ("a", "b", "c"), **given)
        needed = {"path": "own.csv", "target": "y"} if source == "csv" else {}
        return split_rows(examples, data(source, split=how, **needed, **changes), SEED)

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
    ("method", "changes", "said"),
    [
        ("stratified", {"label": SORTED}, "as 'y' has classes and rows have no dates; set"),
        (
            "random",
            {"task": "regression"},
            "as 'y' is a number and rows have no dates; set",
        ),
        (
            "chronological",
            {"index": np.arange("2024-01-01", "2024-04-10", dtype="M8[D]")},
            "dates;",
        ),
        (
            "chronological",
            {"times": np.arange("2024-01-01", "2024-04-10", dtype="M8[D]")},
            "dates;",
        ),
        ("random", {"index": np.arange(100), "task": "regression"}, "a number"),
        ("given", {"part": np.repeat(["test", "train"], 50)}, "as the source names the test rows;"),
    ],
)
def test_auto_says_once_what_it_chooses_and_why(split, caplog, method, changes, said):
    caplog.set_level("INFO")
    found = split("auto", source="csv", **changes)
    (line,) = caplog.messages
    assert line.startswith(f"own.csv: data.split=auto is {method}, as ") and said in line
    assert line.count("data.split=") >= 2  # the way to choose otherwise
    expected = split(method, source="csv", **changes)
    for name, rows in expected.items():
        np.testing.assert_array_equal(found[name], rows)
    assert caplog.messages == [line]


def test_every_class_has_test_rows_where_scikit_learn_rounds_to_none(split):
    label = np.array([0] * 400 + [1] * 100 + [2] * 2)
    _, drawn = train_test_split(np.arange(502), test_size=101, random_state=SEED, stratify=label)
    assert not (label[drawn] == 2).any()
    found = split("stratified", label)
    np.testing.assert_array_equal(np.bincount(label[found["test"]]), [80, 20, 1])
    np.testing.assert_array_equal(np.bincount(label[found["train"]]), [320, 80, 1])
    np.testing.assert_array_equal(np.union1d(found["train"], found["test"]), np.arange(502))


@pytest.mark.parametrize("how", ["stratified", "random", "given"])
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_the_validation_leaves_each_class_a_training_row(split, how, share):
    label = np.array([*range(3)] * 3 + [0] * 91)
    part = np.repeat(["test", "train"], [6, 94])
    found = split(how, label, part=part, validation_share=share)
    assert set(label[found["train"]]) == {0, 1, 2}
    assert len(found["validation"]) >= 2
    assert not np.isin(found["validation"], [*found["train"], *found["test"]]).any()


def test_a_panel_is_split_by_date_over_all_groups(split):
    days = np.arange("2024-01-01", "2024-02-10", dtype="M8[D]")
    dates = np.concatenate([days, days[10:], days[::2], days[30:]])  # 40, 30, 20, 10
    for how in ("chronological", "walk_forward"):
        found = split(how, task="regression", times=dates, validation_share=0.1, fold=4)
        learnt, validated, tested = (dates[found[n]] for n in ("train", "validation", "test"))
        assert learnt.max() < validated.min() and validated.max() < tested.min(), how
        assert sum(map(len, found.values())) == 100
    assert 17 <= len(tested) <= 24
    last = split("chronological", task="regression", times=dates)
    assert 20 <= len(last["test"]) <= 23


def test_rows_whose_dates_are_not_in_order_are_split_by_date(split):
    index = np.random.default_rng(0).permutation(np.arange(100)).astype("M8[D]")
    for how in ("chronological", "walk_forward", "auto"):
        found = split(how, task="regression", index=index, validation_share=0.1)
        learnt, validated, tested = (index[found[n]] for n in ("train", "validation", "test"))
        assert learnt.max() < validated.min() and validated.max() < tested.min(), how


def test_two_dates_are_enough_for_a_panel(split):
    dates = np.repeat(np.array(["2024-01-01", "2024-01-02"], "M8[D]"), [10, 90])
    found = split("chronological", times=dates, test_share=0.95)
    assert_rows(found, (ROWS[:10], ROWS[10:]))


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
            r"needs 25 rows of each class .* fewer of 'c' \(20\); .* choose fewer data\.folds",
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
            r"needs 2 rows of each class of 'y', and there are fewer of 'b' \(1\); .*split=random",
        ),
        (
            "a class with one row in a table",
            "auto",
            {"label": [0] * 99 + [1], "source": "csv"},
            DataError,
            r"'b' \(1\); give more rows, set data\.min_class_rows=2 to leave such classes out, or",
        ),
        (
            "a class without training rows",
            "chronological",
            {"label": SORTED, "source": "csv"},
            DataError,
            r"leaves classes of 'y' without a training row: 'c' \(0 in training, 0 in the"
            r" validation, 20 in the test\); data\.split=stratified .* data\.min_class_rows=21",
        ),
        (
            "a class without training rows in a window",
            "walk_forward",
            {"label": SORTED, "fold": 1},
            DataError,
            r"data\.split=walk_forward leaves .*'b' \(0 in training, 0 .* 2 in the test\)",
        ),
        (
            "a class without training rows that the source names",
            "given",
            {"part": np.repeat(["train", "test"], [80, 20]), "label": SORTED},
            DataError,
            r"'c' \(0 in training, .* let the source name training rows of each class",
        ),
        (
            "a panel with one date",
            "chronological",
            {"times": np.full(100, "2024-01-01", "M8[D]")},
            DataError,
            "0 for training and 100 for the test",
        ),
        (
            "fewer dates than windows need",
            "walk_forward",
            {"times": np.repeat(np.arange("2024-01-01", "2024-01-06", dtype="M8[D]"), 20)},
            DataError,
            r"5 different dates are too few for data\.folds=5; give at most 4 folds",
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
