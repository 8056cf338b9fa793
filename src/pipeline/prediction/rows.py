"""The rows of a table, predicted piece by piece; rows that fail can be left out."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import pandas as pd

from pipeline.data.numeric_columns import RowNumbers
from pipeline.data.tables import Table
from pipeline.errors import ArtifactError, DataError

Outputs = dict[str, np.ndarray]  # [rows, …] each, by the names of columns
Part = tuple[pd.DataFrame, Outputs]

COUNTED = "rows are counted from 1, the first after the header"


class Reading(Protocol):
    """Predicts the pieces of a table one after the other."""

    def predict(self, piece: pd.DataFrame) -> Outputs | None:
        """Return the predictions for the next rows; None where `finish` will raise an error."""

    def finish(self) -> None:
        """Raise `DataError` for what was wrong in any piece."""


class RowModel(ABC):
    """Predicts rows of tables.

    Attributes:
        text: names of the columns that are read as text.
    """

    text: tuple[str, ...]

    @abstractmethod
    def begin(self, before: int) -> Reading:
        """Begin to read where there are `before` rows before."""


class SkippedRows:
    """Which rows are left out, and why the first one was.

    Args:
        counted: says from where rows are counted.
    """

    def __init__(self, counted: str = COUNTED) -> None:
        self._rows, self._reason, self._counted = RowNumbers(), "", counted

    @property
    def count(self) -> int:
        """The number of rows that are left out."""
        return self._rows.count

    def add(self, row: int, error: Exception) -> None:
        """Add a row, counted from 0."""
        self._rows.add(np.array([True]), row)
        self._reason = self._reason or str(error)

    def __str__(self) -> str:
        """Return a sentence about them; empty where there are none."""
        if not self._rows:
            return ""
        where = str(self._rows).removeprefix("in ")
        return f"left out {where}; {self._counted}. The first: {' '.join(self._reason.split())}"

    def require_fewer(self, than: int) -> None:
        """Raise `DataError` if no row is left of a number of them."""
        if self._rows and self._rows.count >= than:
            raise DataError(f"no row can be predicted: {self._reason}")


def predict_rows(model: RowModel, table: Table, skipped: SkippedRows | None) -> Iterator[Part]:
    """Yield pieces of a table with their predictions.

    Args:
        skipped: takes the rows that cannot be predicted; None to raise an error for them.

    Raises:
        ArtifactError: the model cannot be run.
        DataError: rows do not fit the model.
    """
    reading, before = model.begin(0), 0
    try:
        for piece in table.pieces(model.text):
            if skipped is not None:
                yield from _predict_what_fits(model, piece, before, skipped)
            elif (outputs := reading.predict(piece)) is not None:
                yield piece, outputs
            before += len(piece)
        if skipped is None:
            reading.finish()
        else:
            skipped.require_fewer(before)
    except DataError as error:
        if re.search(r"\brows? \d", str(error)) and COUNTED not in str(error):
            raise DataError(f"{error}; {COUNTED}") from None
        raise


def _predict_what_fits(
    model: RowModel, piece: pd.DataFrame, before: int, skipped: SkippedRows
) -> Iterator[Part]:
    """Yield the parts of a piece that can be predicted, found by halving."""
    try:
        reading = model.begin(before)
        outputs = reading.predict(piece)
        reading.finish()
    except (DataError, ArtifactError) as error:
        if len(piece) == 1:
            skipped.add(before, error)
            return
        half = len(piece) // 2
        yield from _predict_what_fits(model, piece[:half], before, skipped)
        yield from _predict_what_fits(model, piece[half:], before + half, skipped)
        return
    if outputs is not None:
        yield piece, outputs


def unused(name: str, columns: Sequence[str]) -> str:
    """Return a name, or a longer one where a column has it."""
    while name in columns:
        name = f"model_{name}"
    return name
