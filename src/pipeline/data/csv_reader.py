"""Reading CSV files, plain or compressed, in pieces; messages name the line, row or column."""

import codecs
import csv
import io
import os
import re
import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.data.compression import COMPRESSIONS, UNPACKED_RATIO, open_reader, unpacked_limit
from pipeline.errors import DataError, one_line

BLOCK_BYTES = 2**23  # parsed at once
PIECE_ROWS = 2**16  # parsed at once in a file whose cells may contain line breaks
MAX_THREADS = 4
CHUNK_BYTES = 2**20
MAX_NAME_LENGTH = 250
# The first line that is not blank, and what is before it.
HEADER = re.compile(rb"(?:\xef\xbb\xbf)?\s*[^\r\n]*")
DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}

_parse: Callable[..., Any] = partial(pd.read_csv, index_col=False)

MAGIC_BYTES = {
    b"\xff\xfe": "UTF-16; save it as UTF-8",
    b"\xfe\xff": "UTF-16; save it as UTF-8",
    b"PAR1": "a Parquet file; rename it to .parquet",
    b"PK\x03\x04": "a ZIP archive or a spreadsheet; save the table as CSV, or name it .csv.zip",
    b"\x1f\x8b": "compressed with gzip; rename it to .csv.gz",
}


def is_csv(path: Path) -> bool:
    """Tell whether the name has the ending of a CSV file, such as `.csv` or `.csv.gz`."""
    endings = [suffix.lower() for suffix in path.suffixes[-2:]]
    return endings[-1:] == [".csv"] or (endings[:1] == [".csv"] and endings[-1] in COMPRESSIONS)


