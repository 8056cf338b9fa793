"""Rows of numbers that are kept on disk while a table is read, and read again in blocks."""

import copy
import math
import tempfile
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import numpy as np

from pipeline.data.prepared.dataset import blocks
from pipeline.workspace import Workspace, files


class Rows(Protocol):
    """The common interface of an array `[rows, columns]` and `RowsOnDisk`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return `(rows, columns)`."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> np.ndarray: ...


class RowsOnDisk:
    """Rows of float64 in a nameless file in the home, which disappears with the process.

    Several threads may read. Each has the block that it read last.
    """

    def __init__(self, columns: int, workspace: Workspace) -> None:
        self._workspace = workspace
        with files.writing(workspace.prepared):
            self._file = tempfile.TemporaryFile(dir=workspace.home)  # noqa: SIM115 - lives as the object
        self._columns, self._selected = columns, list(range(columns))
        self._length = [0]  # shared with selections of columns, as are the blocks read last
        self._lock, self._latest = threading.Lock(), _Latest()

    @property
    def shape(self) -> tuple[int, ...]:
        """Return `(rows, columns)`."""
        return len(self), len(self._selected)

    def __len__(self) -> int:
        return self._length[0]

    def append(self, rows: np.ndarray) -> None:
        """Add rows, `[rows, columns]`."""
        with files.writing(self._workspace.prepared):
            self._file.seek(0, 2)
            self._file.write(np.ascontiguousarray(rows, np.float64).data)
        self._length[0] += len(rows)

    def __getitem__(self, rows: slice) -> np.ndarray:
        begin, end, _ = rows.indices(len(self))
        if self._latest.rows != (begin, end):
            self._latest.rows, self._latest.block = (begin, end), self._read(begin, end)
        found = self._latest.block
        is_all = self._selected == list(range(self._columns))
        if is_all:
            return found
        first, size = min(self._selected, default=0), len(self._selected)
        if self._selected == list(range(first, first + size)):
            return found[:, first : first + size]
        return found[:, self._selected]

    def _read(self, begin: int, end: int) -> np.ndarray:
        shape = max(end - begin, 0), self._columns
        with self._lock:
            self._file.flush()
            self._file.seek(begin * self._columns * 8)
            found = np.fromfile(self._file, np.float64, math.prod(shape)).reshape(shape)
        found.flags.writeable = False
        return found

    def select_columns(self, columns: Sequence[int]) -> Self:
        """Return the same rows with some of the columns; the file is shared."""
        selection = copy.copy(self)
        selection._selected = [self._selected[column] for column in columns]
        return selection

    def select_rows(self, kept: np.ndarray) -> "RowsOnDisk":
        """Return a copy of the kept rows, `[rows] bool`."""
        selection = RowsOnDisk(len(self._selected), self._workspace)
        for block in blocks(*self.shape):
            selection.append(self[block][kept[block]])
        return selection


class _Latest(threading.local):
    """The block that a thread read last; appended rows change no block."""

    def __init__(self) -> None:
        self.rows: tuple[int, int] | None = None
        self.block = np.empty((0, 0))


class OverlaidRows:
    """Rows of which some columns are replaced, given by their positions, `[rows]` each."""

    def __init__(self, rows: Rows, columns: Mapping[int, np.ndarray]) -> None:
        self._rows, self._columns = rows, dict(columns)

    @property
    def shape(self) -> tuple[int, ...]:
        """Return `(rows, columns)`."""
        return self._rows.shape

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice) -> np.ndarray:
        found = np.array(self._rows[rows])
        for column, values in self._columns.items():
            found[:, column] = values[rows]
        return found

    def select_columns(self, columns: Sequence[int]) -> "OverlaidRows":
        """Return the same rows with some of the columns."""
        kept = {
            n: self._columns[column] for n, column in enumerate(columns) if column in self._columns
        }
        return OverlaidRows(select_columns(self._rows, columns), kept)

    def select_rows(self, kept: np.ndarray) -> "OverlaidRows":
        """Return a copy of the kept rows, `[rows] bool`."""
        columns = {column: values[kept] for column, values in self._columns.items()}
        return OverlaidRows(select_rows(self._rows, kept), columns)


def select_rows(rows: Rows, kept: np.ndarray) -> Rows:
    """Return a copy of the kept rows, `[rows] bool`."""
    if isinstance(rows, RowsOnDisk | OverlaidRows):
        return rows.select_rows(kept)
    selected: np.ndarray = rows[:][kept]
    return selected


def select_columns(rows: Rows, columns: Sequence[int]) -> Rows:
    """Return the same rows with some of the columns."""
    if list(columns) == list(range(rows.shape[1])):
        return rows
    if isinstance(rows, RowsOnDisk | OverlaidRows):
        return rows.select_columns(columns)
    selected: np.ndarray = rows[:][:, list(columns)]
    return selected
