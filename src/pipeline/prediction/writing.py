"""Where predictions go: tables with further columns, JSON lines, or arrays."""

import json
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow

from pipeline.errors import DataError
from pipeline.prediction.rows import Outputs
from pipeline.reporting.column_types import cast
from pipeline.reporting.table_writer import TableWriter, require_ending

ARRAYS, LINES = (".npy", ".npz"), (".jsonl", ".ndjson")


class Sink(ExitStack, ABC):
    """Writes predictions piece by piece; complete at the end of its `with` block."""

    @abstractmethod
    def append(self, piece: pd.DataFrame, outputs: Outputs) -> None:
        """Write the next rows: the columns of a table, and predictions for it.

        Raises:
            DataError: the format cannot hold them.
        """


def open_sink(path: Path, types: Mapping[str, Any] | None = None) -> Sink:
    """Open what writes a file, as its ending says; `types` are Arrow's, of columns in Parquet.

    Raises:
        DataError: the ending is none that can be written.
    """
    ending = path.suffix.lower()
    if ending in ARRAYS:
        return _ArraySink(path)
    return _LineSink(path, types) if is_lines(path) else _TableSink(path, types)


def require_writable(path: Path) -> None:
    """Raise `DataError` for a file whose ending is none that can be written."""
    if path.suffix.lower() not in (*ARRAYS, *LINES):
        require_ending(path)


def is_lines(path: Path) -> bool:
    """Tell whether a file holds JSON lines."""
    return path.suffix.lower() in LINES


class _TableSink(Sink):
    def __init__(self, path: Path, types: Mapping[str, Any] | None) -> None:
        super().__init__()
        self._writer = self.enter_context(TableWriter(path, types))

    def append(self, piece: pd.DataFrame, outputs: Outputs) -> None:
        flat = {name: column for key in outputs for name, column in flatten(key, outputs[key])}
        added = pd.DataFrame(flat, index=piece.index)
        self._writer.append(pd.concat([piece, added], axis=1) if len(piece.columns) else added)


class _LineSink(Sink):
    def __init__(self, path: Path, types: Mapping[str, Any] | None) -> None:
        super().__init__()
        self._types = types or {}
        self._file = self.enter_context(path.open("w", encoding="utf-8", newline="\n"))

    def append(self, piece: pd.DataFrame, outputs: Outputs) -> None:
        columns = {str(name): self._cells(piece[name]) for name in piece.columns}
        columns |= {name: _to_json(_as_text(array)) for name, array in outputs.items()}
        for cells in zip(*columns.values(), strict=True):
            row = dict(zip(columns, cells, strict=True))
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _cells(self, cells: pd.Series) -> list[Any]:
        """Return the cells of a column; a missing one is null, and of a type of text, empty."""
        kind = self._types.get(str(cells.name))
        if kind is None or not isinstance(cells.dtype, pd.StringDtype):
            return [_to_json(cell) for cell in cells]
        if kind == pyarrow.string():
            return list(cells.fillna(""))
        return list(cast(pyarrow.array(cells, from_pandas=True), kind).to_pylist())


class _ArraySink(Sink):
    """Keeps all predictions until the end; the columns of a table are not among them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path, self._pieces = path, dict[str, list[np.ndarray]]()

    def append(self, piece: pd.DataFrame, outputs: Outputs) -> None:
        for name, array in outputs.items():
            self._pieces.setdefault(name, []).append(np.array(_as_text(array)))

    def __exit__(self, *details: Any) -> bool:
        if details[0] is None:
            self._save({name: _join(pieces) for name, pieces in self._pieces.items()})
        return bool(super().__exit__(*details))

    def _save(self, arrays: Outputs) -> None:
        if self._path.suffix.lower() == ".npz":
            # `np.savez` refuses the names of its own parameters.
            with zipfile.ZipFile(self._path, "w") as archive:
                for name, array in arrays.items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
            return
        if len(arrays) != 1:
            raise DataError(
                f"{self._path.name}: a .npy file has one array, and the model has the outputs"
                f" {', '.join(arrays)}; give a .npz file"
            )
        (array,) = arrays.values()
        np.save(self._path, array, allow_pickle=False)


def flatten(name: str, array: np.ndarray) -> list[tuple[str, Any]]:
    """Return the columns of an output `[rows, …]`: itself, or `NAME_0`, `NAME_1`, …"""
    cells = _as_text(array).reshape(len(array), -1)
    if cells.dtype.kind not in "fiubOUM":
        cells = cells.astype(str if cells.dtype.kind == "c" else np.float32)
    columns = list(cells.T)
    if cells.dtype == object:
        columns = [pd.array(column, dtype="str") for column in columns]
    if len(columns) == 1:
        return [(name, columns[0])]
    return [(f"{name}_{place}", column) for place, column in enumerate(columns)]


def _as_text(array: Any) -> Any:
    """Return an array in which text is `str`; bytes that are no UTF-8 are shown as `\\xNN`."""
    if not (isinstance(array, np.ndarray) and array.dtype == object):
        return array
    cells = np.empty(array.shape, object)
    cells.reshape(-1)[:] = [
        cell.decode("utf-8", "backslashreplace") if isinstance(cell, bytes) else cell
        for cell in array.reshape(-1)
    ]
    return cells


def _to_json(value: Any) -> Any:
    """Return JSON values; no number is null."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "V":  # bfloat16 and such
        value = value.astype(np.float32)
    if hasattr(value, "tolist"):
        value = value.tolist()
    match value:
        case list() | tuple():
            return [_to_json(inner) for inner in value]
        case complex():
            return [value.real, value.imag]
        case float() if not np.isfinite(value):
            return None
        case None | bool() | int() | float() | str():
            return value
    return None if pd.isna(value) else str(value)


def _join(pieces: list[np.ndarray]) -> np.ndarray:
    array = np.concatenate(pieces) if len(pieces) > 1 else pieces[0]  # it may be a scalar
    return array.astype(str) if array.dtype == object else array
