"""What is written has the cells of the source, in a format that its name says."""

import decimal
from pathlib import Path

import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from pipeline.data.tables import Table
from pipeline.errors import DataError
from pipeline.reporting.column_types import find_types
from pipeline.reporting.table_writer import TableWriter


def copy(source: Path, to: Path) -> Path:
    """Write a table again, as `pipeline predict` does."""
    table = Table(source)
    types = find_types(table) if to.suffix == ".parquet" else {}
    with TableWriter(to, types) as writer:
        for piece in table.pieces(table.columns if table.schema is None else ()):
            writer.append(piece)
    return to


KINDS = [
    (["1", "-2", ""], "int64", [1, -2, None]),
    (["9007199254740993", "", "1"], "int64", [9007199254740993, None, 1]),
    (["1", "NA", "3"], "int64", [1, None, 3]),
    (["18446744073709551615", "1"], "string", ["18446744073709551615", "1"]),
    (["1.5", "2", "1e-07"], "double", [1.5, 2.0, 1e-07]),
    (["0.30000000000000004"], "double", [0.30000000000000004]),
    (["12345678901234567", "0.5"], "string", ["12345678901234567", "0.5"]),
    (["0.12345678901234567890"], "string", ["0.12345678901234567890"]),
    (["True", "FALSE", ""], "bool", [True, False, None]),
    (["02134", "10001"], "string", ["02134", "10001"]),
    (["1E2", "3"], "string", ["1E2", "3"]),
    (["+1", "2"], "string", ["+1", "2"]),
    (["NA", "None", "x", ""], "string", ["NA", "None", "x", None]),
    (["NA", "null"], "string", ["NA", "null"]),
    (["1", "2", "x"], "string", ["1", "2", "x"]),
    (["True", "1"], "string", ["True", "1"]),
    (["1,5", "2"], "string", ["1,5", "2"]),
    (["", ""], "string", [None, None]),
]


@pytest.mark.parametrize(("cells", "kind", "expected"), KINDS, ids=[str(row[0]) for row in KINDS])
def test_cells_of_csv_lose_nothing_in_parquet(tmp_path: Path, cells, kind, expected):
    table = pd.DataFrame({"c": cells, "y": 0})
    table.to_csv(tmp_path / "own.csv", index=False)
    found = pyarrow.parquet.read_table(copy(tmp_path / "own.csv", tmp_path / "out.parquet"))
    assert str(found.schema.field("c").type) == kind
    assert found["c"].to_pylist() == expected


def arrow_table() -> pyarrow.Table:
    """Return a table with a gap in a column of each type."""
    columns = {
        "id": pyarrow.array([2**53 + 1, None]),
        "small": pyarrow.array([1, None], pyarrow.int8()),
        "real": pyarrow.array([0.1, None], pyarrow.float32()),
        "flag": pyarrow.array([True, None]),
        "word": pyarrow.array(["NA", None]),
        "empty": pyarrow.array(["", None]),
        "level": pyarrow.array(["02134", None]).dictionary_encode(),
        "list": pyarrow.array([[1], None]),
        "time": pyarrow.array([1, None], pyarrow.timestamp("ns", "Asia/Tokyo")),
        "day": pyarrow.array([0, None], pyarrow.date32()),
        "price": pyarrow.array([decimal.Decimal("1.50"), None]),
        "bytes": pyarrow.array([b"\xff", None]),
        "object": pyarrow.array([{"a": 1}, None]),
        "nothing": pyarrow.nulls(2),
        "large": pyarrow.array([2**64 - 1, 0], pyarrow.uint64()),
    }
    return pyarrow.table(columns)


def test_parquet_is_written_as_it_was(tmp_path: Path):
    table = arrow_table()
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    found = pyarrow.parquet.read_table(copy(tmp_path / "in.parquet", tmp_path / "out.parquet"))
    for name in table.column_names:
        assert found[name].to_pylist() == table[name].to_pylist(), name
        assert found[name].type == table[name].type


def test_cells_of_parquet_are_text_in_csv(tmp_path: Path):
    names = ["id", "real", "flag", "word", "level", "time", "day", "price", "large"]
    pyarrow.parquet.write_table(arrow_table().select(names), tmp_path / "in.parquet")
    lines = copy(tmp_path / "in.parquet", tmp_path / "out.csv").read_text().split("\n")
    assert lines[1] == (
        "9007199254740993,0.1,True,NA,02134,1970-01-01 09:00:00.000000001+09:00,1970-01-01,1.50,"
        "18446744073709551615"
    )
    assert lines[2] == ",,,,,,,,0"


@pytest.mark.parametrize(
    "name", ["out.xlsx", "out.tsv", "out.json", "out", "out.gz", "out.xlsx.gz"]
)
def test_an_ending_that_cannot_be_written_is_one_message(failure, tmp_path: Path, name: str):
    with failure.raises(
        f"-o {name}", DataError, match=r"cannot be written; name it \.csv, plain or .* \.parquet"
    ):
        TableWriter(tmp_path / name)
