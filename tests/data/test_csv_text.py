"""CSV files are read whole, or refused with a message that points at the line, row or column."""

import bz2
import gzip
import io
import lzma
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pyarrow
import pytest

from pipeline.data.missing_values import read_complete_numbers
from pipeline.data.tables import read_table
from pipeline.errors import DataError
from pipeline.prediction.features import REMEDY


def read(path: Path, columns=("x", "y")) -> np.ndarray:
    """Read columns of a table, in which nothing is missing."""
    return read_complete_numbers(read_table(path), columns, path, REMEDY)


UTF16 = "x,y\n1,2\n"
LATIN1 = "x,y,city\n1,2,Bonn\n3,4,Köln\n".encode("latin-1")

CSV = [
    ("an empty CSV", b"", "is empty"),
    ("CSV of empty lines", b"\n\n\n", "is empty"),
    ("CSV with a header only", b"x,y\n", "no rows; add rows"),
    ("CSV in UTF-16", UTF16.encode("utf-16"), "is UTF-16; save it as UTF-8"),
    ("CSV in UTF-16, big-endian", b"\xfe\xff" + UTF16.encode("utf-16-be"), "is UTF-16"),
    ("CSV in UTF-16 without a mark", UTF16.encode("utf-16-le"), "NUL byte in line 1.* UTF-16"),
    ("CSV in Latin-1", LATIN1, "not text in UTF-8: byte 0xf6 in line 3; save it as CSV in UTF-8"),
    ("CSV cut within a character", "x,y\n1,é".encode()[:-1], "byte 0xc3 in line 2"),
    ("CSV with a NUL byte", b"x,y\n1,2\n3,\x004\n", "has a NUL byte in line 3, .* give text in"),
    ("a picture named .csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "byte 0x89 in line 1"),
    ("a spreadsheet named .csv", b"PK\x03\x04" + bytes(9), "a ZIP archive or a spreadsheet; save"),
    ("Parquet named .csv", b"PAR1" + bytes(9), "is a Parquet file; rename it to .parquet"),
    ("gzip named .csv", gzip.compress(b"x,y\n1,2\n"), "compressed with gzip; rename it to"),
    ("CSV with an open quotation mark", b'x,y\n1,2\n"3,4\n5,6\n', "that opens in row 2 is never"),
    ("CSV with an open mark in its header", b'"x,y\n1,2\n', "that opens in the header is never"),
    (
        "CSV with quotation marks that close late",
        b'x,y\n1,2\n"3,4\n5,"6\n',
        r"column 'x' has text, such as '3,4\\n5,6', in row 2",
    ),
    (
        "CSV with a row too long",
        b"x,y\n1,2\n\n3,4,5\n",
        "row 2 has 3 cells, but the header has 2; fix",
    ),
    (
        "CSV with all rows too long",
        b"x,y\n1,2,3\n4,5,6\n",
        "row 1 has 3 cells, but the header has 2",
    ),
    ("CSV with a row too short", b"x,y\n1,2\n3\n", r"'y' is empty or NaN in row 2 \(1 of 2\)"),
    ("CSV with a column twice", b"x,y,y\n1,2,3\n", "more than one column 'y'; rename them"),
    ("CSV without a column", b"x,z\n1,2\n", "no column 'y'; it has x, z; fix the name"),
    (
        "CSV with a word among numbers",
        b"x,y\n1,2\n3,oops\n",
        "'y' has text.* 'oops', in row 2;.*fix",
    ),
    (
        "CSV with a comma as decimal point",
        b'x,y\n"1,5",2\n',
        "'x' has text, such as '1,5', in row 1;.*has a decimal comma: write a point",
    ),
    ("CSV with empty cells", b"x,y\n1,\n3,4\n5,\n", r"'y' is empty or NaN in rows 1, 3 \(2 of 3\)"),
    ("CSV with a blank cell", b"x,y\n1, \n3,4\n", r"'y' is empty or NaN in row 1 \(1 of 2\)"),
    ("CSV with NaN", b"x,y\n1,nan\n", "is empty or NaN in row 1"),
    ("CSV with infinities", b"x,y\n1,inf\n2,-inf\n", "'y' is infinite in rows 1, 2"),
    (
        "CSV with a number of 400 digits",
        b"x,y\n1," + b"9" * 400 + b"\n",
        r"'y' has the whole number 9{40}, beyond 2\^53, which float64 would round, in row 1",
    ),
    ("CSV with a cell of 10^6 characters", b"x,y\n1," + b"a" * 10**6, "such as 'a{40}', in row 1"),
    (
        "CSV with a name of 10^6 characters",
        b"x," + b"y" * 10**6 + b"\n1,2\n",
        "of column 2 has 1,000",
    ),
]


@pytest.mark.parametrize(("what", "content", "expected"), CSV, ids=[row[0] for row in CSV])
def test_a_bad_csv_is_one_message_with_the_place(failure, tmp_path: Path, what, content, expected):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with failure.raises(what, DataError, match=f"(?s)^{path}.*{expected}"):
        read(path)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfx,y\n1,2\n3,4\n",
        b'\xef\xbb\xbf"x","y"\r\n1,2\r\n3,4\r\n',
        b"x,y\r1,2\r3,4",
        b"\n\nx,y\n1,2\n\n3,4\n\n",
        b'x,name,y\n1,"\xc3\xa9,\n",2\n3,,4\n',
    ],
)
def test_a_byte_order_mark_line_ends_and_quoted_cells_are_read(tmp_path: Path, content: bytes):
    (tmp_path / "table.csv").write_bytes(content)
    np.testing.assert_array_equal(read(tmp_path / "table.csv"), [[1, 2], [3, 4]])


