"""The user's own table: numbers or classes, split by the program or by a column."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.data.sources import read_examples
from pipeline.data.tables import read_table
from pipeline.errors import ConfigError, DataError
from pipeline.workspace import Workspace

from ..made import inputs_of, prepared_of, recipe_of


@pytest.fixture
def prepare(data, tmp_path: Path):
    """Prepare a table with columns a, b, y and what else is given."""

    def run(columns=None, rows=20, **changes):
        generator = np.random.default_rng(0)
        a, y = generator.normal(size=(2, rows))
        path = tmp_path / "own.csv"
        table = pd.DataFrame({"a": a, "b": np.arange(rows)[::-1], "y": y, **(columns or {})})
        table.to_csv(path, index=False)
        given = {"path": str(path), "target": "y", "split": "chronological"}
        chosen = data("csv", **{**given, **changes})
        return prepared_of(chosen)

    return run


def test_every_column_of_use_but_the_target_is_a_feature(prepare):
    dataset, splits = prepare({"name": ["text"] * 20, "kind": ["one", "other"] * 10})
    assert (dataset.features, dataset.text) == (("a", "b"), ("kind",))
    assert (dataset.task, dataset.classes, dataset.shape) == ("regression", (), (2,))
    assert [len(split.index) for split in splits.values()] == [16, 0, 4, 0]
    np.testing.assert_array_equal(splits["test"].index, [17, 18, 19, 20])
    dataset, _ = prepare(features=["b"])
    assert dataset.features == ("b",)


@pytest.mark.parametrize(
    ("what", "columns", "changes", "expected"),
    [
        ("a target that is no column", {}, {"target": "z"}, "no column 'z'"),
        ("a name with a blank", {" z": 7}, {"target": "z"}, "no column 'z'; nearest: ' z'"),
        (
            "a feature that is no column",
            {},
            {"features": ["a", "c"]},
            "has 'c', and no column",
        ),
        (
            "the target among the features",
            {},
            {"features": ["a", "y"]},
            "contains 'y', the column of data.target",
        ),
        ("a feature named twice", {}, {"features": ["a", "a"]}, "names a column twice"),
        (
            "a constant column that is named",
            {"b": 7},
            {"features": ["a", "b"]},
            "constant over the 16 training rows: b",
        ),
        (
            "a constant target",
            {"y": 7},
            {"task": "regression"},
            "'y' is constant over the 16 training rows",
        ),
        (
            "a constant target, unscaled",
            {"y": 7},
            {"scaling": "unit", "task": "regression"},
            "'y' is constant over the 16 training rows",
        ),
        (
            "a number beyond float32",
            {"b": [1e300, *range(19)]},
            {},
            r"'b' has 1e\+300 in row 1, beyond float32 .*; use a larger unit",
        ),
        (
            "a number beyond float32 where all rows train",
            {"b": [1e300, *range(19)]},
            {"split": "none", "validation_share": 0},
            r"'b' has 1e\+300 in row 1, beyond float32 .*; use a larger unit",
        ),
        (
            "constant columns only",
            {"a": "x", "b": 7},
            {},
            r"no column is left to learn from \('b' \(constant\), 'a' \(constant\)\); add columns",
        ),
        (
            "empty columns only",
            {"a": "", "b": None},
            {},
            "has no column to learn from besides the target; add one",
        ),
        (
            "a word in a column of numbers",
            {"b": ["oops", *range(19)]},
            {},
            "'b' has text, such as 'oops', in row 1",
        ),
        (
            "a column of tiny numbers",
            {"b": np.arange(20) * 1e-42},
            {},
            "less than float32 can scale",
        ),
        (
            "too few rows to train",
            {},
            {"test_share": 0.99},
            "20 labelled rows with .* leave 0 for training",
        ),
        (
            "a target of one class",
            {"y": 7},
            {"task": "classification"},
            "'y' has only one class, '7'",
        ),
        (
            "a missing class",
            {"y": ["no", None] * 10},
            {"task": "classification", "missing": "fail"},
            "'y' is empty or NaN in rows 2, 4",
        ),
        (
            "training rows of one class",
            {"y": [0] * 18 + [1, 1]},
            {"task": "classification"},
            r"'1' \(0 in training, 0 in the validation, 2 in the test\)",
        ),
        ("a split column that is not there", {}, {"split_column": "part"}, "no column 'part'"),
        ("a split column that is the target", {}, {"split_column": "y"}, "are both 'y'"),
        (
            "a split column without test rows",
            {"part": ["train"] * 20},
            {"split_column": "part", "split": "given"},
            "and 0 for the test",
        ),
        (
            "the split column among the features",
            {"part": ["train"] * 20},
            {"split_column": "part", "features": ["part"]},
            "leave it out",
        ),
        (
            "an unknown part",
            {"part": ["train", "test", "exam", *["train"] * 17]},
            {"split_column": "part"},
            "'part' has 'exam' in row 3",
        ),
        (
            "a missing part",
            {"part": [None, *["train"] * 19]},
            {"split_column": "part"},
            r"'part' is empty or NaN in row 1 \(1 of 20\)",
        ),
    ],
)
def test_an_unfit_table_is_one_message(failure, prepare, what, columns, changes, expected):
    with failure.raises(what, DataError, match=rf"(?s)own\.csv.*{expected}|^data\..*{expected}"):
        prepare(columns, **changes)


def test_one_row_is_too_few(failure, prepare):
    expected = r"own\.csv: 1 labelled row with .* each needs at least two"
    with failure.raises("a table of one row", DataError, match=expected):
        prepare(rows=1)


def test_a_table_without_split_column_cannot_be_split_as_given(failure, prepare):
    with failure.raises("split=given without a column", ConfigError, match="data.split_column"):
        prepare(split="given")


@pytest.mark.parametrize(
    ("target", "classes", "first"),
    [
        (["cat", "ant", "bee", "ant"], ("ant", "bee", "cat"), [2, 0, 1, 0]),
        ([10, 9, 10, 9], ("9", "10"), [1, 0, 1, 0]),
        ([1.0, 2.0, 1.0, 2.0], ("1.0", "2.0"), [0, 1, 0, 1]),
        ([True, False, True, True], ("False", "True"), [1, 0, 1, 1]),
        ([2**60, 2**60 + 1] * 2, (str(2**60), str(2**60 + 1)), [0, 1, 0, 1]),
        (["b", 1, "b", 1], ("1", "b"), [1, 0, 1, 0]),
    ],
)
def test_classes_are_numbered_in_order_and_named_as_in_the_file(prepare, target, classes, first):
    dataset, splits = prepare({"y": target * 5}, task="classification")
    assert (dataset.task, dataset.classes) == ("classification", classes)
    np.testing.assert_array_equal(splits["train"].label[:4, 0], first)
    scaling = dataset.encoding.scaling
    assert (scaling.label_mean, scaling.label_scale) == ((0,), (1,))


def test_numbers_keep_the_bits_that_float32_lacks(prepare):
    column = 1e9 + np.arange(20)[::-1] / 100
    dataset, splits = prepare({"b": column})
    assert dataset.features == ("a", "b")
    raw = np.concatenate([splits["train"].features[:, 1], splits["test"].features[:, 1]])
    np.testing.assert_array_equal(raw, column, strict=True)
    encoded = splits["train"].encode(dataset.encoding).features[:, 1]
    assert len(set(encoded.tolist())) == 16


def test_the_split_column_says_where_a_row_belongs_and_is_no_feature(prepare):
    part = np.array(["test", "train", "validation", "train"] * 5)
    dataset, splits = prepare({"part": part}, split="given", split_column="part")
    assert dataset.features == ("a", "b")
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(splits[name].index, np.flatnonzero(part == name) + 1)


def test_predictions_take_the_features_by_name_or_derive_them_from_prices(
    failure, data, tmp_path: Path
):
    table = pd.DataFrame({"y": [1, 2], "b": [3, 4], "a": [5, 6]})
    found = inputs_of(table, recipe_of("csv", ("a", "b")), tmp_path)
    assert list(found) == ["features"]
    expected = np.array([[5, 3], [6, 4]], np.float64)
    np.testing.assert_array_equal(found["features"], expected, strict=True)
    path = Path(data("sp500").path)
    examples = read_examples(data("sp500"), Workspace.here())
    derived = inputs_of(read_table(path), recipe_of("sp500", examples.feature_names), path)
    np.testing.assert_array_equal(derived["features"][:-51], examples.features, strict=True)
    with failure.raises("rows to predict without a column", DataError, match="'pixel_0_1'"):
        digits = recipe_of("digits", ("pixel_0_0", "pixel_0_1"))
        inputs_of(pd.DataFrame({"pixel_0_0": [1]}), digits, path)


DATES = pd.date_range("2024-02-27", periods=20).map(str).tolist()


def test_dates_name_the_rows(prepare):
    dataset, splits = prepare({"day": DATES}, date_column="day")
    assert (dataset.features, dataset.index_name) == (("a", "b"), "date")
    assert splits["train"].index[2] == np.datetime64("2024-02-29", "D")
    hours = pd.date_range("2024-02-27", periods=20, freq="h").map(str)
    _, splits = prepare({"day": hours}, date_column="day")
    assert splits["test"].index[-1] == np.datetime64("2024-02-27T19:00:00")


@pytest.mark.parametrize(
    ("what", "day", "expected"),
    [
        ("dates out of order", DATES[::-1], "2024-03-16 in row 2 is before 2024-03-17 in row 1"),
        (
            "a date twice",
            [DATES[0], *DATES[:-1]],
            "2024-02-27 in row 2 is the same as 2024-02-27 in row 1; sort the file by date",
        ),
        (
            "an unreadable date",
            [*DATES[:-1], "17.3.2024"],
            "'day' has '17.3.2024' in row 20, which is not a date; write dates as",
        ),
        ("a missing date", [None, *DATES[1:]], r"'day' is empty or NaN in row 1 \(1 of 20\)"),
    ],
)
def test_unfit_dates_are_one_message(failure, prepare, what, day, expected):
    with failure.raises(f"table with {what}", DataError, match=f"(?s)own.csv.*{expected}"):
        prepare({"day": day}, date_column="day")


def test_rare_classes_and_their_rows_are_left_out(prepare):
    target = ["a", "b"] * 9 + ["c", "c"]
    given = {"task": "classification", "split": "auto", "min_class_rows": 3}
    dataset, splits = prepare({"y": target}, **given)
    assert dataset.classes == ("a", "b")
    used = np.sort(np.concatenate([split.index for split in splits.values()]))
    np.testing.assert_array_equal(used, np.arange(1, 19))


def test_a_measured_number_is_not_a_class(failure, prepare):
    expected = r"own\.csv: column 'y' has numbers with a fraction, .* data\.task=regression"
    with failure.raises("a float target as classes", DataError, match=expected):
        prepare(task="classification")


def test_a_sorted_table_has_every_class_in_every_split(prepare):
    given = {"task": "classification", "split": "auto", "validation_share": 0.2}
    _, splits = prepare({"y": np.repeat(["a", "b", "c"], 10)}, rows=30, **given)
    for name in ("train", "validation", "test"):
        assert set(splits[name].label.ravel()) == {0, 1, 2}, name


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ["# by a program", "# 2026", "a,y", "1.5,2", "2.5,3"],
            "if the first line is a comment, remove it",
        ),
        (["1.5,-2", "2.5,3e-1"], "put a line with the names of the columns above the rows"),
        (["2019,2020", "2.5,3e-1"], "put a line with the names of the columns above the rows"),
        (["a,2020", "2.5,3e-1"], "it has a, 2020; fix the name"),
    ],
)
def test_a_first_line_that_is_no_header_is_told(data, tmp_path: Path, lines, expected: str):
    path = tmp_path / "own.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match=f"no column 'y'.*{expected}"):
        prepared_of(data("csv", path=str(path), target="y"))
