"""Lags, panels and weights of a table, from the file to the prepared rows and to predictions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.data import csv_reader
from pipeline.data.prepared import dataset as prepared
from pipeline.data.prepared.series import Lag, Series
from pipeline.errors import ConfigError, DataError

from ..made import inputs_of, prepared_of, recipe_of

pytestmark = pytest.mark.slow

LAGS = {"y": {"lag": [1, 2], "mean": [3]}, "x": [1]}
NAMES = ("y_lag_1", "y_lag_2", "y_mean_3", "x_lag_1")


@pytest.fixture
def panel() -> pd.DataFrame:
    """Forty days of three groups, in the order of the days."""
    generator = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=40).repeat(3)
    frame = pd.DataFrame({"day": days.strftime("%Y-%m-%d"), "group": ["a", "b", "c"] * 40})
    frame["x"], frame["y"], frame["w"] = generator.uniform(0, 9, (3, 120)).round(3)
    return frame


@pytest.fixture
def prepare(data, tmp_path: Path):
    """Prepare a table; returns its data set, the raw rows, and the encoded training rows."""

    def run(table: pd.DataFrame, **changes):
        path, folder = tmp_path / "own.csv", tmp_path / f"prepared-{len(list(tmp_path.iterdir()))}"
        table.to_csv(path, index=False)
        chosen = data("csv", path=str(path), **{"target": "y", "missing": "fail", **changes})
        dataset, splits = prepared_of(chosen, folder=folder)
        return dataset, splits, prepared.read_training_rows(folder)

    return run


def expected_lags(panel: pd.DataFrame, key) -> pd.DataFrame:
    """The lagged columns as pandas makes them."""
    series = panel.groupby(key)
    mean = series["y"].transform(lambda values: values.shift(1).rolling(3).mean())
    columns = series["y"].shift(1), series["y"].shift(2), mean, series["x"].shift(1)
    return pd.concat(columns, axis=1, keys=NAMES)


def test_lagged_columns_of_a_panel_are_features(prepare, panel, caplog):
    caplog.set_level("INFO")
    dataset, splits, _ = prepare(panel, date_column="day", group="group", lags=LAGS, drop=["w"])
    assert dataset.features == ("x", *NAMES)
    lags = Lag("y", "lag", 1), Lag("y", "lag", 2), Lag("y", "mean", 3), Lag("x", "lag", 1)
    assert dataset.series == Series(lags, "day", None, "group")
    expected = expected_lags(panel, panel["group"])[9:]
    found = np.vstack([splits["train"].features, splits["test"].features])
    np.testing.assert_allclose(found[:, 1:], expected, rtol=1e-12)
    assert (
        "9 of 120 rows have no lags: 'y_mean_3' needs 3 earlier rows of each group" in caplog.text
    )
    assert "is chronological, as rows have dates" in caplog.text


def test_a_panel_is_split_by_date_and_its_rows_are_named_by_both(prepare, panel):
    by_group = panel.sort_values(["group", "day"], kind="stable")
    dataset, splits, _ = prepare(by_group, date_column="day", group="group")
    assert dataset.series is None
    test = [str(name) for name in splits["test"].index]
    days = pd.date_range("2024-02-02", periods=8).strftime("%Y-%m-%d")
    assert test == [f"{group} {day}" for group in "abc" for day in days]
    assert splits["test"].index.dtype.kind == "U"


def test_lags_of_one_series(prepare, panel):
    table = panel[panel.group == "a"].drop(columns=["group", "w"]).reset_index(drop=True)
    dataset, splits, _ = prepare(table, date_column="day", lags={"y": [2]}, features=["x"])
    assert dataset.features == ("x", "y_lag_2")
    np.testing.assert_array_equal(splits["train"].features[:, 1], table["y"][: len(table) - 10])
    assert splits["train"].index[0] == np.datetime64("2024-01-03")


def test_pieces_change_no_lag(prepare, panel, monkeypatch):
    given = {"date_column": "day", "group": "group", "lags": LAGS}
    _, whole, _ = prepare(panel, **given)
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 300)
    _, pieces, _ = prepare(panel, **given)
    for name in ("train", "test"):
        np.testing.assert_array_equal(pieces[name].features, whole[name].features)


def test_a_gap_in_a_lag_is_a_missing_value(prepare, panel, failure):
    panel.loc[60, "x"] = np.nan
    given = {"date_column": "day", "group": "group", "lags": {"x": [1]}, "drop": ["x", "w"]}
    expected = r"column 'x_lag_1' is empty or NaN in row 64 \(1 of 120\)"
    with failure.raises("gap in a lagged column", DataError, match=expected):
        prepare(panel, **given)
    _, splits, _ = prepare(panel, **given, missing="drop")
    assert sum(len(split.index) for split in splits.values()) == 120 - 3 - 1


@pytest.mark.parametrize(
    ("changes", "kind", "expected"),
    [
        ({"lags": LAGS}, ConfigError, "data.lags needs the order of time.*data.date_column=COLUMN"),
        ({"group": "group"}, ConfigError, "data.group needs the order of time"),
        ({"date_column": "day", "lags": {"z": [1]}}, DataError, "no column 'z'"),
        ({"date_column": "day", "lags": {"y": [1]}}, DataError, "dates must ascend, but 2024"),
        (
            {"date_column": "day", "lags": {"group": [1]}},
            DataError,
            "dates must ascend",
        ),
        (
            {"date_column": "day", "group": "group", "lags": {"y": [40]}},
            DataError,
            "'y_lag_40' needs 40 earlier rows of each group, and there are at most 40",
        ),
        ({"date_column": "day", "group": "day"}, DataError, "are both 'day'; name two columns"),
        ({"weight": "x", "lags": None, "class_weight": "balanced"}, ConfigError, "'y' is a number"),
    ],
)  # fmt: skip
def test_mistakes_are_refused(prepare, panel, failure, changes, kind, expected):
    with failure.raises(f"series: {', '.join(changes)}", kind, match=expected):
        prepare(panel, **changes)


def test_weights_go_beside_the_rows(prepare, panel):
    panel.loc[:4, "w"] = 0
    dataset, splits, train = prepare(panel, weight="w", split="chronological", features=["x"])
    assert dataset.features == ("x",)
    weights = panel["w"].to_numpy()
    assert (train.weight.dtype, train.weight.shape) == (np.float32, (96, 1))
    np.testing.assert_allclose(train.weight[:, 0], weights[:96] / weights[:96].mean(), rtol=1e-6)
    np.testing.assert_array_equal(splits["test"].weight, weights[96:, None])
    np.testing.assert_array_equal(splits["train"].weight, weights[:96, None])


def test_without_weights_there_is_no_file(prepare, panel):
    _, splits, train = prepare(panel)
    assert train.weight is splits["test"].weight is None


def test_class_weights_are_of_the_training_rows_alone(prepare, panel):
    panel["y"] = np.where(panel["x"] > 7, "yes", "no")
    dataset, splits, train = prepare(panel, class_weight="balanced")
    sums = np.bincount(splits["train"].label[:, 0].astype(int), train.weight[:, 0])
    np.testing.assert_allclose(sums, sums.mean(), rtol=1e-5)
    assert len(dataset.class_weights) == 2
    assert splits["test"].weight is None


@pytest.mark.parametrize(
    ("weights", "changes", "expected"),
    [
        (lambda w: w.mask(w.index == 5, -1), {}, "column 'w' of data.weight has -1 in row 6"),
        (lambda w: w.mask(w.index == 5), {}, "column 'w' is empty or NaN in row 6"),
        (lambda w: w * 0, {}, "is 0 in all 120 rows"),
        (lambda w: w.mask(w.index > 90, 0), {}, "is 0 in all 24 test rows"),
    ],
)
def test_wrong_weights(prepare, panel, failure, weights, changes, expected):
    panel["w"] = weights(panel["w"])
    with failure.raises("wrong weights", DataError, match=expected):
        prepare(panel, weight="w", split="chronological", **changes)


@pytest.fixture
def recipe():
    """A model of x and of lags of x and y, in groups."""
    lags = tuple(Lag(*name) for name in [("y", "lag", 1), ("y", "mean", 3)])
    series = Series(lags, "day", None, "group")
    return recipe_of("csv", ("x", "y_lag_1", "y_mean_3"), series=series)


def test_predict_makes_the_lags(panel, recipe):
    panel.loc[117:, "y"] = np.nan  # what is to be predicted
    found = inputs_of(panel, recipe, Path("own.csv"))["features"]
    expected = expected_lags(panel, panel["group"])[["y_lag_1", "y_mean_3"]]
    np.testing.assert_allclose(found[9:, 1:], expected[9:], rtol=1e-12)
    np.testing.assert_array_equal(found[:, 0], panel["x"])


def test_predict_takes_lagged_columns_where_the_table_has_them(recipe):
    table = pd.DataFrame({"x": [1.0], "y_lag_1": [2.0], "y_mean_3": [3.0]})
    found = inputs_of(table, recipe, Path("own.csv"))["features"]
    np.testing.assert_array_equal(found, [[1, 2, 3]])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t.drop(columns="day"), "no column 'day'"),
        (lambda t: t.drop(columns="y"), "no column 'y'"),
        (lambda t: t[::-1], "dates must ascend in each group"),
        (lambda t: t.assign(y=t.y.mask(t.index == 60)), "column 'y_lag_1' is empty or NaN"),
        (lambda t: t.assign(group=t.group.mask(t.index == 3)), "column 'group' is empty"),
        (lambda t: t[:9], "needs 3 earlier rows of each group, and there are at most 3 rows"),
    ],
)  # fmt: skip
def test_predict_refuses_what_lags_cannot_be_made_of(panel, recipe, failure, change, expected):
    with failure.raises("table without a past", DataError, match=expected):
        inputs_of(change(panel).reset_index(drop=True), recipe, Path("own.csv"))
