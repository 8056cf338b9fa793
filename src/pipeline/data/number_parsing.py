"""Numbers in cells of any type: plain numbers, booleans, durations, or text from a file."""

import re
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow

from pipeline.data.arrow_reader import to_text

EXACT = 2**53  # whole numbers are exact in float64 up to here
# What programs write for a missing number, in any case.
MISSING = frozenset(
    (
        *("", "na", "nan", "-nan", "n/a", "#n/a", "#na", "#n/a n/a", "<na>", "null", "none"),
        *("nat", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"),
    )
)
BOOLEANS = {"true": 1.0, "false": 0.0}
WHOLE_NUMBER = r"\s*[-+]?\d{16,}\s*"
THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:(?:,\d{3})+(?:\.\d*)?|(?:\.\d{3})+(?:,\d*)?)")
# Separators that Swiss and French programs write, some of which look like others.
# The characters that look alike are those that people type.
THOUSANDS_ALSO = re.compile(r"[-+]?[1-9]\d{0,2}(?:(?:['’\s\u00a0\u202f]\d{3})+(?:[.,]\d*)?)")  # noqa: RUF001
WITH_UNIT = re.compile(r"[-+]?[$€£¥]\s*[-+]?\d[\d.,]*|[-+]?\d[\d.,]*\s*[$€£¥%]")
WITH_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Numbers:
    """The numbers in some cells of a column.

    Attributes:
        values: `[rows] float64`, NaN for any other cell.
        is_text: `[rows] bool`, whether a cell is neither a number nor missing.
        is_large: `[rows] bool`, whether a cell is a whole number that float64 may round.
        booleans: number of cells that are true or false.
    """

    values: np.ndarray
    is_text: np.ndarray
    is_large: np.ndarray
    booleans: int = 0

    @cached_property
    def are_plain(self) -> bool:
        """Whether all cells are finite, exact numbers."""
        return are_finite(self.values) and not self.is_large.any()


