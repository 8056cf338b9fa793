"""Distinct values of a column that is read in pieces."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import DataError


class Classes:
    """The values of a column; of each cell, only the number of its value is kept."""

    def __init__(self) -> None:
        self._known: dict[float | str, int] = {}
        self._numbers: list[np.ndarray] = []

    def add(self, cells: pd.Series) -> None:
        """Take the next cells; a missing one has no value."""
        kinds = pd.api.types
        is_number = kinds.is_numeric_dtype(cells) and not kinds.is_bool_dtype(cells)
        values = cells if is_number else cells.astype(object).map(str, na_action="ignore")
        places, distinct = pd.factorize(values)
        known = [self._known.setdefault(value, len(self._known)) for value in distinct.tolist()]
        self._numbers.append(np.array([*known, -1], np.int32)[places])

    def values(self) -> np.ndarray:
        """Return the values again, `[rows] object`, None where one is missing."""
        found: np.ndarray = np.array([*self._known, None], object)[np.concatenate(self._numbers)]
        return found

    def numbered(
        self, kept: np.ndarray, name: str, path: Path
    ) -> tuple[np.ndarray, tuple[str, ...]]:
        """Number the distinct values of the kept rows, of which none is missing, ascending.

        Returns:
            The numbers, `[rows, 1] float32`, and the K names; whole numbers are named without
            `.0`.

        Raises:
            DataError: all cells are the same.
        """
        numbers = np.concatenate(self._numbers)[kept]
        met, every = np.unique(numbers), list(self._known)
        values = _as_numbers([every[number] for number in met])
        classes = sorted(set(values))
        if len(classes) < 2:
            raise DataError(
                f"{path}: column {name!r} has one class only, {str(classes[0])[:40]}; two are"
                " needed: give rows of another, or another data.target"
            )
        place = {value: number for number, value in enumerate(classes)}
        renumbered = np.zeros(len(every), np.float32)
        renumbered[met] = [place[value] for value in values]
        return renumbered[numbers][:, None], tuple(map(_class_name, classes))


def _as_numbers(values: list[Any]) -> list[Any]:
    """Return the values as numbers if all are such, else as text."""
    try:
        found: list[Any] = pd.to_numeric(pd.Series(values, dtype=object)).tolist()
    except (ValueError, TypeError):
        return [str(value) for value in values]
    return found


def _class_name(value: float | str) -> str:
    is_whole = not isinstance(value, str) and float(value).is_integer()
    return str(int(value) if is_whole else value)
