"""Numbers in the cells of a table; messages name the column and the row of what is not a number."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.number_parsing import (
    MISSING,
    NumberParser,
    Numbers,
    are_finite,
    override,
    suggest,
)
from pipeline.errors import DataError, listing, nearest, show_name

MAX_NAMED = 5
# A name that looks like a cell of a row.
_NUMBER = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*")
# The share of texts among the values of a column that is text.
MOSTLY = 0.9

PROBLEMS = {
    "text": "has text, such as {example!r},",
    "infinite": "is infinite",
    "large": "has the whole number {example}, beyond 2^53, which float64 would round,",
}


class RowNumbers:
    """The first few rows with some property, counted from 1, and how many there are."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[int] = []

    def add(self, rows: np.ndarray, before: int = 0) -> None:
        """Add the rows of a piece, `[rows] bool`; there are `before` rows before it."""
        self.count += int(np.count_nonzero(rows))
        if len(self._first) < MAX_NAMED:
            self._first += (np.flatnonzero(rows)[:MAX_NAMED] + before + 1).tolist()

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        first = listing(self._first[:MAX_NAMED], MAX_NAMED)
        more = f" and {self.count - MAX_NAMED} more" if self.count > MAX_NAMED else ""
        return f"in {'row' if self.count == 1 else 'rows'} {first}{more}"


class NumericColumns:
    """Reads columns of numbers in pieces. What is not a number is collected for one message.

    True and False are the numbers 1 and 0, and a duration is its seconds.

    Args:
        columns: their names.
        decimal: sign in numbers that are text, `.` or `,`.
        na_values: text that means a missing value, besides `MISSING`.

    Attributes:
        rows: number of rows that were read.
        decimal: as it was given.
        missing: for each column, the rows whose value is missing.
    """

    def __init__(
        self, columns: Sequence[str], decimal: str = ".", na_values: Collection[str] = ()
    ) -> None:
        self.columns, self.rows, self.decimal = list(columns), 0, decimal
        marks = {mark.strip().casefold() for mark in na_values}
        self._parser = NumberParser(decimal, MISSING | marks)
        self.missing = {column: RowNumbers() for column in columns}
        self._found: dict[str, dict[str, RowNumbers]] = {
            what: {column: RowNumbers() for column in columns} for what in PROBLEMS
        }
        self._examples: dict[tuple[str, str], str] = {}

    def read(self, piece: pd.DataFrame) -> np.ndarray:
        """Read the next rows: `[rows, columns] float64`, NaN for what is not a number."""
        is_all = list(piece.columns) == self.columns  # a selection is a copy
        values = _find_plain_numbers(piece if is_all else piece[self.columns])
        if values is not None:
            self.rows += len(piece)
            return values
        values = np.empty((len(piece), len(self.columns)), np.float64)
        for number, column in enumerate(self.columns):
            cells = piece[column]
            numbers = self._parser.parse(cells)
            values[:, number] = numbers.values
            if not numbers.are_plain:
                self._record(column, cells, numbers)
        self.rows += len(piece)
        return values

    def _record(self, column: str, cells: pd.Series, numbers: Numbers) -> None:
        self.missing[column].add(np.isnan(numbers.values) & ~numbers.is_text, self.rows)
        problems = (numbers.is_text, np.isinf(numbers.values) & ~numbers.is_large, numbers.is_large)
        for what, rows in zip(PROBLEMS, problems, strict=True):
            self._found[what][column].add(rows, self.rows)
            if rows.any():
                self._examples.setdefault((what, column), str(cells[rows].iloc[0]))

    def is_text(self, column: str) -> bool:
        """Tell whether a column has text, and nothing in any row that people read as a number."""
        text = self._found["text"][column].count
        return text > 0 and not self.has_numbers(column) and not self._looks_like_numbers(column)

    def has_numbers(self, column: str) -> bool:
        """Tell whether a cell of a column is a number, or is True or False."""
        return self._found["text"][column].count + self.missing[column].count < self.rows

    def is_mostly_text(self, column: str) -> bool:
        """Tell whether a column has text in 9 of 10 cells with a value, and the rest may be, too.

        An identifier such as `1E2` among others, `1B2` and `1C2`, is not a number.
        """
        text, missing = self._found["text"][column].count, self.missing[column].count
        return text >= MOSTLY * max(1, self.rows - missing) and not self._looks_like_numbers(column)

    def _looks_like_numbers(self, column: str) -> bool:
        return bool(suggest(self._examples["text", column], is_table=True))

    def has_other_than_numbers(self) -> bool:
        """Tell whether any cell so far is not a finite number; missing ones do not count."""
        return any(rows for found in self._found.values() for rows in found.values())

    def require_numbers(
        self,
        columns: Sequence[str],
        where: Path | str,
        is_table: bool = False,
        targets: Collection[str] = (),
    ) -> None:
        """Refuse text, infinities and whole numbers that float64 would round, not missing values.

        The message names columns and rows; of a user's table also the keys that help, which are
        others for targets.
        """
        problems: list[str] = []
        remedies = _Remedies(is_table, targets)
        for column in columns:
            for what, found in self._found.items():
                if rows := found[column]:
                    example = self._examples[what, column][:40]
                    has = PROBLEMS[what].format(example=example)
                    problems.append(f"column {column!r} {has} {rows}")
                    remedies.add(what, column, example)
        if problems:
            message = ";\n  ".join([*problems, *remedies.sentences()])
            raise DataError(f"{where}: numbers are needed:\n  {message}")


