"""How a CSV file is written: its separator, its decimal sign, its header, and where rows begin.

Programs write tables differently, and the first lines tell how.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pipeline.errors import DataError

SAMPLE_ROWS = 200
MAX_NAME_LENGTH = 250
# What `data.separator` may be besides one character.
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "space": " "}
# One that stands in each line, outside of quotation marks, is the separator.
LIKELY = (";", "\t", "|")
SPACE = r"\s+"

_QUOTED = '"[^"]*(?:""[^"]*)*"'
_LINE_END = r"\r\n|\r|\n"
_SEPARATOR_LINE = re.compile(rf'"?sep=(.)"?[^\S\r\n]*(?:{_LINE_END})', re.IGNORECASE)
_BLANK_LINES = re.compile(rf"(?:[^\S\r\n]*(?:{_LINE_END}))*")  # it matches any text
_WITH_COMMA = re.compile(r"\s*[-+]?\d*(?:\.\d{3})*,\d+(?:[eE][-+]?\d+)?\s*")
_WITH_POINT = re.compile(r"\s*[-+]?\d*\.\d+(?:[eE][-+]?\d+)?\s*")
# 1,234 may be a thousand or a little more than one.
_MAYBE_THOUSANDS = re.compile(r"\s*[-+]?[1-9]\d{0,2}(?:,\d{3})+\s*")


@dataclass(frozen=True)
class Dialect:
    """How a file is written.

    Attributes:
        separator: one character; a space stands for any number of spaces and tabs.
        decimal: `.` or `,`.
        header: names of the columns, as they are; empty where there is none.
        empty: numbers from 0 of the columns with neither a name nor a cell in the first rows.
        start: where the rows begin, in bytes.
    """

    separator: str
    decimal: str
    header: tuple[str, ...]
    empty: tuple[int, ...]
    start: int


def find_dialect(
    sample: bytes, is_whole: bool, path: Path, separator: str, decimal: str
) -> Dialect:
    """Find how a file is written.

    Args:
        sample: the beginning of the file, in UTF-8, with the whole header.
        is_whole: whether this is the whole file.
        separator: one character, a name in `SEPARATORS`, or `auto`.
        decimal: `.`, `,`, or `auto`.

    Raises:
        DataError: The file is empty, or its first line cannot be a header.
    """
    text = sample.decode("utf-8", "replace")
    start = len(text) - len(text.removeprefix("\ufeff"))
    told = _SEPARATOR_LINE.match(text, start)
    start = told.end() if told else start
    # The pattern matches any text, if only an empty part of it.
    start = _BLANK_LINES.match(text, start).end()  # type: ignore[union-attr]
    if not text[start:].strip():
        raise DataError(f"{path} is empty; add a header and rows")
    if separator != "auto":
        separator = SEPARATORS.get(separator, separator)
    else:
        separator = told[1] if told else _find_separator(text[start:], is_whole)
    lines = _lines(text, start, separator)
    header, start = next(lines, ([], 0))
    if not header:
        raise DataError(
            f"{path}: a quotation mark that opens in the header is never closed; close or remove it"
        )
    _require_names(header, path)
    rows = [cells for cells, end in islice(lines, SAMPLE_ROWS) if is_whole or end < len(text)]
    empty = [
        number
        for number, name in enumerate(header)
        if not name.strip() and not any(row[number].strip() for row in rows if number < len(row))
    ]
    if decimal == "auto":
        decimal = "," if separator != "," and _has_decimal_commas(rows, separator) else "."
    begin = len(text[:start].encode())
    return Dialect(separator, decimal, tuple(header), tuple(empty), begin)


def _find_separator(text: str, is_whole: bool) -> str:
    """Return the separator of a table that begins with its header."""
    unquoted = re.sub(_QUOTED, "quoted", text)
    lines = [line for line in re.split(_LINE_END, unquoted) if line.strip(" ")]
    lines = (lines if is_whole else lines[:-1] or lines)[: SAMPLE_ROWS + 1]
    for separator in LIKELY:
        counts = [line.count(separator) for line in lines]
        if counts[0] and len({counts[0], *counts[1:]}) == 1:
            return separator
    if "," in lines[0]:
        return ","
    most = max(LIKELY, key=lines[0].count)
    if most in lines[0]:
        return most
    words = {len(line.split()) for line in lines}
    return " " if len(lines) > 1 and len(words) == 1 and words != {1} else ","


def _lines(text: str, start: int, separator: str) -> Iterator[tuple[list[str], int]]:
    """Yield the cells of each line that is not blank, and where it ends.

    They end where a quotation mark is never closed.
    """
    if separator == " ":
        cell, between, around = rf'{_QUOTED}|[^\s"]\S*', "[ \t]+", "[ \t]*"
    else:
        other = f"[^{re.escape(separator)}\r\n]"
        cell, between, around = rf'{_QUOTED}{other}*|(?!"){other}*', re.escape(separator), ""
    line = re.compile(f"{around}((?:{cell})(?:{between}(?:{cell}))*){around}(?:{_LINE_END}|\\Z)")
    cells = re.compile(f"({cell})(?:{between}|\\Z)")
    while start < len(text) and (found := line.match(text, start)):
        start = found.end()
        if found[1].strip() or separator in found[1]:
            yield [_unquote(cell) for cell in _cells(cells, found[1])], start


def _cells(pattern: re.Pattern[str], line: str) -> Iterator[str]:
    """Yield the cells of one line; the last one may be empty."""
    start = 0
    while found := pattern.match(line, start):
        yield found[1]
        if found.end(1) == len(line):
            return
        start = found.end()


def _unquote(cell: str) -> str:
    if not cell.startswith('"'):
        return cell
    quoted, _, rest = cell[1:].replace('""', "\0").partition('"')
    return quoted.replace("\0", '"') + rest


def _require_names(names: Sequence[str], path: Path) -> None:
    for number, name in enumerate(names, 1):
        if len(name) > MAX_NAME_LENGTH:
            raise DataError(
                f"{path}: the name of column {number} has {len(name):,} characters, and"
                f" {MAX_NAME_LENGTH} are allowed; write the names into the first line"
            )


def _has_decimal_commas(rows: Sequence[Sequence[str]], separator: str) -> bool:
    """Tell whether numbers are written as 1,5. Where commas separate, nobody writes so."""
    cells = [cell for row in rows for cell in row]
    if any(_WITH_POINT.fullmatch(cell) for cell in cells):
        return False
    return any(
        _WITH_COMMA.fullmatch(cell) and (separator == ";" or not _MAYBE_THOUSANDS.fullmatch(cell))
        for cell in cells
    )
