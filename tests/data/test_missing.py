"""Missing values are refused, dropped, or filled with a statistic of the training rows alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from pipeline.errors import DataError

from ..made import inputs_of, prepared_of, recipe_of

ROWS = 20


@pytest.fixture
def prepare(data, tmp_path: Path):
    """Prepare a table of features a and b and target y, of which some cells are empty."""

    def run(missing, holes, ending="csv", **changes):
        frame = pd.DataFrame(np.random.default_rng(0).normal(5, 9, (ROWS, 3)), columns=[*"aby"])
        frame = frame.assign(**changes.pop("columns", {}))
        for column, rows in holes.items():
            frame.loc[np.array(rows) - 1, column] = None
        path = tmp_path / f"own.{ending}"
        frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
        given = {"path": str(path), "target": "y", "split": "chronological"}
        chosen = data("csv", missing=missing, **given | changes)
        return frame, *prepared_of(chosen)

    return run


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_missing_values_are_refused_with_their_places(failure, prepare, ending):
    expected = (
        rf"own\.{ending}: values are missing:\n"
        r"  column 'a' is empty or NaN in rows 2, 3, 5, 8, 11 and 2 more \(7 of 20\);\n"
        r"  column 'y' is empty or NaN in row 1 \(1 of 20\);\n"
        r"  data.missing=drop leaves such rows out, mean or median fills features; or fix the file"
    )
    with failure.raises(f"missing values in {ending}", DataError, match=expected):
        prepare("fail", {"a": [2, 3, 5, 8, 11, 13, 17], "y": [1]}, ending)


def test_rows_with_missing_values_are_dropped_and_the_others_keep_their_numbers(prepare, caplog):
    caplog.set_level("INFO")
    frame, _, splits = prepare("drop", {"a": [2, 7], "y": [7, 20]})
    index = np.concatenate([splits["train"].index, splits["test"].index])
    np.testing.assert_array_equal(index, np.setdiff1d(np.arange(1, 21), [2, 7, 20]))
    for split in (splits["train"], splits["test"]):
        kept = frame.iloc[split.index - 1]
        np.testing.assert_array_equal(split.features, kept[["a", "b"]])
        np.testing.assert_array_equal(split.label, kept[["y"]])
    assert "dropped 3 of 20 rows, which have a missing value" in caplog.text


@pytest.mark.parametrize("missing", ["mean", "median"])
@pytest.mark.parametrize(
    "split", ["chronological", "random", "kfold", "walk_forward", "given", "none"]
)
def test_features_are_filled_as_scikit_learn_does_from_the_training_rows(
    prepare, caplog, missing, split
):
    caplog.set_level("INFO")
    part = np.array(["test", "train", "train", "validation", "train"] * 4)
    given = {"split_column": "part", "columns": {"part": part}} if split == "given" else {}
    holes = {"a": [2, 5, 19, 20], "b": [1, 5, 11]}
    frame, dataset, splits = prepare(missing, holes, split=split, validation_share=0.3, **given)
    train, raw = splits["train"].index - 1, frame[["a", "b"]].to_numpy()
    imputer = SimpleImputer(strategy=missing).fit(raw[train])
    np.testing.assert_allclose(dataset.encoding.fill, imputer.statistics_, rtol=1e-12)
    filled = imputer.transform(raw)
    expected = StandardScaler().fit(filled[train]).transform(filled)
    for name in ("train", "validation", "test"):
        found = splits[name]
        np.testing.assert_array_equal(found.features, raw[found.index - 1])
        encoded = found.encode(dataset.encoding).features
        np.testing.assert_allclose(encoded, expected[found.index - 1], rtol=1e-6, atol=1e-6)
    assert f"the {missing} of the training rows: a (4), b (3)" in caplog.text


@pytest.mark.parametrize("missing", ["mean", "median"])
def test_test_rows_do_not_leak_into_what_is_filled(prepare, missing):
    fills = []
    for last in (1.0, 1e30):
        column = np.r_[np.arange(16.0), [last] * 4]
        _, dataset, splits = prepare(missing, {"a": [3, 18]}, columns={"a": column})
        assert np.isnan([splits["train"].features[2, 0], splits["test"].features[1, 0]]).all()
        fills.append(dataset.encoding.fill[0])
    known = np.delete(np.arange(16.0), 2)
    assert fills == [getattr(np, missing)(known)] * 2


CLASSES = {"columns": {"y": ["no", "yes"] * 10}, "task": "classification"}
PARTS = {"columns": {"part": ["train", "test"] * 10}, "split_column": "part", "split": "given"}


@pytest.mark.parametrize("missing", ["mean", "median"])
@pytest.mark.parametrize(
    ("what", "column", "changes"),
    [("number", "y", {}), ("class", "y", CLASSES), ("part", "part", PARTS)],
)
def test_a_label_is_never_filled(failure, prepare, missing, what, column, changes):
    expected = (
        rf"(?s)own\.csv: .*'{column}' is empty or NaN in rows 4, 6 \(2 of 20\).*missing=drop$"
    )
    with failure.raises(f"missing={missing}: a {what} is missing", DataError, match=expected):
        prepare(missing, {column: [4, 6], "a": [1]}, **changes)


def test_auto_fills_the_columns_that_have_gaps_and_no_others(prepare, caplog):
    caplog.set_level("INFO")
    frame, dataset, splits = prepare("auto", {"a": [2, 5, 19]})
    train = splits["train"].index - 1
    assert dataset.encoding.fill == (frame.a[train].median(), None)
    assert "filled with the median of the training rows: a (3)" in caplog.text


def test_auto_changes_nothing_of_a_complete_table(prepare):
    encodings = [prepare(missing, {})[1].encoding for missing in ("auto", "fail")]
    assert encodings[0] == encodings[1]
    assert encodings[0].fill == ()


@pytest.mark.parametrize("changes", [{}, CLASSES])
def test_auto_leaves_out_rows_without_a_label(prepare, caplog, changes):
    caplog.set_level("INFO")
    *_, splits = prepare("auto", {"y": [4, 7], "a": [1]}, **changes)
    kept = np.concatenate([splits["train"].index, splits["test"].index])
    np.testing.assert_array_equal(np.sort(kept), np.setdiff1d(np.arange(1, 21), [4, 7]))
    assert "left out 2 of 20 rows, which have no y" in caplog.text


def test_auto_refuses_what_cannot_be_filled(failure, prepare):
    expected = r"(?s)'part' is empty or NaN in rows 4, 6 \(2 of 20\).*set data.missing=drop"
    with failure.raises("missing=auto: a part is missing", DataError, match=expected):
        prepare("auto", {"part": [4, 6]}, **PARTS)
    with failure.raises("missing=auto: no target", DataError, match="no row has a value of 'y'"):
        prepare("auto", {"y": range(1, 21)})


@pytest.mark.parametrize("changes", [{}, CLASSES, PARTS])
def test_rows_without_a_label_can_be_dropped(prepare, changes):
    *_, splits = prepare("drop", {"part" if "split" in changes else "y": [4, 7]}, **changes)
    kept = np.concatenate([splits["train"].index, splits["test"].index])
    np.testing.assert_array_equal(np.sort(kept), np.setdiff1d(np.arange(1, 21), [4, 7]))


def test_a_column_without_values_is_left_out_or_one_message(failure, prepare, caplog):
    caplog.set_level("INFO")
    _, dataset, _ = prepare("drop", {"a": range(1, 21), "b": [3]})
    assert dataset.features == ("b",)
    assert "left out: 'a' (empty)" in caplog.text
    expected = "own.csv: column 'a' of data.features cannot be used: empty; leave it out"
    with failure.raises("missing=drop: an empty column", DataError, match=expected):
        prepare("drop", {"a": range(1, 21), "b": [3]}, features=["a", "b"])
    expected = "own.csv: every row .* column 'a' has the most .10., leave it out"
    with failure.raises("missing=drop: a gap in every row", DataError, match=expected):
        prepare("drop", {"a": range(1, 11), "b": range(11, 21)})
    expected = "own.csv: no value in the 16 training rows to fill from: a; leave such a column out"
    with failure.raises("missing=mean: no value to train on", DataError, match=expected):
        prepare("mean", {"a": range(1, 17)})


def test_rows_with_a_missing_value_are_not_predicted(failure, tmp_path: Path):
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, None, 6.0]})
    expected = r"(?s)new\.csv: .*'b' is empty or NaN in row 2 \(1 of 3\).* fill them, or drop"
    with failure.raises("rows to predict with a missing value", DataError, match=expected):
        inputs_of(table, recipe_of("csv", ("a", "b")), tmp_path / "new.csv")
    prices = pd.read_csv("data/raw/sp500.csv", nrows=9)
    prices.loc[3, "low"] = None
    names = ("adj_close", "high_low_percent", "change_percent", "volume")
    with failure.raises("prices to predict from, one missing", DataError, match="'low' .* row 4"):
        inputs_of(prices, recipe_of("sp500", names), tmp_path / "new.csv")
