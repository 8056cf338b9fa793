"""Daily prices: the tutorial's features, and a target some rows ahead."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.data import preparation
from pipeline.data.sources import read_examples
from pipeline.errors import DataError


def test_the_prices_are_those_of_the_tutorial(data):
    chosen = data("sp500")
    dataset, splits = preparation.prepare(chosen, 0, read_examples(chosen), "digest")
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
        rtol=1e-6,
    )
    assert splits["train"].label[row, 0] == np.float32(raw.adj_close[row + horizon])
    assert str(splits["train"].index[row]) == day.date


@pytest.mark.parametrize("validation_share", [0.0, 0.1])
def test_later_splits_are_later_and_the_latest_have_no_label(data, validation_share):
    chosen = data("sp500", validation_share=validation_share)
    _, splits = preparation.prepare(chosen, 0, read_examples(chosen), "digest")
    days = np.concatenate([split.index for split in splits.values()])
    assert (np.diff(days) > np.timedelta64(0)).all()
    assert str(days[-1]) == "2018-12-31"
    assert splits["latest"].label.shape == (0, 1)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda raw: raw[::-1], "dates must ascend, but row 2"),
        (lambda raw: raw.assign(date=raw.date.where(raw.index != 3, "soon")), "'soon' in row 4"),
        (lambda raw: raw.assign(open=raw.open.where(raw.index != 3, 0)), "'open' is not positive"),
        (lambda raw: raw.drop(columns="volume"), "no column 'volume'"),
        (lambda raw: raw[:1], "the target lies 1 ahead"),
    ],
)
def test_unfit_prices_are_one_message(data, tmp_path: Path, change, expected):
    raw = pd.read_csv(data("sp500").path)[:300]
    change(raw).to_csv(tmp_path / "prices.csv", index=False)
    with pytest.raises(DataError, match=expected):
        read_examples(data("sp500", path=str(tmp_path / "prices.csv")))
