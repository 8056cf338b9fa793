"""Columns of a table as the inputs of a model."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.missing_values import refuse_missing
from pipeline.data.numeric_columns import NumericColumns, require_columns
from pipeline.data.tables import Table
from pipeline.errors import DataError, listing
from pipeline.feeding.array_files import to_array
from pipeline.feeding.fitting import fit, show
from pipeline.graphdef.interface import TensorSpec

STRING = "string"

ADVICE = "give the columns: --input {}=COLUMN,COLUMN,…"


@dataclass(frozen=True)
class Assigned:
    """Which columns are which input.

    Attributes:
        columns: by the names of inputs, in their order.
        of_arrays: inputs whose only column has an array in each cell.
        by_place: the input that takes all columns, as no name says which; empty if there is none.
    """

    columns: Mapping[str, tuple[str, ...]]
    of_arrays: frozenset[str] = frozenset()
    by_place: str = ""

    def columns_of_arrays(self) -> list[str]:
        """Return the columns that have an array in each cell."""
        return [name for key in self.of_arrays for name in self.columns[key]]


def assign_columns(
    inputs: Sequence[TensorSpec], table: Table, given: Mapping[str, Sequence[str]]
) -> Assigned:
    """Return the columns of each input: those given, those of its name, or all of the table.

    The columns `image_0`, `image_1`, … or `image[0]`, … are those of an input `image`. All columns
    in their order are taken by a model's only input.

    Raises:
        DataError: an input's columns are not in the table, or their number does not fit.
    """
    names, columns = [spec.name for spec in inputs], table.columns
    for name in given:
        if name not in names:
            raise DataError(f"--input {name}=…: the model has no such input, only {listing(names)}")
    found, by_place = {}, ""
    for spec in inputs:
        taken = tuple(given.get(spec.name, ())) or _columns_of(spec.name, columns)
        if not taken and len(inputs) == 1:
            taken, by_place = tuple(columns), spec.name
        if not taken:
            raise DataError(
                f"{table.path} has no column {spec.name!r}, only {listing(columns, 12)};"
                f" {ADVICE.format(spec.name)}"
            )
        require_columns(columns, taken, table.path)
        found[spec.name] = taken
    alone = {key: taken[0] for key, taken in found.items() if len(taken) == 1}
    first = next(iter(table.pieces())) if alone else pd.DataFrame()
    arrays = frozenset(key for key, column in alone.items() if _is_array(first[column].iloc[0]))
    for spec in inputs:
        if spec.name not in arrays:
            _require_number(spec, len(found[spec.name]), table.path)
    return Assigned(found, arrays, by_place)


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


def _is_array(cell: Any) -> bool:
    return isinstance(cell, list | np.ndarray) or (isinstance(cell, str) and cell.startswith("["))


def _require_number(spec: TensorSpec, number: int, where: Path) -> None:
    if spec.shape is None or None in spec.shape[1:]:
        return
    wanted = math.prod(size or 1 for size in spec.shape[1:])
    if not spec.shape or number != wanted:
        columns = f"{wanted} {'column' if wanted == 1 else 'columns'}"
        takes = columns if spec.shape else "one value, not a column"
        raise DataError(
            f"{where}: input {spec.name} {show(spec.shape)} takes {takes}, and is given {number};"
            f" {ADVICE.format(spec.name)}"
        )


class ColumnReader:
    """Reads inputs from the pieces of a table.

    Args:
        inputs: of the model; the number of rows is open for each.
        decimal: sign of the numbers that are text.
        before: number of rows before the first that is read.
    """

    def __init__(
        self,
        inputs: Sequence[TensorSpec],
        assigned: Assigned,
        where: Path,
        decimal: str = ".",
        before: int = 0,
    ) -> None:
        self._inputs = [_with_open_rows(spec) for spec in inputs]
        self._assigned, self._where = assigned, where
        numbers = [
            name
            for spec in inputs
            if spec.dtype != STRING and spec.name not in assigned.of_arrays
            for name in assigned.columns[spec.name]
        ]
        self._numeric = NumericColumns(list(dict.fromkeys(numbers)), decimal)
        self._numeric.rows = before

    def read(self, piece: pd.DataFrame) -> dict[str, np.ndarray] | None:
        """Return the next rows by the names of inputs, `[rows, …]` each.

        None if a cell so far is missing or is not a number, which `require_numbers` reports.

        Raises:
            DataError: values do not fit an input.
        """
        before, numeric = self._numeric.rows, self._numeric
        values = numeric.read(piece)
        if numeric.has_other_than_numbers() or any(numeric.missing.values()):
            return None
        by_column = dict(zip(numeric.columns, values.T, strict=True))
        arrays = {}
        for spec in self._inputs:
            columns = list(self._assigned.columns[spec.name])
            if spec.name in self._assigned.of_arrays:
                array = _read_arrays(piece[columns[0]], self._where, before)
            elif spec.dtype == STRING:
                array = _shaped(_to_bytes(piece[columns]), spec)
            else:
                array = _shaped(np.column_stack([by_column[name] for name in columns]), spec)
            arrays[spec.name] = fit(array, spec, self._where)
        return arrays

    def require_numbers(self, remedy: str) -> None:
        """Raise `DataError` for cells that are missing or no numbers, with column and rows."""
        numeric = self._numeric
        numeric.require_numbers(numeric.columns, self._where)
        refuse_missing(numeric.missing, numeric.rows, self._where, remedy)


def _with_open_rows(spec: TensorSpec) -> TensorSpec:
    return replace(spec, shape=spec.shape and (None, *spec.shape[1:]))


def _shaped(values: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Return `[rows, columns]` in the shape of an input, such as `[rows]` or `[rows, 28, 28]`."""
    if spec.shape is None or None in spec.shape[1:]:
        return values
    return values.reshape(len(values), *(size or 1 for size in spec.shape[1:]))


def _read_arrays(cells: pd.Series, where: Path, before: int) -> np.ndarray:
    """Read a column of JSON text or lists; messages count rows from 1."""
    arrays: list[np.ndarray] = []
    for number, cell in enumerate(cells, before + 1):
        place = f"{where}: column {cells.name!r} in row {number}"
        try:
            value = json.loads(cell) if isinstance(cell, str) else _plain(cell)
        except (ValueError, RecursionError):
            raise DataError(f"{place} is not a JSON array") from None
        array = to_array(value, place)
        if arrays and array.shape != arrays[0].shape:
            raise DataError(f"{place} has the shape {show(array.shape)}; the first has another")
        arrays.append(array)
    return np.stack(arrays)


def _plain(value: Any) -> Any:
    """Return nested lists for what Parquet's nested lists are read as."""
    if isinstance(value, list | np.ndarray):
        return [_plain(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else value


def _to_bytes(cells: pd.DataFrame) -> np.ndarray:
    """Return text as objects of `bytes`; a missing cell is empty."""
    words = cells.astype(object).to_numpy(object).reshape(-1)
    found = np.empty(cells.shape, object)
    found.reshape(-1)[:] = [
        cell if isinstance(cell, bytes) else b"" if pd.isna(cell) else str(cell).encode()
        for cell in words
    ]
    return found