class CsvReader:
    """Reads a CSV file. The names of its header stay as they are, and no row is longer than it.

    Raises:
        DataError: The file is not text in UTF-8, or has no usable header.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._has_quotes = _require_text(path)
        try:
            with open_reader(path) as file:
                header = _parse(file, header=None, nrows=1, dtype=str, keep_default_na=False)
        except pd.errors.ParserError as error:
            raise _explain_parser_error(error, path) from None
        self.names = [str(name) for name in header.iloc[0]]
        _require_names(self.names, path)

    def pieces(self, text: Collection[str] = ()) -> Iterator[pd.DataFrame]:
        """Yield the rows, some thousands at a time; the cells of `text` columns stay text."""
        with warnings.catch_warnings():
            # pandas drops cells beyond the header with nothing but a warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            try:
                yield from self._pieces(dict.fromkeys(text, str))
            except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
                raise _explain_parser_error(error, self.path) from None

    def _pieces(self, dtypes: dict[str, type]) -> Iterator[pd.DataFrame]:
        parse = partial(_parse, dtype=dtypes, low_memory=False)
        with open_reader(self.path) as file:
            if self._has_quotes:  # where a line ends depends on all text before it
                with parse(file, chunksize=PIECE_ROWS) as reader:
                    yield from reader
            else:
                yield from _parse_ahead(parse, map(io.BytesIO, _split_lines(file)))


def _split_lines(file: Any) -> Iterator[bytes]:
    """Yield blocks of whole lines; each block begins with the header."""
    header, rest = b"", b""
    while chunk := file.read(BLOCK_BYTES):
        end = (chunk.rfind(b"\n") if b"\n" in chunk else chunk.rfind(b"\r")) + 1
        if not end:
            rest += chunk
            continue
        block = b"".join([header, rest, memoryview(chunk)[:end]])
        header, rest = header or HEADER.match(block)[0] + b"\n", chunk[end:]  # type: ignore[index]
        yield block
    if rest:
        yield header + rest


def _parse_ahead(
    parse: Callable[[io.BytesIO], pd.DataFrame], blocks: Iterator[io.BytesIO]
) -> Iterator[pd.DataFrame]:
    """Yield the parsed blocks in order, while threads parse the next ones."""
    threads = min(os.cpu_count() or 1, MAX_THREADS)
    with ThreadPoolExecutor(threads) as pool:
        pending: deque[Future[pd.DataFrame]] = deque()
        for block in blocks:
            pending.append(pool.submit(parse, block))
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _require_text(path: Path) -> bool:
    """Check the whole file before its rows are used; tell whether cells of rows may be quoted."""
    limit = unpacked_limit(path)
    decoder = codecs.getincrementaldecoder("utf-8")()
    size, has_quotes = 0, False
    with open_reader(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            if size == 0:
                for magic, what in MAGIC_BYTES.items():
                    if chunk.startswith(magic):
                        raise DataError(f"{path} is {what}")
            _require_utf8(decoder, chunk, size, path)
            if b"\0" in chunk:
                line = _line_number(path, size + chunk.index(b"\0"))
                raise DataError(
                    f"{path} has a NUL byte in line {line}, so it is damaged, binary or UTF-16;"
                    " give text in UTF-8"
                )
            has_quotes = has_quotes or b'"' in chunk[0 if size else _header_end(chunk) :]
            size += len(chunk)
            if size > limit:
                raise DataError(
                    f"{path} unpacks to more than {limit / 1e6:,.0f} MB, over {UNPACKED_RATIO}"
                    " times its size; if this is intended, decompress it and give the plain file"
                )
    _require_utf8(decoder, b"", size, path, is_end=True)
    return has_quotes


def _require_names(names: Sequence[str], path: Path) -> None:
    for number, name in enumerate(names, 1):
        if len(name) > MAX_NAME_LENGTH:
            raise DataError(
                f"{path}: the name of column {number} has {len(name):,} characters, and"
                f" {MAX_NAME_LENGTH} are allowed; does the first line contain the names?"
            )
    for delimiter, what in DELIMITERS.items():
        if len(names) == 1 and delimiter in names[0]:
            raise DataError(
                f"{path} has only one column, {names[0][:40]!r}: its cells are separated by {what};"
                " save it with commas"
            )


def _explain_parser_error(error: Exception, path: Path) -> DataError:
    """Return an error that names the row that cannot be parsed."""
    unclosed = re.search(r"inside string starting at row (\d+)", str(error))
    if unclosed:
        where = f"row {unclosed[1]}" if unclosed[1] != "0" else "the header"
        return DataError(
            f"{path}: a quotation mark that opens in {where} is never closed; close or remove it"
        )
    try:
        with open_reader(path) as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
            rows = filter(None, csv.reader(text))
            columns = len(next(rows))
            for number, cells in enumerate(rows, 1):
                if len(cells) > columns:
                    return DataError(
                        f"{path}: row {number} has {len(cells)} cells, but the header has"
                        f" {columns}; fix the row, and quote cells that contain a comma"
                    )
    except csv.Error:
        pass  # the message of pandas is the best there is
    return DataError(f"{path} cannot be read: {one_line(error)}; fix or replace it")


def _require_utf8(
    decoder: codecs.IncrementalDecoder, chunk: bytes, offset: int, path: Path, is_end: bool = False
) -> None:
    pending = len(decoder.getstate()[0])
    if chunk.isascii() and not pending:  # ten times as fast as decoding
        return
    try:
        decoder.decode(chunk, is_end)
    except UnicodeDecodeError as error:
        line = _line_number(path, offset - pending + error.start)
        raise DataError(
            f"{path} is not text in UTF-8: byte 0x{error.object[error.start]:02x} in line {line};"
            " save it as CSV in UTF-8"
        ) from None


def _line_number(path: Path, offset: int) -> int:
    """Return the line, counted from 1, that contains a byte."""
    line = 1
    with open_reader(path) as file:
        while offset and (chunk := file.read(min(CHUNK_BYTES, offset))):
            line += chunk.count(b"\n")
            offset -= len(chunk)
    return line


def _header_end(chunk: bytes) -> int:
    """Return where the header ends; 0 if a quoted name may contain a line break."""
    header = HEADER.match(chunk)[0]  # type: ignore[index]
    return 0 if header.count(b'"') % 2 else len(header)
