"""Parquet files, and tables of either kind: numbers, or a message that points at the cell."""

import io
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from pipeline.data.missing_values import read_complete_numbers
from pipeline.data.tables import read_table
from pipeline.errors import DataError
from pipeline.prediction.features import REMEDY
from pipeline.reporting import table_writer
from pipeline.reporting.table_writer import write_table

from ..made import numbers


def read(path: Path, columns=("x", "y")) -> np.ndarray:
    """Read columns of a table, in which nothing is missing."""
    return read_complete_numbers(read_table(path), columns, path, REMEDY)


def test_columns_of_any_kind_are_numbers_or_named(failure, tmp_path: Path):
    table = pd.DataFrame(
        {
            0: [1, 2],
            1: pd.to_datetime(["2020-01-01", "2020-01-02"]),
            2: [b"one", b"two"],
            3: pd.Categorical(["3", "4"]),
            4: [[1.0, 2.0], [3.0]],
            5: [{"a": 1}, {"a": 2}],
        }
    )
    table.columns = table.columns.map(int)
    path = tmp_path / "table.parquet"
    table.to_parquet(path)
    expected = "(?s)'1' has text.*'2' has text.*'4' has text.*'5' has text"
    with failure.raises("Parquet with text, dates and lists", DataError, match=expected) as _:
        read(path, ("0", "1", "2", "3", "4", "5"))
    np.testing.assert_array_equal(read(path, ("0", "3")), [[1, 3], [2, 4]])


def test_missing_values_of_parquet_are_found_in_columns_of_any_kind(failure, tmp_path: Path):
    path = tmp_path / "table.parquet"
    schema = pyarrow.schema(
        [("a", pyarrow.int64()), ("b", pyarrow.float32()), ("c", pyarrow.decimal128(9, 2))]
    )
    rows = [{"a": 1, "b": float("nan"), "c": 3}, {"a": None, "b": 2.0, "c": 4}, {"c": None}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), path)
    expected = r"(?s)'a'.* rows 2, 3 \(2 of 3\).*'b'.* rows 1, 3 .*'c' .*row 3 \(1 of 3\)"
    with failure.raises("Parquet with missing values", DataError, match=expected):
        read(path, ("a", "b", "c"))


def parquet(tmp_path: Path) -> bytes:
    path = tmp_path / "whole.parquet"
    pd.DataFrame({"x": range(99), "z": range(99)}).to_parquet(path)
    return path.read_bytes()


def test_a_broken_parquet_file_is_one_message(failure, tmp_path: Path):
    path = tmp_path / "table.parquet"
    whole = parquet(tmp_path)
    for what, content, expected in (
        ("an empty Parquet file", b"", "cannot be read: .*; fix or replace it"),
        ("Parquet cut at its end", whole[:-9], "cannot be read"),
        ("Parquet cut in its middle", whole[: len(whole) // 2], "cannot be read"),
        ("Parquet with a damaged footer", whole[:-99] + bytes(91) + whole[-8:], "cannot be read"),
        ("CSV named .parquet", b"x,y\n1,2\n" * 9, "cannot be read: Parquet magic bytes not found"),
        ("Parquet without a column", whole, "no column 'y'; .*it has x, z"),
    ):
        path.write_bytes(content)
        with failure.raises(what, DataError, match=expected):
            read(path)


def test_a_parquet_bomb_is_one_message(failure, tmp_path: Path):
    path = tmp_path / "table.parquet"
    zeros = pyarrow.table({"x": pyarrow.array(np.zeros(2**25 + 1, np.int8))})
    pyarrow.parquet.write_table(zeros, path)
    expected = "announces 268 MB, over 100 times its size; if this is intended, give it as CSV"
    with failure.raises("Parquet: a bomb", DataError, match=expected):
        read_table(path)


def test_what_is_no_file_and_unknown_endings_are_one_message(failure, tmp_path: Path):
    for name in ("table.xlsx", "table", "table.csv.lzma", "csv"):
        (tmp_path / name).write_text("x,y\n1,2\n")
    (tmp_path / "folder.csv").mkdir()
    for what, name, expected in (
        ("a table that is not there", "none.csv", "no such file; give an existing one"),
        (
            "a folder without a table",
            "folder.csv",
            "has no table; give a folder of CSV or Parquet files",
        ),
        ("a table named .xlsx", "table.xlsx", "the ending '.xlsx' is unknown; give a .csv file"),
        ("a table packed by something else", "table.csv.lzma", "the ending '.lzma' is unknown"),
        ("a table without an ending", "table", "the ending '' is unknown"),
    ):
        with failure.raises(what, DataError, match=expected):
            read(tmp_path / name)


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz", "table.parquet"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str):
    table = pd.DataFrame({"x": [1.5, 2.0], "y": [3, 4]})
    write_table(table, tmp_path / name)
    found = numbers(read_table(tmp_path / name), ("y", "x"), tmp_path / name)
    np.testing.assert_array_equal(found, [[3, 1.5], [4, 2]])


WORDS = ["a", "", None, '"', ",", "\n", "\r", "\r\n", " x", "é", "NA", "a\tb", "#"]
NUMBERS = [1.0, 0.1 + 0.2, 1e22, 1e-7, -0.0, float("nan"), float("inf"), 123456789.0]


@pytest.mark.parametrize("word", WORDS)
def test_the_fast_way_to_write_gives_the_bytes_of_pandas(word):
    for number, kind in itertools.product(NUMBERS, ("f4", "f8", "str")):
        words = pd.Series([word, "z"], dtype="str")
        table = pd.DataFrame({"t,": words, "n": np.array([number, 2]).astype(kind)})
        for chosen in (table, table[["t,"]]):
            ours, theirs = io.StringIO(newline=""), io.StringIO(newline="")
            table_writer.write_csv(chosen, ours, has_header=True)
            chosen.to_csv(theirs, index=False, lineterminator="\n")
            assert ours.getvalue() == theirs.getvalue()


def test_plain_text_and_numbers_are_written_the_fast_way():
    table = pd.DataFrame({"t": pd.Series(["a", None], dtype="str"), "n": np.float32([0.1, 2])})
    assert table_writer._format_unquoted(table) == "a,0.1\n,2.0\n"
    for unfit in (table[["t"]], table.assign(t=[True, False]), table.assign(t='"')):
        with pytest.raises(pyarrow.ArrowInvalid):
            table_writer._format_unquoted(unfit)
