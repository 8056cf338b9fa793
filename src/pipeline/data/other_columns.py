"""Columns that are not features: dates, classes to predict, or the split that a row belongs to."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.examples import PARTS
from pipeline.data.number_parsing import to_words
from pipeline.errors import DataError


class Categories:
    """A column of text that is read in pieces; each cell is kept as the number of its text.

    Args:
        before: number of rows that were read before; their cells are missing.
    """

    def __init__(self, before: int = 0) -> None:
        self._numbers: dict[str, int] = {"": 0}  # an empty text is a missing cell
        self._codes = [np.zeros(before, np.int32)]

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, cells: pd.Series) -> None:
        """Add the next cells."""
        local, found = pd.factorize(to_words(cells))
        numbers = self._numbers
        codes = [numbers.setdefault(text, len(numbers)) for text in found.tolist()]
        self._codes.append(np.array([*codes, 0], np.int32)[local])

    def codes(self) -> np.ndarray:
        """Return the number of each cell's text, `[rows] int32`."""
        return np.concatenate(self._codes)

    def texts(self) -> list[str]:
        """Return the texts, in the order of their numbers."""
        return list(self._numbers)

    def is_empty(self) -> bool:
        """Tell whether all cells are missing."""
        return len(self._numbers) == 1

    def values(self) -> np.ndarray:
        """Return the texts of all rows, `[rows] object`; None where one is missing."""
        texts = np.array([None, *self.texts()[1:]], object)
        values: np.ndarray = texts[self.codes()]
        return values

    def as_parts(self, kept: np.ndarray, name: str, path: Path) -> np.ndarray:
        """Return the part of the data that each kept row belongs to, `[rows] object`.

        Raises:
            DataError: A cell of a kept row names none; the message has the row.
        """
        parts = self.values()
        wrong = ~np.isin(parts, PARTS) & kept
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                f"{path}: column {name!r} has {str(parts[row])[:40]!r} in row"
                f" {row + 1}; write one of {', '.join(PARTS)}"
            )
        kept_parts: np.ndarray = parts[kept]
        return kept_parts

    def encode(self, kept: np.ndarray, name: str, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
        """Number the classes of the kept rows, `[rows, 1] float32`, in ascending order.

        Also return their names. No class is missing in a kept row.

        Raises:
            DataError: All cells are the same.
        """
        codes, texts = self.codes()[kept], self.texts()
        used = np.unique(codes).tolist()
        if len(used) < 2:
            raise DataError(
                f"{path}: column {name!r} has only one class, {texts[used[0]][:40]!r}, and two are"
                " needed; give rows of another class, or choose another data.target"
            )
        used.sort(key=lambda code: _sort_key(texts[code]))
        number_of_code = np.zeros(len(texts), np.float32)
        number_of_code[used] = np.arange(len(used))
        return number_of_code[codes][:, None], tuple(texts[code] for code in used)


def _sort_key(text: str) -> tuple[bool, int, str]:
    """Order whole numbers by their size, before all other texts."""
    is_number = re.fullmatch(r"-?[0-9]{1,18}", text) is not None
    return not is_number, int(text) if is_number else 0, text
