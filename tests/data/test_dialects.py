"""Tables as programs and people write them: separators, decimal signs, headers, blank lines."""

import csv
import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.data import csv_reader
from pipeline.data.numeric_columns import NumericColumns
from pipeline.data.read_options import ReadOptions
from pipeline.data.tables import Table
from pipeline.errors import DataError

from ..made import numbers


def table(tmp_path: Path, content: str | bytes, name: str = "own.csv", **options) -> Table:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Table(path, ReadOptions(**options))


def rows(found: Table) -> np.ndarray:
    """Return all columns as numbers, `[rows, columns]`."""
    numeric = NumericColumns(found.columns, found.decimal)
    values = np.concatenate([numeric.read(piece) for piece in found.pieces()])
    numeric.require_numbers(found.columns, found.path)
    return values


@pytest.mark.parametrize(
    "content",
    [
        "a;y\n1.5;2\n3;4\n",
        "a;y\n1,5;2\n3;4\n",
        "a\ty\n1.5\t2\n3\t4\n",
        "a\ty\n1,5\t2\n3\t4\n",
        "a|y\n1.5|2\n3|4\n",
        "a y\n1.5 2\n3 4\n",
        "a   y\n 1.5  2\n 3    4\n",
        "sep=,\na,y\n1.5,2\n3,4\n",
        "\ufeffsep=;\r\na;y\r\n1,5;2\r\n3;4\r\n",
        '"sep=;"\n"a";"y"\n"1,5";"2"\n"3";"4"\n',
        "a,y,\n1.5,2,\n3,4,\n",
        "a,y,,\n1.5,2,,\n3,4, ,\n",
        "a,,y\n1.5,,2\n3,,4\n",
        "a;y;\n1,5;2;\n3;4;\n",
        "\n\n\ta,y\n1.5,2\n\n3,4\n".replace("\t", ""),
    ],
)
def test_separator_and_decimal_sign_are_found(tmp_path: Path, content: str):
    found = table(tmp_path, content)
    assert found.columns == ["a", "y"]
    np.testing.assert_array_equal(rows(found), [[1.5, 2], [3, 4]])


@pytest.mark.parametrize(
    ("options", "content"),
    [
        ({"separator": "tab"}, "a;1\ty\n1.5\t2\n"),
        ({"separator": "\\t"}, "a;1\ty\n1.5\t2\n"),
        ({"separator": "semicolon", "decimal": ","}, "a;1;y\n1,5;x;2\n"),
        ({"separator": "^"}, "a;1^y\n1.5^2\n"),
        ({"decimal": ","}, 'a;1,y\n"1,5",2\n'),
        ({"separator": "space"}, '"a;1" y\n1.5 2\n'),
    ],
)
def test_a_separator_that_is_given_is_used(tmp_path: Path, options, content: str):
    found = table(tmp_path, content, **options)
    assert found.columns[-1] == "y"
    numeric = NumericColumns(["y"], found.decimal)
    assert [numeric.read(piece).tolist() for piece in found.pieces()] == [[[2.0]]]
    assert found.decimal == options.get("decimal", ".")


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("size, m;y\n1;2\n", ["size, m", "y"]),
        ("first name,last name\nAnna,Berg\n", ["first name", "last name"]),
        ('"a;b",y\n1,2\n', ["a;b", "y"]),
        ("a|b,y\n1,2\n", ["a|b", "y"]),
        ("full name\nAnna\nBerta\n", ["full name"]),
        ('"a ""b"" c","y\nz"\n1,2\n', ['a "b" c', "y\nz"]),
        ("note,y\nx;y,1\nx,2\n", ["note", "y"]),
        (",a\n0,1\n", ["Unnamed: 0", "a"]),
    ],
)
def test_what_only_looks_like_a_separator_is_none(tmp_path: Path, content, columns):
    assert table(tmp_path, content).columns == columns


def test_a_table_of_many_columns_has_a_header_longer_than_the_sample(tmp_path: Path):
    names = [f"a column of measurements {number}" for number in range(12_000)]
    content = ";".join(names) + "\n" + ";".join("1,5" for _ in names) + "\n"
    found = table(tmp_path, content)
    assert found.columns == names
    assert (rows(found) == 1.5).all()


