"""Text stays the text of the file, and numbers keep all their digits, in each format."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.feather
import pyarrow.parquet
import pytest

from pipeline.data import csv_reader
from pipeline.data.number_parsing import to_words
from pipeline.data.numeric_columns import NumericColumns
from pipeline.data.read_options import ReadOptions
from pipeline.data.tables import Table, read_table
from pipeline.errors import DataError

WORDS = ["007", "7", "1E2", "100", "NA", "None", "null", "nan", "n/a", "True", " x", "9" * 20, "-"]


def write(path: Path, cells: list, quoted: bool = False) -> Path:
    values = {"t": cells, "y": list(range(len(cells)))}
    match path.suffix:
        case ".parquet":
            pyarrow.parquet.write_table(pyarrow.table(values), path)
        case ".arrow":
            pyarrow.feather.write_feather(pyarrow.table(values), path)
        case ".jsonl":
            lines = (json.dumps({"t": t, "y": y}) for t, y in zip(*values.values(), strict=True))
            path.write_text("\n".join(lines))
        case _:
            pd.DataFrame(values).to_csv(path, index=False, quoting=1 if quoted else 0)
    return path


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".arrow", ".jsonl"])
@pytest.mark.parametrize("quoted", [False, True])
def test_text_is_the_text_of_the_file(tmp_path: Path, ending: str, quoted: bool):
    path = write(tmp_path / f"own{ending}", [*WORDS, None, ""], quoted)
    found = pd.concat(list(Table(path).pieces(text=["t"])))["t"]
    assert isinstance(found.dtype, pd.StringDtype)
    assert found.tolist()[:-2] == WORDS
    assert found.isna().tolist() == [False] * len(WORDS) + [True, True]
    # Without being asked for, text is the same, as it is not all numbers.
    assert read_table(path)["t"].tolist()[: len(WORDS)] == WORDS


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".arrow", ".jsonl"])
@pytest.mark.parametrize("gap", [False, True])
def test_whole_numbers_beyond_float64_are_refused_as_numbers(failure, tmp_path, ending, gap):
    cells = [1, 2**53, 2**53 + 1, *([None] if gap else []), -(2**53) - 1]
    path = tmp_path / f"own{ending}"
    table = pd.DataFrame({"id": pd.array(cells, dtype="Int64"), "y": 0.5})
    match ending:
        case ".csv":
            table.to_csv(path, index=False)
        case ".jsonl":
            rows = ({"id": cell, "y": 0.5} for cell in cells)
            path.write_text("\n".join(map(json.dumps, rows)))
        case ".parquet":
            table.to_parquet(path)
        case _:
            pyarrow.feather.write_feather(table, path)
    last = 5 if gap else 4
    numeric = NumericColumns(["id", "y"])
    for piece in Table(path).pieces():
        numeric.read(piece)
    assert numeric.has_other_than_numbers()
    with failure.raises(
        f"a number beyond 2^53 in {ending}",
        DataError,
        match=r"column 'id' has the whole number 9007199254740993, beyond 2\^53, .*in rows"
        rf" 3, {last};\s*'data.text=\[\"id\"\]' takes",
    ):
        numeric.require_numbers(["id", "y"], path, is_table=True)
    (piece,) = Table(path).pieces(text=["id"])
    words = [None if cell is None else str(cell) for cell in cells]
    assert [None if pd.isna(cell) else cell for cell in piece["id"]] == words


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_large_number_behind_a_gap_is_found_in_any_piece(tmp_path, monkeypatch, quote):
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 40)
    monkeypatch.setattr(csv_reader, "PIECE_ROWS", 5)
    path = tmp_path / "own.csv"
    lines = [f"{row if row % 3 else ''},{quote}x{quote},{row}.5" for row in range(40)]
    lines[31] = f"{2**53 + 1},x,1e30"
    path.write_text("\n".join(["id,t,y", *lines]))
    numeric = NumericColumns(["id", "y"])
    values = np.concatenate([numeric.read(piece) for piece in Table(path).pieces()])
    assert len(values) == 40
    assert values[31].tolist() == [2.0**53, 1e30]
    assert numeric.missing["id"].count == 14
    with pytest.raises(DataError, match=r"(?s)beyond 2\^53.*in row 32"):
        numeric.require_numbers(["id"], path)
    numeric.require_numbers(["y"], path)


@pytest.mark.parametrize("words", [("True", "False"), ("true", "FALSE"), ("TRUE", "fAlse")])
@pytest.mark.parametrize("gap", ["", "NA"])
def test_booleans_are_numbers(tmp_path: Path, words, gap):
    (tmp_path / "own.csv").write_text(f"b,c,t\n{words[0]},{words[1]},a\n{words[1]},{gap},True\n")
    numeric = NumericColumns(["b", "c", "t"])
    (piece,) = Table(tmp_path / "own.csv").pieces()
    values = numeric.read(piece)
    np.testing.assert_array_equal(values, [[1, 0, np.nan], [0, np.nan, 1]])
    assert not any(map(numeric.is_text, "bct"))
    numeric.require_numbers(["b", "c"], "own.csv")
    with pytest.raises(DataError, match="column 't' has text, such as 'a', in row 1"):
        numeric.require_numbers(["t"], "own.csv")


def test_booleans_of_parquet_are_numbers(tmp_path: Path):
    table = pyarrow.table({"b": [True, False], "c": [None, True]})
    pyarrow.parquet.write_table(table, tmp_path / "own.parquet")
    numeric = NumericColumns(["b", "c"])
    (piece,) = Table(tmp_path / "own.parquet").pieces()
    np.testing.assert_array_equal(numeric.read(piece), [[1, np.nan], [0, 1]])
    assert not numeric.is_text("c")


MARKS = ["", "NA", "NaN", "nan", "None", "null", "NULL", "N/A", "n/a", "#N/A", "<NA>", " NA "]


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_among_numbers_is_missing(tmp_path: Path, mark: str):
    (tmp_path / "own.csv").write_text(f"a,y\n1.5,1\n{mark},2\n")
    numeric = NumericColumns(["a"])
    (piece,) = Table(tmp_path / "own.csv").pieces()
    np.testing.assert_array_equal(numeric.read(piece), [[1.5], [np.nan]])
    assert numeric.missing["a"].count == 1
    numeric.require_numbers(["a"], "own.csv")


INDICES = [
    (pd.Index(["a", "b"], name="id"), ["y", "id"]),
    (pd.date_range("2024-01-01", periods=2, name="day"), ["y", "day"]),
    (pd.date_range("2024-01-01", periods=2), ["y", "index"]),
    (pd.Index([5, 7]), ["y", "Unnamed: 1"]),
    (pd.RangeIndex(2), ["y"]),
]


@pytest.mark.parametrize(("index", "columns"), INDICES, ids=[str(row[1]) for row in INDICES])
def test_the_index_of_a_parquet_file_is_a_column(tmp_path: Path, index, columns):
    pd.DataFrame({"y": [1.0, 2.0]}, index=index).to_parquet(tmp_path / "own.parquet")
    found = Table(tmp_path / "own.parquet")
    assert found.columns == columns
    assert list(next(found.pieces()).columns) == columns


def test_json_lines_have_the_keys_of_all_objects(failure, tmp_path: Path):
    path = tmp_path / "own.jsonl"
    path.write_text('{"a": 1, "b": {"c": [1]}}\n\n{"b": "x", "d": 2.5}\n')
    found = read_table(path)
    assert found.columns.tolist() == ["a", "b", "d"]
    assert found["b"].tolist() == ['{"c": [1]}', "x"]
    for what, content, expected in (
        ("JSON lines with a broken line", '{"a": 1}\n{"a"\n', "line 2 is not JSON"),
        ("JSON lines with a list", '{"a": 1}\n[1]\n', "line 2 is not a JSON object"),
        ("JSON lines without a line", "", "is empty"),
    ):
        path.write_text(content)
        with failure.raises(what, DataError, match=expected):
            read_table(path)


TYPED = {
    "lists": pyarrow.array([[1.5, 2.0], None, [1.5, 2.0, *[0.5] * 2000]]),
    "structs": pyarrow.array([{"p": 1}, None, {"p": None}]),
    "bytes": pyarrow.array([b"\xff", None, b"b"]),
    "times": pyarrow.array([60, None, 0], pyarrow.time32("s")),
    "durations": pyarrow.array([60, None, 0], pyarrow.duration("s")),
}


@pytest.mark.parametrize("name", TYPED)
def test_cells_of_other_types_have_one_text(tmp_path: Path, name: str):
    pyarrow.parquet.write_table(pyarrow.table({"t": TYPED[name]}), tmp_path / "own.parquet")
    table = Table(tmp_path / "own.parquet")
    ((piece,), (as_text,)) = table.pieces(), table.pieces(text=["t"])
    words = to_words(piece["t"])
    assert words.dropna().tolist() == as_text["t"].dropna().tolist()
    assert words.isna().tolist() == [False, True, False]
    assert "..." not in words[2]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_duration_is_its_seconds_in_each_unit(tmp_path: Path, unit: str):
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    cells = pyarrow.array([60 * per_second, None, 0], pyarrow.duration(unit))
    pyarrow.parquet.write_table(pyarrow.table({"t": cells}), tmp_path / "own.parquet")
    (piece,) = Table(tmp_path / "own.parquet").pieces()
    np.testing.assert_array_equal(NumericColumns(["t"]).read(piece), [[60], [np.nan], [0]])


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".arrow", ".jsonl"])
def test_a_mark_means_a_missing_cell_in_each_format(tmp_path: Path, ending: str):
    words, numbers = ["1.5", " ? ", "2.5"], [-999, 1, 2]
    table = pyarrow.table({"t": words, "n": numbers, "f": list(map(float, numbers))})
    path = tmp_path / f"own{ending}"
    match ending:
        case ".csv":
            path.write_text("t,n,f\n1.5,-999,-999.0\n ?,1,1.0\n2.5,2,2.0\n")
        case ".jsonl":
            path.write_text(
                '{"t": "1.5", "n": -999, "f": -999}\n{"t": " ? ", "n": 1, "f": 1.0}\n'
                '{"t": "2.5", "n": 2, "f": 2.0}\n'
            )
        case ".parquet":
            pyarrow.parquet.write_table(table, path)
        case _:
            pyarrow.feather.write_feather(table, path)
    numeric = NumericColumns(["t", "n", "f"])
    (piece,) = Table(path, ReadOptions(na_values=("?", "-999"))).pieces()
    expected = [[1.5, np.nan, np.nan], [np.nan, 1, 1], [2.5, 2, 2]]
    np.testing.assert_array_equal(numeric.read(piece), expected)