def _find_plain_numbers(cells: pd.DataFrame) -> np.ndarray | None:
    """Return all cells, `[rows, columns]`, if they are float64 and finite; None otherwise."""
    if not all(dtype == np.float64 for dtype in cells.dtypes):
        return None
    values = np.ascontiguousarray(cells.to_numpy(np.float64))
    return values if are_finite(values) else None


def require_columns(
    present: Sequence[str],
    required: Sequence[str],
    where: Path | str,
    *,
    is_text: bool = False,
) -> None:
    """Refuse a table without a required column; the message names the nearest that exists.

    Args:
        is_text: the names are the first line of a file of text.
    """
    absent = [column for column in required if column not in present]
    if absent:
        named = "; ".join(
            f"no column {column!r}{nearest(column, present)}" for column in absent[:5]
        )
        named += f"; and {len(absent) - 5:,} more are missing" if len(absent) > 5 else ""
        has = listing(map(show_name, present), 12)
        remedy = _header_remedy(present) if is_text else "fix the name"
        raise DataError(f"{where}: {named}; it has {has}; {remedy}")


def _header_remedy(names: Sequence[str]) -> str:
    """Return what to do about a header that lacks a name."""
    if names and names[0].lstrip().startswith("#"):
        return "if the first line is a comment, remove it; else fix the name"
    if names and all(map(_NUMBER.fullmatch, names)):
        return "put a line with the names of the columns above the rows, or fix the name"
    return "fix the name"


def require_float32(
    values: np.ndarray,
    names: Sequence[str],
    where: Path | str,
    index: np.ndarray,
    index_name: str = "row",
) -> None:
    """Refuse numbers beyond the range of float32, `[rows, columns]`, but not NaN.

    Raises:
        DataError: The message identifies the row by its index.
    """
    largest = np.finfo(np.float32).max
    if not values.size or (values.max() <= largest and values.min() >= -largest):
        return  # of NaN, both are false
    wrong = np.abs(values) > largest
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"{where}: column {names[column]!r} has {values[row, column]:g} in {index_name}"
            f" {index[row]}, beyond float32 (3.4e38); use a larger unit, or fix the value"
        )


class _Remedies:
    """How to go on with columns that are not finite numbers."""

    def __init__(self, is_table: bool, targets: Collection[str]) -> None:
        self._is_table, self._targets = is_table, targets
        self._hints: dict[str, None] = {}
        self._marks: dict[str, None] = {}
        self._columns: list[str] = []
        self._must_fix = self._may_be_class = False

    def add(self, what: str, column: str, example: str) -> None:
        """Add a column with a kind of problem and the first such cell."""
        is_target = column in self._targets
        if what == "text" and (hint := suggest(example, self._is_table)):
            self._hints[hint] = None
            if self._is_table and not is_target:
                self._columns.append(column)
        elif what == "infinite" or not self._is_table or (is_target and what != "text"):
            self._must_fix = True
        elif is_target:
            self._may_be_class = len(self._targets) == 1
        else:
            self._columns.append(column)
        if what == "text" and self._is_table and not hint:
            self._marks[example.strip()] = None

    def sentences(self) -> list[str]:
        """Return what helps, one sentence a remedy."""
        fix = ["fix these cells, or drop the rows or columns"] if self._must_fix else []
        ways = []
        if self._marks:
            marks = listing(map(repr, self._marks))
            mark = f"{override('data.na_values', self._marks)} counts {marks} as missing"
            ways += ["fix these cells", mark]
        if self._may_be_class:
            target = next(iter(self._targets))
            ways.append(f"data.task=classification takes {target!r} as classes")
        if self._columns:
            names = listing(map(repr, self._columns))
            ways += [
                f"{override('data.text', self._columns)} takes {names} as text",
                f"{override('data.drop', self._columns)} leaves {names} out",
                "data.features=[…] names the columns to use",
            ]
        ways[1:] = [*ways[1:-1], *(f"or {way}" for way in ways[1:][-1:])]
        return [*self._hints, *fix, *([", ".join(ways)] if ways else [])]
