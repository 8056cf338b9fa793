"""From a source to splits: the right rows, features, labels and scaling."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from pipeline.data import preparation, prepared
from pipeline.data.sources import read_examples
from pipeline.data.splits import split_rows
from pipeline.errors import DataError

from ..conftest import REPOSITORY


def make(settings, *overrides):
    chosen = settings(*overrides)
    return preparation.prepare(chosen, read_examples(chosen), "digest")


def csv(tmp_path: Path, rows: int = 20, **columns) -> str:
    generator = np.random.default_rng(0)
    table = {
        "a": generator.normal(size=rows),
        "b": np.arange(rows),
        "y": generator.normal(size=rows),
    }
    path = tmp_path / "own.csv"
    pd.DataFrame({**table, **columns}).to_csv(path, index=False)
    return f"data.path={path}"


def test_the_prices_are_those_of_the_tutorial(settings):
    dataset, splits = make(settings)
    raw = pd.read_csv("data/raw/sp500.csv")
    horizon = math.ceil(0.01 * len(raw))
    assert (len(raw), horizon, dataset.horizon) == (5031, 51, 51)
    assert [len(split.index) for split in splits.values()] == [3984, 996, 51]
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


def test_chronological_test_rows_are_the_last_and_the_latest_have_no_label(settings):
    _, splits = make(settings)
    assert splits["train"].index.max() < splits["test"].index.min()
    assert splits["test"].index.max() < splits["latest"].index.min()
    assert str(splits["latest"].index[-1]) == "2018-12-31"
    assert splits["latest"].label.shape == (0, 1)


def test_the_random_split_is_scikit_learns():
    train, test = split_rows(100, "random", 0.2, seed=3)
    expected_train, expected_test = train_test_split(np.arange(100), test_size=20, random_state=3)
    np.testing.assert_array_equal(train, sorted(expected_train))
    np.testing.assert_array_equal(test, sorted(expected_test))


def test_the_scaling_is_fitted_on_the_training_rows_alone(settings):
    dataset, splits = make(settings)
    expected = StandardScaler().fit(splits["train"].features.astype(np.float64))
    np.testing.assert_allclose(dataset.scaling.feature_mean, expected.mean_)
    np.testing.assert_allclose(dataset.scaling.feature_scale, expected.scale_)
    assert dataset.scaling.label_mean == splits["train"].label.mean(dtype=np.float64)


def test_what_is_written_is_read_again_byte_for_byte(settings, tmp_path: Path):
    dataset, splits = make(settings)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        prepared.write(dataset, splits, tmp_path / name)
    assert prepared.read_dataset(tmp_path / "one") == dataset
    for name, split in splits.items():
        found = prepared.read_split(name, tmp_path / "one")
        for field in ("features", "label", "index"):
            np.testing.assert_array_equal(getattr(found, field), getattr(split, field))
    for file in (tmp_path / "one").rglob("*.*"):
        assert (
            file.read_bytes()
            == (tmp_path / "two" / file.relative_to(tmp_path / "one")).read_bytes()
        )


def test_own_table_takes_every_numeric_column_but_the_target(settings, tmp_path: Path):
    path = csv(tmp_path, name=["text"] * 20)
    dataset, splits = make(settings, "data=csv", path, "data.target=y")
    assert dataset.features == ("a", "b")
    assert [len(split.index) for split in splits.values()] == [16, 4, 0]
    dataset, _ = make(settings, "data=csv", path, "data.target=y", "data.features=[b]")
    assert dataset.features == ("b",)


@pytest.mark.parametrize(
    ("columns", "overrides", "expected"),
    [
        ({}, ["data.target=z"], "no column 'z'"),
        ({}, ["data.target=y", "data.features=[a,c]"], "no column 'c'"),
        ({}, ["data.target=y", "data.features=[a,y]"], "holds the target"),
        ({}, ["data.target=y", "data.features=[a,a]"], "names a column twice"),
        ({"b": 7}, ["data.target=y"], "constant over the 16 training rows: b"),
        ({"y": 7}, ["data.target=y"], "constant over the 16 training rows: y"),
        ({"b": 1e300}, ["data.target=y"], "beyond float32"),
        ({"a": "x", "b": "x"}, ["data.target=y"], "no numeric column but the target"),
        ({"b": ["oops", *range(19)]}, ["data.target=y"], "'b' has text, such as 'oops', in row 1"),
        ({"b": np.arange(20) * 1e-42}, ["data.target=y"], "less than float32 can scale"),
        ({}, ["data.target=y", "data.test_share=0.99"], "leave 0 for training"),
    ],
)
def test_an_unfit_table_is_one_message(settings, tmp_path: Path, columns, overrides, expected):
    with pytest.raises(DataError, match=expected):
        make(settings, "data=csv", csv(tmp_path, **columns), *overrides)


def test_a_column_that_is_constant_in_float32_is_constant(settings, tmp_path: Path):
    path = csv(tmp_path, b=1e9 + np.arange(20) / 100)
    with pytest.raises(DataError, match="constant over the 16 training rows: b"):
        make(settings, "data=csv", path, "data.target=y")


def test_one_row_is_too_few(settings, tmp_path: Path):
    with pytest.raises(DataError, match="each needs two at least"):
        make(settings, "data=csv", csv(tmp_path, rows=1), "data.target=y")


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
def test_unfit_prices_are_one_message(settings, tmp_path: Path, change, expected):
    raw = pd.read_csv(REPOSITORY / "data/raw/sp500.csv")[:300]
    change(raw).to_csv(tmp_path / "prices.csv", index=False)
    chosen = settings(f"data.path={tmp_path / 'prices.csv'}")
    with pytest.raises(DataError, match=expected):
        read_examples(chosen)


def test_damaged_prepared_data_says_how_to_make_it_again(settings, tmp_path: Path):
    dataset, splits = make(settings)
    prepared.write(dataset, splits, tmp_path)
    (tmp_path / "dataset.json").write_text("{}")
    (tmp_path / "test/features.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(DataError, match="dvc repro prepare"):
        prepared.read_dataset(tmp_path)
    with pytest.raises(DataError, match="dvc repro prepare"):
        prepared.read_split("test", tmp_path)
