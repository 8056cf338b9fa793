"""Where examples come from: one function for each source of `conf/data`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.cells import Numbers, narrowed, require_columns
from pipeline.data.custom import custom
from pipeline.data.examples import Examples
from pipeline.data.images import digit_pairs, digits, idx
from pipeline.data.made import cosine, diabetes, offsets, synthetic
from pipeline.data.missing import refuse
from pipeline.data.prices import PRICE_COLUMNS, derived, prices
from pipeline.data.tabular import table
from pipeline.errors import DataError
from pipeline.settings.data import Data

__all__ = ["SOURCES", "Examples", "Features", "read_examples"]

SOURCES: dict[str, Callable[[Any], Examples]] = {
    "sp500": prices,
    "csv": table,
    "cosine": cosine,
    "digits": digits,
    "digit_pairs": digit_pairs,
    "idx": idx,
    "diabetes": diabetes,
    "synthetic": synthetic,
    "offsets": offsets,
    "custom": custom,
}


REMEDY = "a model fills nothing: fill them, or drop their rows"


def read_examples(data: Data) -> Examples:
    """Read the examples of the source that the configuration names.

    Raises:
        DataError: the data is missing, unreadable or unfit.
    """
    if not Path(data.path).exists():
        raise DataError(f"data.path={data.path}: no such file; give an existing one")
    return SOURCES[data.source](data)


class Features:
    """The features of a model, from the pieces of a table that has them or what they derive from.

    Args:
        source: the kind of source the model was trained on.
        names: its features.
        columns: of the table.
        path: of the table, for messages.

    Raises:
        DataError: columns are missing.
    """

    def __init__(
        self, source: str, names: Sequence[str], columns: Sequence[str], path: Path
    ) -> None:
        self._names, self._path = names, path
        self._are_derived = source == "sp500" and not set(names) <= set(columns)
        needed = PRICE_COLUMNS if self._are_derived else names
        require_columns(columns, needed, path)
        self._numbers = Numbers(needed)

    def read(self, piece: pd.DataFrame) -> np.ndarray | None:
        """Return the features of the next rows.

        Returns:
            `[rows, features] float32`; None once a cell is no number, which `require` will say
            when all rows were seen.

        Raises:
            DataError: a price is not positive, or float32 cannot hold a number.
        """
        numbers, before = self._numbers, self._numbers.rows
        values = numbers.read(piece)
        if numbers.are_unsound():
            return None
        rows = np.arange(before, numbers.rows)
        if self._are_derived:
            values = derived(values, rows, self._path)
        return narrowed(values, self._names, self._path, rows + 1)

    def require(self) -> None:
        """Refuse cells that are no numbers.

        Raises:
            DataError: naming each column that has such, and where.
        """
        self._numbers.require(self._numbers.columns, self._path)
        refuse(self._numbers.gaps, self._numbers.rows, self._path, REMEDY)
