"""Tables are read whole, or refused with a message that points at the cell."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.data.tables import numbers, read_table, write_table
from pipeline.errors import DataError


def refused(path: Path, columns=("x", "y")) -> str:
    with pytest.raises(DataError) as caught:
        numbers(read_table(path), columns, path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"x,y\n", "no rows"),
        (b"x;y\n1;2\n", "no column 'x'"),
        (b"x,z\n1,2\n", "no column 'y'"),
        (b"x,y\n1,2\n3,oops\n", "column 'y' has text, such as 'oops', in row 2"),
        (b"x,y\n1,\n3,4\n5,\n", "column 'y' is empty or NaN in rows 1, 3"),
        (b"x,y\n1,nan\n", "is empty or NaN in row 1"),
        (b"x,y\n1,inf\n2,-inf\n", "column 'y' is infinite in rows 1, 2"),
        (b"x,y\n1,2\n1,2,3,4\n", "cannot be read"),
        (b'x,y\n"1,2\n3,4\n', "cannot be read"),
        (b"x,y\n1,\xff\xfe\n", "cannot be read"),
        (b"x,y\nTrue,1\nFalse,2\n", "column 'x' has text"),
        (b"x,y,y\n1,2,3\n", "more than one column 'y'"),
        (b"x,y\n1,2,3\n4,5,6\n", "cannot be read"),
        (b"x,y\n1," + b"9" * 400 + b"\n", "column 'y' is infinite in row 1"),
    ],
)
def test_a_bad_csv_is_one_message_with_the_place(tmp_path: Path, content: bytes, expected: str):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    message = refused(path)
    assert expected in message
    assert str(path) in message


def test_all_bad_columns_are_named_at_once(tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_text("x,y\none,inf\n2,3\n")
    message = refused(path)
    assert "column 'x'" in message
    assert "column 'y'" in message


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.bz2", "t.csv.xz", "t.csv.zip", "t.csv.zst"])
def test_broken_compression_is_one_message(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"\x1f\x8b\x08 no archive")
    assert "cannot be read" in refused(tmp_path / name)


def test_columns_of_any_kind_are_numbers_or_named(tmp_path: Path):
    table = pd.DataFrame(
        {
            0: pd.array([1, None], dtype="Int64"),
            1: pd.to_datetime(["2020-01-01", "2020-01-02"]),
            2: [b"one", b"two"],
            3: pd.Categorical(["3", "4"]),
        }
    )
    table.columns = table.columns.map(int)
    path = tmp_path / "table.parquet"
    table.to_parquet(path)
    message = refused(path, ("0", "1", "2", "3"))
    assert "column '0' is empty or NaN in row 2" in message
    assert "column '1' has text" in message
    assert "column '2' has text" in message
    assert "'3'" not in message


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not parquet at all"])
def test_a_broken_parquet_file_is_one_message(tmp_path: Path, content: bytes):
    path = tmp_path / "table.parquet"
    path.write_bytes(content)
    assert "cannot be read" in refused(path)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path):
    assert "no such file" in refused(tmp_path / "none.csv")
    assert "is no regular file" in refused(tmp_path)


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz", "table.parquet"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str):
    table = pd.DataFrame({"x": [1.5, 2.0], "y": [3, 4]})
    write_table(table, tmp_path / name)
    found = numbers(read_table(tmp_path / name), ("y", "x"), tmp_path / name)
    np.testing.assert_array_equal(found, [[3, 1.5], [4, 2]])