def test_an_unknown_separator_is_told_with_what_to_type(tmp_path: Path, caplog):
    assert table(tmp_path, "a^y\n1^2\n").columns == ["a^y"]
    assert """has one column, 'a^y'; if '^' separates its cells, give \"data.separator='^'\"""" in (
        caplog.text
    )
    caplog.clear()
    assert table(tmp_path, "body mass (g)\n1\n").columns == ["body mass (g)"]
    assert not caplog.text


def test_blank_lines_of_one_column_are_rows(tmp_path: Path):
    for content, expected in (("a\n1\n\n3\n", 3), ("a\n1\r\n\r\n3\n\n", 4), ('a\n"1"\n\n3\n', 3)):
        found = table(tmp_path, content)
        pieces = list(found.pieces())
        assert sum(map(len, pieces)) == expected
        assert pieces[0]["a"].isna()[1]


@pytest.mark.parametrize("size", [2, 5, 1000])
def test_line_ends_are_whole_in_one_column(tmp_path: Path, monkeypatch, size: int):
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", size)
    for end in ("\n", "\r\n", "\r"):
        found = table(tmp_path, end.join(["a", *map(str, range(99)), ""]))
        assert rows(found)[:, 0].tolist() == list(range(99))


def test_a_cell_below_no_name_far_behind_is_one_message(failure, tmp_path: Path):
    found = table(tmp_path, "a,y,\n" + "1,2,\n" * 300 + "1,2,3\n")
    with failure.raises(
        "CSV with a cell in a column without a name", DataError, match="column 3 has no name, but"
    ):
        list(found.pieces())


def test_marks_of_missing_values_are_missing_in_all_columns(tmp_path: Path):
    found = table(tmp_path, "a,t\n?,x\n 1, ?\n-,NA\n", na_values=("?", "-"))
    (piece,) = found.pieces(text=["t"])
    assert piece["a"].isna().tolist() == [True, False, True]
    assert piece["t"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1,234.50", r"remove the thousands separators, as in '1,234\.50'"),
        ("1.234,50", r"remove the thousands separators, as in '1\.234,50'"),
        ("1 234 567", "remove the thousands separators"),
        ("1'234.5", "remove the thousands separators"),
        ("1,5", """has a decimal comma: "data.decimal=','" reads it"""),
        ("?", r"""'data.na_values=\["\?"\]' counts '\?' as missing"""),
        ("n/q", r"""'data.text=\["a b"\]' takes 'a b' as text, 'data.drop=\["a b"\]' leaves"""),
    ],
)
def test_the_message_tells_what_to_type(failure, tmp_path: Path, cell, expected):
    found = table(tmp_path, f'a b,y\n1,2\n"{cell}",3\n')
    numeric = NumericColumns(["a b"])
    for piece in found.pieces():
        numeric.read(piece)
    with failure.raises(f"a cell {cell} in a column of numbers", DataError, match=expected):
        numeric.require_numbers(["a b"], found.path, is_table=True)


def test_a_column_with_thousands_separators_is_one_of_numbers(tmp_path: Path):
    found = table(tmp_path, 'a,y\n"1,000.50",2\n"2,000.50",3\n')
    numeric = NumericColumns(["a"])
    for piece in found.pieces():
        numeric.read(piece)
    assert not numeric.is_text("a")


def test_what_macos_adds_to_an_archive_is_no_table(tmp_path: Path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("own/", "")
        archive.writestr("own/own.csv", "a,y\n1,2\n")
        archive.writestr("__MACOSX/own/._own.csv", b"\0\5\x16\7")
        archive.writestr("own/.DS_Store", b"\0")
    found = table(tmp_path, packed.getvalue(), "own.csv.zip")
    np.testing.assert_array_equal(numbers(next(found.pieces()), ("a", "y"), "own"), [[1, 2]])


CELLS = st.sampled_from(
    ["a", "007", "1,5", "1.5", "", "NA", 'q"x', "x y", "é", "1E2", " s", "line\nbreak", "5", "-3"]
)


@settings(max_examples=60, deadline=None)
@given(
    cells=st.integers(2, 5).flatmap(
        lambda columns: st.lists(st.lists(CELLS, min_size=columns, max_size=columns), min_size=1)
    ),
    separator=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_python_writes_is_read(cells, separator, end, quoting):
    names = ["the first", "second, m", *"cde"][: len(cells[0])]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerows([names, *cells])
    with TemporaryDirectory() as folder:
        found = table(Path(folder), text.getvalue())
        assert found.columns == names
        pieces = pd.concat(list(found.pieces(text=names)))
    assert pieces.fillna("").to_numpy().tolist() == cells
