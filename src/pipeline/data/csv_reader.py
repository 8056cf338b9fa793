"""Reading CSV files, plain or compressed, in pieces; messages name the line, row or column."""

import csv
import io
import logging
import re
import warnings
from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow.csv import ParseOptions

from pipeline.data.compression import open_reader
from pipeline.data.csv_blocks import find_rounded, parse_blocks
from pipeline.data.csv_dialect import SPACE, Dialect, find_dialect
from pipeline.data.csv_text import read_sample, require_text
from pipeline.data.number_parsing import find_missing
from pipeline.data.read_options import ReadOptions
from pipeline.errors import DataError, one_line

# Parsed at once; parsing takes several times as much memory, and each column of a block costs time.
BLOCK_BYTES = 3 * 2**20
PIECE_ROWS = 2**16  # parsed at once in a file whose cells may contain line breaks
_log = logging.getLogger(__name__)


class CsvReader:
    """Reads a CSV file. The names of its header stay as they are, and no row is longer than it.

    Attributes:
        names: of the columns; one without a name is called `Unnamed: ` and its number from 0.
        header: their names in the file.
        dialect: how the file is written.

    Raises:
        DataError: The file is not text in UTF-8, or has no usable header.
    """

    schema = None

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.path, self._na_values = path, options.na_values
        self._has_quotes = require_text(path)
        sample, is_whole = read_sample(path)
        self.dialect = find_dialect(sample, is_whole, path, options.separator, options.decimal)
        self.decimal, self._left_out = self.dialect.decimal, self.dialect.empty
        if len(self.dialect.header) == 1 and options.separator == "auto":
            _tell_separator(self.dialect.header[0], path)
        named = {
            number: name
            for number, name in enumerate(self.dialect.header)
            if number not in self._left_out
        }
        self.header = list(named.values())
        self.names = [name if name.strip() else f"Unnamed: {n}" for n, name in named.items()]

    def pieces(self, text: Collection[str] = ()) -> Iterator[pd.DataFrame]:
        """Yield the rows, some thousands at a time; the cells of `text` columns stay text."""
        before = 0
        with warnings.catch_warnings():
            # pandas drops cells beyond the header with nothing but a warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            try:
                for piece in self._pieces(set(text)):
                    self._require_empty(piece, before)
                    before += len(piece)
                    if self._left_out:
                        piece = piece.drop(columns=list(self._left_out))
                    piece.columns = pd.Index(self.names)
                    yield piece
            except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
                raise _explain_parser_error(error, self.path, self.dialect) from None

    def _pieces(self, text: set[str]) -> Iterator[pd.DataFrame]:
        numbers = [n for n in range(len(self.dialect.header)) if n not in self._left_out]
        dtypes = {n: str for n, name in zip(numbers, self.names, strict=True) if name in text}
        separator = self.dialect.separator
        parse = partial(
            pd.read_csv,
            index_col=False,
            header=None,
            names=range(len(self.dialect.header)),
            sep=SPACE if separator == " " else separator,
            decimal=self.dialect.decimal,
            low_memory=False,
            keep_default_na=False,
            na_values=["", *self._na_values, *(f" {mark}" for mark in self._na_values)],
            skip_blank_lines=len(self.dialect.header) > 1,
        )
        if self._has_quotes:  # where a line ends depends on all text before it
            yield from self._quoted_pieces(parse, dtypes)
            return
        with open_reader(self.path) as file:
            file.read(self.dialect.start)
            blocks = _split_lines(file)
            yield from parse_blocks(blocks, parse, list(dtypes), self._plain(), self.decimal)

    def _plain(self) -> ParseOptions | None:
        """Return the dialect for Arrow, which finds marks of missing values by their text alone."""
        if self.dialect.separator == " " or self._na_values:
            return None
        return ParseOptions(
            delimiter=self.dialect.separator,
            quote_char=False,
            ignore_empty_lines=len(self.dialect.header) > 1,
        )

    def _quoted_pieces(
        self, parse: Callable[..., Any], dtypes: dict[int, type[str]]
    ) -> Iterator[pd.DataFrame]:
        done = 0
        while True:
            with open_reader(self.path) as file:
                file.read(self.dialect.start)
                with parse(file, dtype=dtypes, chunksize=PIECE_ROWS) as reader:
                    for piece in islice(reader, done, None):
                        if rounded := find_rounded(piece):
                            dtypes |= dict.fromkeys(rounded, str)
                            break  # read it again as text
                        yield piece
                        done += 1
                    else:
                        return

    def _require_empty(self, piece: pd.DataFrame, before: int) -> None:
        """Refuse a cell in a column that seemed to be no column at all."""
        for number in self._left_out:
            present = ~find_missing(piece[number])
            if present.any():
                row = int(present.argmax())
                cell = str(piece[number].iloc[row])
                raise DataError(
                    f"{self.path}: column {number + 1} has no name, but {cell[:40]!r} in row"
                    f" {before + row + 1}; give it a name in the header"
                )


def _tell_separator(name: str, path: Path) -> None:
    """Tell how to give a separator where a name looks like several with one between them."""
    if found := re.search(r"\w([^\w\s.()%'\"-])\w", name):
        _log.warning(
            "%s has one column, %r; if %r separates its cells, give \"data.separator='%s'\"",
            path,
            name[:40],
            found[1],
            found[1],
        )


def _split_lines(file: Any) -> Iterator[bytes]:
    """Yield blocks of whole lines."""
    rest = b""
    while chunk := file.read(BLOCK_BYTES):
        # A last \r may be the first half of a line's end.
        end = (chunk.rfind(b"\n") if b"\n" in chunk else chunk.rfind(b"\r", 0, -1)) + 1
        if not end:
            rest += chunk
            continue
        yield b"".join([rest, memoryview(chunk)[:end]])
        rest = chunk[end:]
    if rest:
        yield rest


def _explain_parser_error(error: Exception, path: Path, dialect: Dialect) -> DataError:
    """Return an error that names the row that cannot be parsed."""
    unclosed = re.search(r"inside string starting at row (\d+)", str(error))
    if unclosed:
        return DataError(
            f"{path}: a quotation mark that opens in row {int(unclosed[1]) + 1} is never closed;"
            " close or remove it"
        )
    columns, separator = len(dialect.header), dialect.separator
    try:
        with open_reader(path) as file:
            file.read(dialect.start)
            text = io.TextIOWrapper(file, "utf-8", newline="")
            rows = csv.reader(text, delimiter=separator, skipinitialspace=separator == " ")
            for number, cells in enumerate(filter(None, rows), 1):
                if len(cells) > columns:
                    return DataError(
                        f"{path}: row {number} has {len(cells)} cells, but the header has"
                        f" {columns}; fix the row, and quote cells that contain {separator!r}"
                    )
    except csv.Error:
        pass  # the message of pandas is the best there is
    return DataError(f"{path} cannot be read: {one_line(error)}; fix or replace it")
