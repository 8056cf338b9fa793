"""Columns that are not features: dates, classes to predict, or the split that a row belongs to."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.numeric_columns import find_missing
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


def parse_dates(cells: pd.Series, path: Path, before: int = 0) -> np.ndarray:
    """Parse ISO dates to `[rows] datetime64[s]`; NaT where one is missing.

    Raises:
        DataError: A cell is not a date; there are `before` rows before these.
    """
    words = cells.map(str)
    times = pd.to_datetime(words, format="ISO8601", errors="coerce", utc=True)
    # pandas accepts words such as "now".
    is_date = words.str.match(r"\s*\d").to_numpy(bool) & times.notna().to_numpy(bool)
    wrong = np.flatnonzero(~is_date & ~find_missing(cells))
    if len(wrong):
        raise DataError(
            f"{path}: column {cells.name!r} has {words.iloc[wrong[0]][:40]!r} in row"
            f" {before + wrong[0] + 1}, which is not a date; write dates as 1999-01-04"
        )
    seconds: np.ndarray = times.dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    return seconds


def to_days(dates: np.ndarray) -> np.ndarray:
    """Return dates as `datetime64[D]`, or unchanged if one of them has a time of day."""
    days: np.ndarray = dates.astype("datetime64[D]")
    return dates if ((days != dates) & ~np.isnat(dates)).any() else days


def require_ascending(dates: np.ndarray, rows: np.ndarray, path: Path) -> None:
    """Refuse dates that do not ascend; the numbers of their rows are from 0."""
    wrong = np.flatnonzero(dates[1:] <= dates[:-1])
    if len(wrong):
        before, after = wrong[0], wrong[0] + 1
        what = "is the same as" if dates[after] == dates[before] else "is before"
        raise DataError(
            f"{path}: dates must ascend, but {dates[after]} in row {rows[after] + 1} {what}"
            f" {dates[before]} in row {rows[before] + 1}; sort the file by date and remove"
            " duplicates"
        )


def _class_name(value: float | str) -> str:
    is_integer = not isinstance(value, str) and float(value).is_integer()
    return str(int(value) if is_integer else value)
