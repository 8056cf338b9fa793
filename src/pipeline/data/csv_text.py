"""CSV files, plain or packed: what is wrong with one is said with its line or row."""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import os
import re
import warnings
import zipfile
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow
import pyarrow.csv

from pipeline.errors import DataError, one_line

CHUNK = 2**20
BLOCK = 2**23  # bytes that are parsed at once
ROWS = 2**16  # so where cells may hold ends of lines
MOST_THREADS = 4
LONGEST_NAME = 250
# The first line that is not blank, and what is before it.
HEADER = re.compile(rb"(?:\xef\xbb\xbf)?\s*[^\r\n]*")
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


@contextmanager
def _new_member(path: Path) -> Iterator[Any]:
    """Make an archive of one file, which is named as the archive is, without its ending."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(path.stem, "w", force_zip64=True) as member,
    ):
        yield member


# How each kind is read, and how it is written.
PACKED: dict[str, tuple[Callable[[Path], Any], Callable[[Path], Any]]] = {
    ".gz": (gzip.open, partial(gzip.GzipFile, mode="wb", mtime=0)),
    ".bz2": (bz2.open, partial(bz2.BZ2File, mode="wb")),
    ".xz": (lzma.open, partial(lzma.LZMAFile, mode="wb")),
    ".zip": (_member, _new_member),
    ".zst": (
        lambda path: pyarrow.CompressedInputStream(str(path), "zstd"),
        lambda path: pyarrow.CompressedOutputStream(str(path), "zstd"),
    ),
}


def is_csv(path: Path) -> bool:
    """Say whether a name ends as that of a CSV file does, such as `.csv` or `.csv.gz`."""
    endings = [suffix.lower() for suffix in path.suffixes[-2:]]
    return endings[-1:] == [".csv"] or (endings[:1] == [".csv"] and endings[-1] in PACKED)


class CsvText:
    """A CSV file that is read with the names of its header as they are, and no row longer than it.

    Attributes:
        path: of the file.
        names: of the columns.

    Raises:
        DataError: it is no text in UTF-8, or its header names nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._has_quotes = _require_text(path)
        try:
            with _open(path) as file:
                header = _parsed(file, header=None, nrows=1, dtype=str, keep_default_na=False)
        except pd.errors.ParserError as error:
            raise DataError(f"{path}{_explained(error, path)}") from None
        self.names = [str(name) for name in header.iloc[0]]
        _require_names(self.names, path)

    def pieces(self, text: Collection[str] = ()) -> Iterator[pd.DataFrame]:
        """Read the rows, some thousands at a time.

        Args:
            text: columns whose cells are to be left as they are written.

        Raises:
            DataError: the cells do not make a table.
        """
        with warnings.catch_warnings():
            # Cells beyond the header would be dropped with nothing but a warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            try:
                yield from self._pieces(dict.fromkeys(text, str))
            except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
                raise DataError(f"{self.path}{_explained(error, self.path)}") from None

    def _pieces(self, kinds: dict[str, type]) -> Iterator[pd.DataFrame]:
        with _open(self.path) as file:
            if self._has_quotes:  # only who reads on from the begin knows where a line ends
                with _parsed(file, dtype=kinds, low_memory=False, chunksize=ROWS) as reader:
                    yield from reader
                return
            yield from _ahead(
                lambda block: _parsed(io.BytesIO(block), dtype=kinds, low_memory=False),
                _blocks(file),
            )


@contextmanager
def creating(path: Path) -> Iterator[IO[str]]:
    """Open a new file for text, packed if its name ends so."""
    with (
        PACKED[path.suffix.lower()][1](path) if _is_packed(path) else path.open("wb") as binary,
        io.TextIOWrapper(binary, "utf-8", newline="") as text,
    ):
        yield text


def write(piece: pd.DataFrame, file: IO[str], has_header: bool) -> None:
    """Write rows of a table as pandas does; where no cell needs quotes, pyarrow is faster."""
    if has_header:
        piece[:0].to_csv(file, index=False, lineterminator="\n")
    try:
        file.write(_unquoted(piece))
    except pyarrow.ArrowInvalid:
        piece.to_csv(file, index=False, header=False, lineterminator="\n")


