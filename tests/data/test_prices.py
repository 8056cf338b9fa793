"""Daily prices: the tutorial's features, and a target some rows ahead."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.data.sources import read_examples
from pipeline.errors import DataError
from pipeline.workspace import Workspace

from ..made import prepared_of

pytestmark = pytest.mark.slow


def test_the_prices_are_those_of_the_tutorial(data):
    chosen = data("sp500")
    dataset, splits = prepared_of(chosen)
    raw = pd.read_csv("data/raw/sp500.csv")
    horizon = math.ceil(0.01 * len(raw))
    assert (len(raw), horizon, dataset.horizon) == (5031, 51, 51)
    sizes = {name: len(split.index) for name, split in splits.items()}
    assert sizes == {"train": 3984, "validation": 0, "test": 996, "latest": 51}
    row = 17
    day = raw.iloc[row]
    np.testing.assert_allclose(
        splits["train"].features[row],
        [
            day.adj_close,
            (day.high - day.low) / day.close * 100,
            (day.close - day.open) / day.open * 100,
            day.volume,
        ],
        rtol=1e-12,
    )
    assert splits["train"].label[row, 0] == raw.adj_close[row + horizon]
    assert str(splits["train"].index[row]) == day.date


@pytest.mark.parametrize("validation_share", [0.0, 0.1])
def test_later_splits_are_later_and_the_latest_have_no_label(data, validation_share):
    chosen = data("sp500", validation_share=validation_share)
    _, splits = prepared_of(chosen)
    days = np.concatenate([split.index for split in splits.values()])
    assert (np.diff(days) > np.timedelta64(0)).all()
    assert str(days[-1]) == "2018-12-31"
    assert splits["latest"].label.shape == (0, 1)


def altered(column, row, value):
    """Put a value into a row, counted from 1."""
    return lambda raw: raw.assign(**{column: raw[column].where(raw.index != row - 1, value)})


@pytest.mark.parametrize(
    ("what", "change", "expected"),
    [
        (
            "prices with dates out of order",
            lambda raw: raw[::-1],
            r"dates must ascend, but 2000-03-09 in row 2 is before 2000-03-10 in row 1; sort",
        ),
        (
            "prices with a date twice",
            altered("date", 5, "1999-01-07"),
            "but 1999-01-07 in row 5 is the same as 1999-01-07 in row 4; sort",
        ),
        ("prices with a word as date", altered("date", 4, "soon"), "'soon' in row 4.*1999-01-04"),
        ("prices with `now` as date", altered("date", 4, "now"), "'now' in row 4"),
        ("prices with a date that is not", altered("date", 4, "1999-02-30"), "'1999-02-30' in row"),
        ("prices without a date", altered("date", 4, None), "'date' is empty or NaN in row 4"),
        ("a missing price", altered("low", 7, None), r"'low' .* row 7 \(1 of 300\);\n.*=drop"),
        ("an open of zero", altered("open", 4, 0), "'open' is not positive in row 4"),
        ("a price that is text", altered("high", 9, "n/q"), "'high' has text.* 'n/q', in row 9"),
        ("a price that is infinite", altered("high", 9, 1e999), "'high' is infinite in row 9"),
        ("prices without volume", lambda raw: raw.drop(columns="volume"), "no column 'volume'"),
        ("a single price", lambda raw: raw[:1], "the target lies 1 ahead"),
    ],
)
def test_unfit_prices_are_one_message(failure, data, tmp_path: Path, what, change, expected):
    raw = pd.read_csv(data("sp500").path)[:300]
    change(raw).to_csv(tmp_path / "prices.csv", index=False)
    with failure.raises(what, DataError, match=rf"(?s)prices\.csv.*{expected}"):
        read_examples(data("sp500", path=str(tmp_path / "prices.csv")), Workspace.here())


def test_prices_beyond_float32_are_one_message(failure, data, tmp_path: Path):
    raw = pd.read_csv(data("sp500").path)[:300]
    altered("volume", 11, 1e39)(raw.astype({"volume": float})).to_csv(
        tmp_path / "prices.csv", index=False
    )
    chosen = data("sp500", path=str(tmp_path / "prices.csv"))
    expected = r"prices\.csv: column 'volume' has 1e\+39 in date 1999-01-19, beyond float32"
    with failure.raises("a price beyond float32", DataError, match=expected):
        prepared_of(chosen)


def test_days_with_a_missing_price_can_be_dropped(data, tmp_path: Path, caplog):
    caplog.set_level("INFO")
    raw = pd.read_csv(data("sp500").path)[:300]
    holes = altered("date", 9, " ")(altered("low", 7, None)(raw))
    for name, table in (("holes", holes), ("dropped", raw.drop(index=[6, 8]))):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    found, expected = (
        read_examples(
            data("sp500", path=str(tmp_path / f"{name}.csv"), missing="drop"),
            Workspace.here(),
        )
        for name in ("holes", "dropped")
    )
    for field in ("features", "label", "index", "latest_features", "latest_index"):
        np.testing.assert_array_equal(getattr(found, field), getattr(expected, field))
    assert "dropped 2 of 300 rows, which have a missing value" in caplog.text