def test_characters_of_several_bytes_are_read_wherever_the_pieces_end(tmp_path: Path):
    names = "€" * 10**6  # 3 bytes each, so that the end of a piece is within one
    (tmp_path / "table.csv").write_text(f"x,y,name\n1,2,{names}\n", encoding="utf-8")
    assert read_table(tmp_path / "table.csv")["name"][0] == names


def test_all_bad_columns_are_named_at_once(failure, tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_text("x,y\none,inf\n2,3\n")
    expected = "(?s)column 'x' has text.*column 'y' is infinite"
    with failure.raises("CSV with two bad columns", DataError, match=expected):
        read(path)


def zipped(content: bytes, members: int = 1) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in range(members):
            archive.writestr(f"{member}.csv", content)
    return file.getvalue()


def zstandard(content: bytes) -> bytes:
    return bytes(pyarrow.compress(content, "zstd", asbytes=True))


PACK = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zip": zipped,
    ".zst": zstandard,
}


@pytest.mark.parametrize("ending", PACK)
def test_a_packed_csv_is_read_and_a_broken_one_refused(failure, tmp_path: Path, ending: str):
    path = tmp_path / f"table.csv{ending}"
    packed = PACK[ending](b"x,y\n" + b"1,2\n" * 999)
    path.write_bytes(packed)
    np.testing.assert_array_equal(read(path), [[1, 2]] * 999)
    for name, content in (("cut", packed[:-9]), ("plain text", b"x,y\n1,2\n")):
        path.write_bytes(content)
        with failure.raises(f".csv{ending}: {name}", DataError, match="read: .*; fix or replace"):
            read(path)


def test_an_archive_of_two_files_is_one_message(failure, tmp_path: Path):
    (tmp_path / "table.csv.zip").write_bytes(zipped(b"x,y\n1,2\n", 2))
    with failure.raises(".csv.zip with two files", DataError, match="2 files; give an archive of"):
        read(tmp_path / "table.csv.zip")


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".gz", ".xz", ".zip"])
def test_a_bomb_is_refused_before_it_fills_the_memory(failure, tmp_path: Path, ending: str):
    path = tmp_path / f"table.csv{ending}"
    size = 2**28 + 1
    match ending:
        case ".gz":
            piece = gzip.compress(bytes(b"1,2\n" * 2**20), 1)
            path.write_bytes(gzip.compress(b"x,y\n") + piece * (size // 2**22 + 1))
        case ".xz":
            piece = lzma.compress(b"1,2\n" * 2**20, preset=0)
            path.write_bytes(lzma.compress(b"x,y\n") + piece * (size // 2**22 + 1))
        case _:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.writestr("table.csv", b"1,2\n" * (size // 4 + 1))
    tracemalloc.start()
    try:
        with failure.raises(
            f".csv{ending}: a bomb", DataError, match="unpacks to more than 268 MB"
        ):
            read_table(path)
        assert tracemalloc.get_traced_memory()[1] < 2**25
    finally:
        tracemalloc.stop()