@dataclass(frozen=True)
class NumberParser:
    """Finds numbers.

    Attributes:
        decimal: sign in numbers that are text, `.` or `,`.
        missing: text that means a missing value, in small letters.
    """

    decimal: str = "."
    missing: Collection[str] = MISSING

    def parse(self, cells: pd.Series) -> Numbers:
        """Find the numbers of a column."""
        nothing = np.zeros(len(cells), bool)
        if pd.api.types.is_bool_dtype(cells):
            values = cells.to_numpy(np.float64, na_value=np.nan)
            return Numbers(values, nothing, nothing, int(np.count_nonzero(~np.isnan(values))))
        if cells.dtype == np.float64:
            return Numbers(cells.to_numpy(), nothing, nothing)
        if cells.dtype.kind == "m":  # in seconds, whatever the unit of the file
            cells = cells.dt.total_seconds()
        if is_numeric(cells):
            values = cells.to_numpy(np.float64, na_value=np.nan)
            is_whole = pd.api.types.is_integer_dtype(cells)
            return Numbers(values, nothing, _find_large(cells, values) if is_whole else nothing)
        # Text repeats: each different one is parsed once.
        codes, words = pd.factorize(to_words(cells), use_na_sentinel=False)
        found = self._parse_words(pd.Series(words, dtype="str"))
        values, *masks = (part[codes] for part in found)
        is_text, is_large, is_boolean = masks
        return Numbers(values, is_text, is_large, int(np.count_nonzero(is_boolean)))

    def _parse_words(
        self, words: pd.Series
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the values, and which words are text, large whole numbers, and booleans."""
        plain = _with_points(words) if self.decimal == "," else words
        values = pd.to_numeric(plain, errors="coerce").to_numpy(np.float64, na_value=np.nan).copy()
        is_large = np.abs(values) >= EXACT
        if is_large.any():
            chosen = plain[is_large]
            is_whole = chosen.str.fullmatch(WHOLE_NUMBER)
            is_large[is_large] = [
                whole and abs(int(word)) > EXACT
                for whole, word in zip(is_whole, chosen, strict=True)
            ]
        is_text, is_boolean = np.isnan(values), np.zeros(len(values), bool)
        kinds = words[is_text].fillna("").str.strip().str.casefold()
        values[is_text] = kinds.map(BOOLEANS).to_numpy(np.float64, na_value=np.nan)
        is_boolean[is_text] = ~np.isnan(values[is_text])
        is_text[is_text] = ~(kinds.isin(BOOLEANS) | kinds.isin(list(self.missing))).to_numpy(bool)
        return values, is_text, is_large, is_boolean


def are_finite(values: np.ndarray) -> bool:
    """Tell whether all numbers are finite."""
    # NaN is the extreme of values that it is among. This takes less time than a mask.
    return not values.size or bool(np.isfinite(values.max()) and np.isfinite(values.min()))


def clear_marks(cells: pd.Series, marks: Collection[str], are_numbers: bool) -> pd.Series:
    """Return cells of any type without those that are marks, or equal numbers.

    A mark is no duration, whose number depends on the unit of the file.
    """
    if not marks or cells.dtype.kind == "m":
        return cells
    is_mark = to_words(cells).str.strip().isin(list(marks))
    numbers = pd.to_numeric(pd.Series(list(marks), dtype="str"), errors="coerce").dropna()
    if are_numbers and len(numbers):
        is_mark |= pd.to_numeric(to_words(cells), errors="coerce").isin(numbers)
    return cells.astype(np.float64).mask(is_mark) if is_numeric(cells) else cells.mask(is_mark)


def to_words(cells: pd.Series) -> pd.Series:
    """Return cells of any type as text; one that is missing stays missing."""
    if isinstance(cells.dtype, pd.StringDtype):
        return cells
    if isinstance(cells.dtype, pd.ArrowDtype) and not _are_times(cells.dtype.pyarrow_dtype):
        words = to_text(pyarrow.array(cells))
        return words.set_axis(cells.index)
    return cells.astype(object).map(str, na_action="ignore").astype("str")


def _are_times(kind: pyarrow.DataType) -> bool:
    return bool(pyarrow.types.is_timestamp(kind) or pyarrow.types.is_date(kind))


def find_missing(cells: pd.Series) -> np.ndarray:
    """Tell which cells of a column are empty, blank or NaN, `[rows] bool`."""
    if is_numeric(cells):
        absent: np.ndarray = np.isnan(cells.to_numpy(np.float64, na_value=np.nan))
        return absent
    return (cells.isna() | (to_words(cells).str.strip() == "")).to_numpy(bool)


def is_numeric(cells: pd.Series) -> bool:
    """Tell whether the type of a column is one of numbers, and not of booleans."""
    types = pd.api.types
    return bool(types.is_integer_dtype(cells) or types.is_float_dtype(cells))


def suggest(example: str, is_table: bool) -> str:
    """Return what may be wrong with a cell that looks like a number to people; empty if nothing.

    Of a user's table, it names the key that helps.
    """
    word = example.strip()
    if THOUSANDS.fullmatch(word) or THOUSANDS_ALSO.fullmatch(word):
        return f"remove the thousands separators, as in {word!r}"
    if WITH_UNIT.fullmatch(word):
        return f"remove the sign of the unit, as in {word!r}"
    if WITH_COMMA.fullmatch(word):
        way = "\"data.decimal=','\" reads it" if is_table else "write a point"
        return f"{word!r} has a decimal comma: {way}"
    return ""


def override(key: str, values: Collection[str]) -> str:
    """Return an override for a shell whose value is a list of text, in Hydra's quoting."""
    # Hydra reads a backslash as itself, except before a quotation mark.
    doubled = (re.sub(r'(\\+)(?="|$)', r"\1\1", value) for value in values)
    escaped = (value.replace('"', '\\"') for value in doubled)
    listed = ", ".join(f'"{value}"' for value in escaped)
    return shlex.quote(f"{key}=[{listed}]")


def _find_large(cells: pd.Series, values: np.ndarray) -> Any:
    is_large = np.abs(values) >= EXACT
    if is_large.any():
        is_large[is_large] = [abs(int(cell)) > EXACT for cell in cells[is_large]]
    return is_large


def _with_points(words: pd.Series) -> pd.Series:
    """Return numbers with a decimal point in place of a comma; one with both stays text."""
    has_point = words.str.contains(".", regex=False, na=False)
    return words.mask(has_point & words.str.contains(r"\d", na=False), "text").str.replace(
        ",", ".", regex=False
    )
