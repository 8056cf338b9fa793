"""CSV files, plain or packed: what is wrong with one is said with its line or row."""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow

from pipeline.errors import DataError, one_line

CHUNK = 2**20
LONGEST_NAME = 250
DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}

# A file may unpack to the larger of these: bytes, and times its own size.
UNPACKED_BYTES, UNPACKED_TIMES = 2**28, 100

BEGINNINGS = {
    b"\xff\xfe": "UTF-16; save it as UTF-8",
    b"\xfe\xff": "UTF-16; save it as UTF-8",
    b"PAR1": "a Parquet file; let its name end in .parquet",
    b"PK\x03\x04": "a ZIP archive or a spreadsheet; save the table as CSV, or name it .csv.zip",
    b"\x1f\x8b": "packed with gzip; let its name end in .csv.gz",
}


def _member(path: Path) -> Any:
    """Open the only file of an archive."""
    archive = zipfile.ZipFile(path)
    names = archive.namelist()
    if len(names) != 1:
        raise DataError(f"{path} holds {len(names)} files; give an archive of one CSV file")
    return archive.open(names[0])


PACKED: dict[str, Callable[[Path], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zip": _member,
    ".zst": lambda path: pyarrow.CompressedInputStream(str(path), "zstd"),
}


def is_csv(path: Path) -> bool:
    """Say whether a name ends as that of a CSV file does, such as `.csv` or `.csv.gz`."""
    endings = [suffix.lower() for suffix in path.suffixes[-2:]]
    return endings[-1:] == [".csv"] or (endings[:1] == [".csv"] and endings[-1] in PACKED)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file with the names of its header as they are, and no row longer than it.

    Raises:
        DataError: it is no text in UTF-8, or its cells do not make a table.
    """
    _require_text(path)
    try:
        header = _parse(path, header=None, nrows=1, dtype=str, keep_default_na=False)
        names = [str(name) for name in header.iloc[0]]
        _require_names(names, path)
        with warnings.catch_warnings():
            # Cells beyond the header would be dropped with nothing but a warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = _parse(path, low_memory=False)
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise DataError(f"{path}{_explained(error, path)}") from None
    table.columns = pd.Index(names)
    return table


def _open(path: Path) -> Any:
    return PACKED.get(path.suffix.lower(), Path.open)(path) if _is_packed(path) else path.open("rb")


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() in PACKED


def _parse(path: Path, **options: Any) -> pd.DataFrame:
    with _open(path) as file:
        table: pd.DataFrame = pd.read_csv(file, index_col=False, **options)
        return table


def _require_text(path: Path) -> None:
    """Refuse what is no text in UTF-8, or would fill the memory when it is unpacked."""
    most = max(UNPACKED_BYTES, UNPACKED_TIMES * path.stat().st_size)
    decoder = codecs.getincrementaldecoder("utf-8")()
    size, line = 0, 1
    with _open(path) as file:
        while piece := file.read(CHUNK):
            if size == 0:
                _require_text_beginning(piece, path)
            size += len(piece)
            if size > most:
                raise DataError(
                    f"{path} unpacks to more than {most / 1e6:,.0f} MB, {UNPACKED_TIMES} times its"
                    " size and more; if that is meant so, unpack it and give the plain file"
                )
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                raise _not_utf8(error, line, path) from None
            if b"\0" in piece:
                line += piece.count(b"\n", 0, piece.index(b"\0"))
                raise DataError(
                    f"{path} has a NUL byte in line {line}, so it is damaged, binary, or UTF-16;"
                    " give text in UTF-8"
                )
            line += piece.count(b"\n")
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise _not_utf8(error, line, path) from None


def _require_text_beginning(piece: bytes, path: Path) -> None:
    for beginning, what in BEGINNINGS.items():
        if piece.startswith(beginning):
            raise DataError(f"{path} is {what}")


def _not_utf8(error: UnicodeDecodeError, line: int, path: Path) -> DataError:
    line += error.object.count(b"\n", 0, error.start)
    byte = error.object[error.start]
    return DataError(
        f"{path} is no text in UTF-8: byte 0x{byte:02x} in line {line}; save it as CSV in UTF-8"
    )


def _require_names(names: list[str], path: Path) -> None:
    for place, name in enumerate(names, 1):
        if len(name) > LONGEST_NAME:
            raise DataError(
                f"{path}: the name of column {place} has {len(name):,} characters, of which"
                f" {LONGEST_NAME} are allowed; does the first line hold the names?"
            )
    for delimiter, what in DELIMITERS.items():
        if len(names) == 1 and delimiter in names[0]:
            raise DataError(
                f"{path} has one column only, {names[0][:40]!r}: its cells are separated by {what};"
                " save it with commas"
            )


def _explained(error: Exception, path: Path) -> str:
    """Say which row cannot be parsed."""
    unclosed = re.search(r"inside string starting at row (\d+)", str(error))
    if unclosed:
        where = f"row {unclosed[1]}" if unclosed[1] != "0" else "the header"
        return f": a quotation mark that opens in {where} is never closed; close or remove it"
    try:
        with _open(path) as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
            rows = filter(None, csv.reader(text))
            columns = len(next(rows))
            for number, cells in enumerate(rows, 1):
                if len(cells) > columns:
                    return (
                        f": row {number} has {len(cells)} cells, but the header {columns}; mend the"
                        " row, and quote a cell that has a comma"
                    )
    except csv.Error:
        pass  # pandas' words must do
    return f" cannot be read: {one_line(error)}; mend or replace it"
