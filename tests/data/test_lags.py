"""Lags and windows are those of pandas, never look ahead, and stay in their group."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.data.lags import (
    LagsOfPieces,
    choose_rows_with_past,
    has_lags,
    list_lags,
    make_lags,
    require_new_names,
)
from pipeline.data.prepared.series import Lag
from pipeline.errors import ConfigError, DataError

PATH = Path("own.csv")
LAGS = list_lags({"y": [1, 7], "x": {"lag": [2], "mean": [3], "std": [3], "min": [4], "max": [5]}})


@pytest.fixture
def panel() -> pd.DataFrame:
    """Rows of three groups, in the order of their dates; a group has two rows."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"x": generator.normal(size=60), "y": generator.normal(size=60)})
    frame["group"] = generator.choice(["a", "b"], 60)
    frame.loc[[10, 50], "group"] = "c"
    return frame


def made(frame, lags=LAGS, grouped=True):
    groups = frame["group"].to_numpy(object) if grouped else None
    return make_lags(frame[["x", "y"]].to_numpy(), ["x", "y"], lags, groups)


def test_names_tell_the_column_the_kind_and_the_rows():
    names = [lag.name for lag in LAGS]
    assert names == ["y_lag_1", "y_lag_7", "x_lag_2", "x_mean_3", "x_std_3", "x_min_4", "x_max_5"]
    assert has_lags(LAGS, [*names, "z"])
    assert not has_lags(LAGS, names[1:])


@pytest.mark.parametrize("grouped", [False, True])
def test_columns_are_those_of_pandas(panel, grouped):
    found, enough = made(panel, grouped=grouped)
    key = panel["group"] if grouped else np.zeros(60)
    series = panel.groupby(key)
    for number, lag in enumerate(LAGS):
        if lag.kind == "lag":
            expected = series[lag.column].shift(lag.rows)
        else:
            expected = series[lag.column].transform(
                lambda values, lag=lag: values.shift(1).rolling(lag.rows).agg(lag.kind)
            )
        np.testing.assert_allclose(found[:, number], expected, rtol=1e-12, err_msg=lag.name)
    np.testing.assert_array_equal(enough, series.cumcount() >= 7)
    np.testing.assert_array_equal(enough, ~np.isnan(found).any(1))


def test_nothing_looks_ahead_or_at_its_own_row(panel):
    before, _ = made(panel)
    changed = panel.copy()
    changed.loc[30:, ["x", "y"]] = 1e9
    after, _ = made(changed)
    np.testing.assert_array_equal(after[:31], before[:31])


def test_the_bits_of_a_row_do_not_depend_on_the_rows_around_it(panel):
    whole, _ = made(panel, grouped=False)
    part, enough = made(panel[23:31], grouped=False)
    np.testing.assert_array_equal(part[enough], whole[30:31])


def test_a_gap_is_a_gap_and_not_a_lack_of_past(panel):
    panel.loc[20, "y"] = np.nan
    found, enough = made(panel, (Lag("y", "lag", 1), Lag("y", "mean", 2)), grouped=False)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found[:, 0])), [0, 21])
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found[:, 1])), [0, 1, 21, 22])
    np.testing.assert_array_equal(np.flatnonzero(~enough), [0, 1])


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("size", [1, 7, 60])
def test_pieces_have_the_bits_of_the_whole(panel, grouped, size):
    pieces = LagsOfPieces(["x", "y"], LAGS)
    found = []
    for first in range(0, 60, size):
        piece = panel[first : first + size]
        groups = piece["group"].to_numpy(object) if grouped else None
        found.append(pieces.make(piece[["x", "y"]].to_numpy(), groups))
    for whole, parts in zip(made(panel, grouped=grouped), zip(*found, strict=True), strict=True):
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_more_rows_than_the_table_has():
    found, enough = make_lags(np.ones((3, 1)), ["x"], [Lag("x", "lag", 5)], None)
    assert np.isnan(found).all()
    assert not enough.any()


def test_rows_without_enough_past_are_counted(caplog):
    caplog.set_level("INFO")
    enough = np.array([False, False, True])
    kept = choose_rows_with_past(enough, None, [Lag("x", "lag", 1), Lag("x", "mean", 2)], PATH)
    np.testing.assert_array_equal(kept, enough)
    assert caplog.messages == ["own.csv: 2 of 3 rows have no lags: 'x_mean_2' needs 2 earlier rows"]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (None, "needs 4 earlier rows, and there are at most 4 rows; give more"),
        (
            np.array(list("aaba"), object),
            "earlier rows of each group, and there are at most 3 rows",
        ),
    ],
)
def test_a_table_of_which_no_row_has_enough_past(failure, groups, expected):
    with failure.raises("too few rows for the lags", DataError, match=expected):
        choose_rows_with_past(np.zeros(4, bool), groups, [Lag("x", "lag", 4)], PATH)


@pytest.mark.parametrize(
    ("what", "settings", "expected"),
    [
        ("a lag given twice", {"x": [1, 2, 1]}, r"the column 'x_lag_1' twice; remove one"),
        (
            "a deviation of one row",
            {"x": {"std": [1]}},
            r"data\.lags\.x: std of 1 row .* 2 or more",
        ),
    ],
)
def test_lags_that_cannot_be_made(failure, what, settings, expected):
    with failure.raises(what, ConfigError, match=expected):
        list_lags(settings)


def test_a_lag_that_is_a_column_already(failure):
    with failure.raises("a lag that is a column", DataError, match=r"own\.csv: .*'x_lag_2', and"):
        require_new_names([Lag("x", "lag", 2)], ["x", "x_lag_2"], PATH)
