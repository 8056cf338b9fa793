"""Columns that are not features: dates, classes to predict, or the split that a row belongs to."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import DataError


class Categories:
    """A column that is read in pieces; each cell is kept as the number of its category."""

    def __init__(self) -> None:
        self._categories: dict[float | str, int] = {}
        self._codes: list[np.ndarray] = []

    def add(self, cells: pd.Series) -> None:
        """Add the next cells; a missing one has no category."""
        types = pd.api.types
        is_number = types.is_numeric_dtype(cells) and not types.is_bool_dtype(cells)
        values = cells if is_number else cells.astype(object).map(str, na_action="ignore")
        local, found = pd.factorize(values)
        codes = [self._categories.setdefault(v, len(self._categories)) for v in found.tolist()]
        self._codes.append(np.array([*codes, -1], np.int32)[local])

    def values(self) -> np.ndarray:
        """Return the categories of all rows, `[rows] object`; None where one is missing."""
        categories = np.array([*self._categories, None], object)
        values: np.ndarray = categories[np.concatenate(self._codes)]
        return values

    def encode(self, kept: np.ndarray, name: str, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
        """Number the classes of the kept rows, `[rows, 1] float32`, in ascending order.

        Also return their names, such as `7` for 7.0. No class is missing in a kept row.

        Raises:
            DataError: All cells are the same.
        """
        codes = np.concatenate(self._codes)[kept]
        used, categories = np.unique(codes), list(self._categories)
        values: list[Any] = [categories[code] for code in used]
        try:
            values = pd.to_numeric(pd.Series(values, dtype=object)).tolist()
        except (ValueError, TypeError):  # not all are numbers
            values = list(map(str, values))
        classes = sorted(set(values))
        if len(classes) < 2:
            raise DataError(
                f"{path}: column {name!r} has only one class, {str(classes[0])[:40]}, and two are"
                " needed; give rows of another class, or choose another data.target"
            )
        numbers = {value: number for number, value in enumerate(classes)}
        number_of_code = np.zeros(len(categories), np.float32)
        number_of_code[used] = [numbers[value] for value in values]
        return number_of_code[codes][:, None], tuple(map(_class_name, classes))


def _class_name(value: float | str) -> str:
    is_integer = not isinstance(value, str) and float(value).is_integer()
    return str(int(value) if is_integer else value)
