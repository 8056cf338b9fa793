"""Columns of a table as the inputs of a model."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.numeric_columns import NumericColumns, require_columns
from pipeline.errors import DataError, listing
from pipeline.feeding.fitting import fit, show
from pipeline.models.metadata.sidecar import TensorSpec

Assignment = Mapping[str, tuple[str, ...]]  # columns by the names of inputs, in their order


def parse_assignment(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read options such as `--input NAME=column,column`.

    Raises:
        DataError: one of them has no name or no columns.
    """
    assigned = {}
    for text in texts:
        name, mark, columns = text.partition("=")
        if not (name and mark and columns):
            raise DataError(f"--input {text}: give NAME=COLUMN,COLUMN,…")
        assigned[name] = tuple(columns.split(","))
    return assigned


def assign_columns(
    inputs: Sequence[TensorSpec], columns: Sequence[str], given: Assignment, where: Path
) -> dict[str, tuple[str, ...]]:
    """Return the columns of each input: those given, those of its name, or all of the table.

    The columns `image_0`, `image_1`, … or `image[0]`, … are those of an input `image`. All columns
    in their order are taken by a model's only input.

    Raises:
        DataError: an input's columns are not in the table, or their number does not fit.
    """
    names = [spec.name for spec in inputs]
    for name in given:
        if name not in names:
            raise DataError(
                f"--input {name}=…: the model has no such input; it has {listing(names)}"
            )
    found = {}
    for spec in inputs:
        taken = given.get(spec.name) or _columns_of(spec.name, columns)
        if not taken and len(inputs) == 1:
            taken = tuple(columns)
        if not taken:
            raise DataError(
                f"{where} has no column {spec.name!r}; it has {listing(columns, 12)};"
                f" give the columns: --input {spec.name}=COLUMN,COLUMN,…"
            )
        require_columns(columns, taken, where)
        _require_number(spec, len(taken), where)
        found[spec.name] = taken
    return found


def _columns_of(name: str, columns: Sequence[str]) -> tuple[str, ...]:
    if name in columns:
        return (name,)
    known = set(columns)
    for pattern in ("{}_{}", "{}[{}]", "{}{}"):
        for first in (0, 1):
            numbered: list[str] = []
            while (column := pattern.format(name, first + len(numbered))) in known:
                numbered.append(column)
            if numbered:
                return tuple(numbered)
    return ()


def _require_number(spec: TensorSpec, number: int, where: Path) -> None:
    if spec.shape is None or (spec.shape and None in spec.shape[1:]):
        return
    wanted = math.prod(size or 1 for size in spec.shape[1:])
    if not spec.shape or number != wanted:
        takes = f"{wanted} columns" if spec.shape else "one value, not a column"
        raise DataError(
            f"{where}: input {spec.name} {show(spec.shape)} takes {takes}, and is given {number};"
            f" give the columns: --input {spec.name}=COLUMN,COLUMN,…"
        )


class ColumnReader:
    """Reads inputs from the pieces of a table.

    Args:
        decimal: sign of the numbers that are text.
    """

    def __init__(
        self, inputs: Sequence[TensorSpec], assigned: Assignment, where: Path, decimal: str = "."
    ) -> None:
        self._inputs, self._assigned, self._where = inputs, assigned, where
        numbers = [name for s in inputs if s.dtype != "string" for name in assigned[s.name]]
        self._numeric = NumericColumns(list(dict.fromkeys(numbers)), decimal)

    def read(self, piece: pd.DataFrame) -> dict[str, np.ndarray]:
        """Return the next rows by the names of inputs, `[rows, …]` each.

        NaN stands for cells that are missing or no numbers; `require_numbers` reports the latter.

        Raises:
            DataError: values do not fit an input.
        """
        numbers = self._numeric.read(piece)
        place = {name: number for number, name in enumerate(self._numeric.columns)}
        arrays = {}
        for spec in self._inputs:
            columns = list(self._assigned[spec.name])
            if spec.dtype == "string":
                values = _to_bytes(piece[columns])
            else:
                values = numbers[:, [place[name] for name in columns]]
            arrays[spec.name] = fit(_shaped(values, spec), spec, self._where)
        return arrays

    def require_numbers(self) -> None:
        """Raise `DataError` for cells that are no numbers, with column and rows, from row 1."""
        self._numeric.require_numbers(self._numeric.columns, self._where)


def _shaped(values: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Return `[rows, columns]` in the shape of an input, such as `[rows]` or `[rows, 28, 28]`."""
    if spec.shape is None:
        return values
    if None not in spec.shape[1:]:
        sizes = [size or 1 for size in spec.shape[1:]]
        return values.reshape(len(values), *sizes)
    return values


def _to_bytes(cells: pd.DataFrame) -> np.ndarray:
    words = cells.astype(object).to_numpy(object)
    found = np.empty(words.shape, object)
    flat = words.reshape(-1)
    found.reshape(-1)[:] = ["" if pd.isna(cell) else cell for cell in flat]
    found.reshape(-1)[:] = [cell if isinstance(cell, bytes) else str(cell).encode()
                            for cell in found.reshape(-1)]  # fmt: skip
    return found
