"""Whatever is done to a sound table: a data set of finite numbers, or one message."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from pipeline.data.sources.idx_images import read_idx
from pipeline.data.sources.prices import PRICE_COLUMNS
from pipeline.errors import DataError
from pipeline.schema.data import DataSource, PricesData, TableData

from ..conftest import REPOSITORY
from ..made import prepared_of
from ..test_damage import damaged, thorough
from .test_idx import WHOLE

ROWS = 24
NAMES = ["day", "a", "b", "kind", "y"]
DAYS = pd.date_range("2024-02-20", periods=ROWS).strftime("%Y-%m-%d").tolist()
NUMBERS = np.random.default_rng(0).normal(5, 9, (3, ROWS)).round(3).tolist()
COLUMNS = [DAYS, *NUMBERS[:2], ["ant", "bee", "cat"] * (ROWS // 3), NUMBERS[2]]

ODD_NUMBERS = ["inf", "-1e999", "1e39", "1e-320", "9" * 30, "0x1F", "1,5", "1_0", "٣", "-", "True"]
ODD_DATES = ["2024-02-30", "now", "NaT", "99999-01-01"]
ODD_WORDS = ["", " ", "nan", "None", "ant", '"', "\n", "\ufeff", "x" * 300]

odd_text = st.sampled_from([*ODD_NUMBERS, *ODD_DATES, *ODD_WORDS])
odd_numbers = st.floats(allow_nan=False, allow_infinity=False).map(str) | st.integers().map(str)
odd_cells = odd_text | odd_numbers | st.text(max_size=9)

odd_columns = st.sampled_from(
    [
        pyarrow.float16(),
        pyarrow.float64(),
        pyarrow.int8(),
        pyarrow.uint64(),
        pyarrow.bool_(),
        pyarrow.string(),
        pyarrow.binary(),
        pyarrow.date32(),
        pyarrow.timestamp("ns", "UTC"),
        pyarrow.timestamp("s"),
        pyarrow.duration("us"),
        pyarrow.decimal128(38, 3),
        pyarrow.list_(pyarrow.float32()),
        pyarrow.struct([("a", pyarrow.int8())]),
        pyarrow.dictionary(pyarrow.int8(), pyarrow.string()),
        pyarrow.null(),
    ]
).flatmap(
    lambda kind: st.tuples(
        st.just(kind), st.lists(VALUES.get(kind.id, st.none()), min_size=ROWS, max_size=ROWS)
    )
)


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


VALUES = {
    pyarrow.float16().id: optional(st.floats(width=16).map(np.float16)),
    pyarrow.float64().id: optional(st.floats()),
    pyarrow.int8().id: optional(st.integers(-128, 127)),
    pyarrow.uint64().id: optional(st.integers(0, 2**64 - 1)),
    pyarrow.bool_().id: optional(st.booleans()),
    pyarrow.string().id: optional(odd_cells),
    pyarrow.binary().id: optional(st.binary(max_size=3)),
    pyarrow.date32().id: optional(st.dates()),
    pyarrow.timestamp("s").id: optional(st.integers(-(2**40), 2**40)),
    pyarrow.duration("us").id: optional(st.integers(-(2**40), 2**40)),
    pyarrow.decimal128(38, 3).id: optional(st.decimals(-(10**30), 10**30, places=3)),
    pyarrow.list_(pyarrow.float32()).id: optional(st.lists(st.floats(width=32), max_size=2)),
    pyarrow.struct([]).id: optional(st.fixed_dictionaries({"a": st.integers(0, 9)})),
    pyarrow.dictionary(pyarrow.int8(), pyarrow.string()).id: optional(odd_text),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage")


def option(name: str) -> dict[str, Any]:
    return dict(OmegaConf.to_container(OmegaConf.load(REPOSITORY / f"conf/data/{name}.yaml")))


@st.composite
def tables(draw: st.DrawFn, path: Path) -> TableData:
    """Choose how a table is read."""
    task = draw(st.sampled_from(["regression", "classification", "auto"]))
    return TableData.model_validate(
        option("csv")
        | {
            "path": str(path),
            "task": task,
            "target": "kind" if task == "classification" else "y",
            "missing": draw(st.sampled_from(["fail", "drop", "mean", "median"])),
            "date_column": draw(st.sampled_from([None, "day"])),
            "features": draw(st.sampled_from([None, ["a", "b"], ["?", "kind"]])),
            "split": draw(st.sampled_from(["chronological", "random", "kfold", "none"])),
        }
    )


def require_sound_or_refused(chosen: DataSource) -> None:
    try:
        dataset, splits = prepared_of(chosen)
    except DataError as error:
        assert chosen.path in str(error) or "data." in str(error)
        assert len(str(error)) < 2000
        return
    for split in splits.values():
        assert split.features.shape == (len(split.index), len(dataset.features))
        assert split.features.dtype == np.float64
        assert split.label.dtype == (np.float32 if dataset.classes else np.float64)
        assert split.text.shape == (len(split.index), len(dataset.text))
        assert np.isfinite(split.encode(dataset.encoding).features).all()
        assert np.isfinite(split.label).all()
    assert len(splits["train"].label) >= 2
    scaling = dataset.encoding.scaling
    assert np.isfinite([*scaling.feature_mean, *scaling.feature_scale]).all()


def as_csv(names: list[str], columns: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *zip(*columns, strict=True)])
    return text.getvalue()


def as_parquet(names: list[str], columns: list[Any], path: Path) -> None:
    arrays = [pyarrow.array(*column) for column in columns]
    pyarrow.parquet.write_table(pyarrow.Table.from_arrays(arrays, names=names), path)


@pytest.mark.slow
@thorough()
@given(data=st.data())
def test_bytes_of_a_csv(home: Path, data: st.DataObject):
    path = home / "bytes.csv"
    path.write_bytes(data.draw(damaged(as_csv(NAMES, COLUMNS).encode())))
    require_sound_or_refused(data.draw(tables(path)))


@pytest.mark.slow
@thorough(120)
@given(data=st.data())
def test_cells_and_columns_of_a_csv(home: Path, data: st.DataObject):
    names, columns = list(NAMES), [list(column) for column in COLUMNS]
    for _ in range(data.draw(st.integers(1, 3))):
        column = data.draw(st.integers(0, len(names) - 1))
        match data.draw(
            st.sampled_from(["number", "number", "cell", "all cells", "rename", "double", "drop"])
        ):
            case "number":
                columns[column][data.draw(st.integers(0, ROWS - 1))] = data.draw(odd_numbers)
            case "cell":
                columns[column][data.draw(st.integers(0, ROWS - 1))] = data.draw(odd_cells)
            case "all cells":
                columns[column] = [data.draw(odd_cells)] * ROWS
            case "rename":
                names[column] = data.draw(odd_cells)
            case "double":
                names.append(names[column])
                columns.append(columns[column])
            case _ if len(names) > 1:
                del names[column], columns[column]
    path = home / "cells.csv"
    path.write_text(as_csv(names, columns), encoding="utf-8", errors="replace", newline="")
    require_sound_or_refused(data.draw(tables(path)))


@pytest.fixture(scope="module")
def whole_parquet(home: Path) -> bytes:
    as_parquet(NAMES, [(column,) for column in COLUMNS], home / "whole.parquet")
    return (home / "whole.parquet").read_bytes()


@pytest.mark.slow
@thorough()
@given(data=st.data())
def test_bytes_of_a_parquet_file(home: Path, whole_parquet: bytes, data: st.DataObject):
    path = home / "bytes.parquet"
    path.write_bytes(data.draw(damaged(whole_parquet)))
    require_sound_or_refused(data.draw(tables(path)))


@pytest.mark.slow
@thorough()
@given(data=st.data())
def test_columns_of_a_parquet_file(home: Path, data: st.DataObject):
    names, columns = list(NAMES), [(column,) for column in COLUMNS]
    for _ in range(data.draw(st.integers(1, 3))):
        column = data.draw(st.integers(0, len(names) - 1))
        kind, values = data.draw(odd_columns)
        columns[column] = (values, kind)
        if data.draw(st.booleans()):
            names[data.draw(st.integers(0, len(names) - 1))] = data.draw(odd_cells)
    path = home / "columns.parquet"
    try:
        as_parquet(names, columns, path)
    except (ValueError, pyarrow.ArrowException):
        return  # Parquet has no place for it
    require_sound_or_refused(data.draw(tables(path)))


@pytest.mark.slow
@thorough()
@given(data=st.data())
def test_bytes_and_cells_of_prices(home: Path, data: st.DataObject):
    path = home / "prices.csv"
    raw = pd.read_csv(REPOSITORY / "data/raw/sp500.csv", nrows=ROWS, dtype=str)
    column = data.draw(st.sampled_from(["date", *PRICE_COLUMNS]))
    raw.loc[data.draw(st.integers(0, ROWS - 1)), column] = data.draw(odd_cells)
    content = raw.to_csv(index=False).encode(errors="replace")
    path.write_bytes(data.draw(st.just(content) | damaged(content)))
    missing = data.draw(st.sampled_from(["fail", "drop"]))
    changes = {"path": str(path), "missing": missing, "horizon_share": 0.1}
    require_sound_or_refused(PricesData.model_validate(option("sp500") | changes))


@thorough()
@given(data=st.data())
def test_bytes_of_an_idx_file(home: Path, data: st.DataObject):
    path = home / "images"
    path.write_bytes(data.draw(damaged(WHOLE)))
    try:
        assert read_idx(path).size <= path.stat().st_size
    except DataError as error:
        assert str(path) in str(error)