def _unquoted(piece: pd.DataFrame) -> str:
    """Return the lines of a table.

    Raises:
        pyarrow.ArrowInvalid: a cell needs quotes, or a column is neither text nor numbers.
    """
    if piece.shape[1] < 2:  # an empty cell alone on its line is quoted
        raise pyarrow.ArrowInvalid("one column")
    columns = []
    for place in range(piece.shape[1]):
        cells = piece.iloc[:, place]
        if not isinstance(cells.dtype, pd.StringDtype):
            if cells.dtype.kind not in "iuf" or cells.isna().any():
                raise pyarrow.ArrowInvalid("not all columns are text or numbers")
            lines = cells.to_csv(index=False, header=False, lineterminator="\n")
            cells = pd.Series(lines.split("\n")[:-1], dtype="str")
        columns.append(pyarrow.array(cells, pyarrow.large_string()))
    table = pyarrow.Table.from_arrays(columns, [str(place) for place in range(len(columns))])
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    text = io.BytesIO()
    pyarrow.csv.write_csv(table, text, options)
    return text.getvalue().decode()


def _blocks(file: Any) -> Iterator[bytes]:
    """Cut a text at ends of its lines; each block begins with the header."""
    header, rest = b"", b""
    while piece := file.read(BLOCK):
        end = (piece.rfind(b"\n") if b"\n" in piece else piece.rfind(b"\r")) + 1
        if not end:
            rest += piece
            continue
        block = b"".join([header, rest, memoryview(piece)[:end]])
        header, rest = header or HEADER.match(block)[0] + b"\n", piece[end:]  # type: ignore[index]
        yield block
    if rest:
        yield header + rest


def _ahead(
    parsed: Callable[[bytes], pd.DataFrame], blocks: Iterator[bytes]
) -> Iterator[pd.DataFrame]:
    """Yield the parsed blocks in their order, and parse the next ones meanwhile."""
    threads = min(os.cpu_count() or 1, MOST_THREADS)
    with ThreadPoolExecutor(threads) as pool:
        under_way: deque[Future[pd.DataFrame]] = deque()
        for block in blocks:
            under_way.append(pool.submit(parsed, block))
            if len(under_way) > threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _open(path: Path) -> Any:
    return PACKED[path.suffix.lower()][0](path) if _is_packed(path) else path.open("rb")


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() in PACKED


def _parsed(file: Any, **options: Any) -> Any:
    return pd.read_csv(file, index_col=False, **options)


def _require_text(path: Path) -> bool:
    """Refuse what is no text in UTF-8, or unpacks to much too much.

    So nothing of a file that is damaged far behind is computed in vain.

    Returns:
        Whether cells may be quoted, and so hold ends of lines; names in the header may be.
    """
    most = max(UNPACKED_BYTES, UNPACKED_TIMES * path.stat().st_size)
    decoder = codecs.getincrementaldecoder("utf-8")()
    size, has_quotes = 0, False
    with _open(path) as file:
        while piece := file.read(CHUNK):
            if size == 0:
                _require_text_beginning(piece, path)
            _require_utf8(decoder, piece, size, path)
            if b"\0" in piece:
                line = _line(path, size + piece.index(b"\0"))
                raise DataError(
                    f"{path} has a NUL byte in line {line}, so it is damaged, binary, or UTF-16;"
                    " give text in UTF-8"
                )
            has_quotes = has_quotes or b'"' in piece[0 if size else _end_of_header(piece) :]
            size += len(piece)
            if size > most:
                raise DataError(
                    f"{path} unpacks to more than {most / 1e6:,.0f} MB, {UNPACKED_TIMES} times its"
                    " size and more; if that is meant so, unpack it and give the plain file"
                )
    _require_utf8(decoder, b"", size, path, is_end=True)
    return has_quotes


def _require_utf8(
    decoder: codecs.IncrementalDecoder, piece: bytes, before: int, path: Path, is_end: bool = False
) -> None:
    pending = len(decoder.getstate()[0])
    if piece.isascii() and not pending:  # ten times as fast as decoding
        return
    try:
        decoder.decode(piece, is_end)
    except UnicodeDecodeError as error:
        line = _line(path, before - pending + error.start)
        raise DataError(
            f"{path} is no text in UTF-8: byte 0x{error.object[error.start]:02x} in line {line};"
            " save it as CSV in UTF-8"
        ) from None


def _line(path: Path, place: int) -> int:
    """Return the line, from 1, in which a byte lies."""
    line = 1
    with _open(path) as file:
        while place and (piece := file.read(min(CHUNK, place))):
            line += piece.count(b"\n")
            place -= len(piece)
    return line


def _end_of_header(piece: bytes) -> int:
    """Return where the header ends; 0 where a quoted name may hold an end of line."""
    header = HEADER.match(piece)[0]  # type: ignore[index]
    return 0 if header.count(b'"') % 2 else len(header)


def _require_text_beginning(piece: bytes, path: Path) -> None:
    for beginning, what in BEGINNINGS.items():
        if piece.startswith(beginning):
            raise DataError(f"{path} is {what}")


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
