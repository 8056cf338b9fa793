"""Rows of numbers that are kept on disk while a table is read, and read again in blocks."""

import copy
import tempfile
from collections.abc import Iterator, Sequence
from typing import Protocol, Self

import numpy as np

from pipeline import files

# What is computed at once. Sums over blocks depend on it, so it is no setting.
MOST_ROWS, MOST_CELLS = 2**16, 2**20


class Rows(Protocol):
    """What an array `[rows, columns]` and stored rows have in common."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return `(rows, columns)`."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> np.ndarray: ...


class Stored:
    """Rows of float64 in a file without a name, which is gone when the process is.

    Args:
        columns: how many numbers a row has.
    """

    def __init__(self, columns: int) -> None:
        with files.writing(files.PREPARED):
            self._file = tempfile.TemporaryFile(dir=files.root())  # noqa: SIM115 - lives as the object
        self._columns, self._taken = columns, list(range(columns))
        self._length = [0]  # shared with those that have some of the columns

    @property
    def shape(self) -> tuple[int, ...]:
        """Return `(rows, columns)`."""
        return len(self), len(self._taken)

    def __len__(self) -> int:
        return self._length[0]

    def append(self, rows: np.ndarray) -> None:
        """Add rows `[some, columns]`."""
        with files.writing(files.PREPARED):
            self._file.seek(0, 2)
            self._file.write(np.ascontiguousarray(rows, np.float64).data)
        self._length[0] += len(rows)

    def __getitem__(self, rows: slice) -> np.ndarray:
        begin, end, _ = rows.indices(len(self))
        self._file.flush()
        self._file.seek(begin * self._columns * 8)
        read = np.fromfile(self._file, np.float64, max(end - begin, 0) * self._columns)
        taken = read.reshape(-1, self._columns)
        is_all = self._taken == list(range(self._columns))
        return taken if is_all else taken[:, self._taken]

    def columns(self, taken: Sequence[int]) -> Self:
        """Return the same rows with some of the columns."""
        other = copy.copy(self)
        other._taken = [self._taken[column] for column in taken]
        return other

    def where(self, kept: np.ndarray) -> "Stored":
        """Return a copy of some of the rows.

        Args:
            kept: `[rows] bool`.
        """
        other = Stored(len(self._taken))
        for block in blocks(*self.shape):
            other.append(self[block][kept[block]])
        return other


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield slices that cover `[rows, columns]`."""
    size = max(1, min(MOST_ROWS, MOST_CELLS // columns))
    for begin in range(0, rows, size):
        yield slice(begin, min(begin + size, rows))


def within(chosen: np.ndarray, block: slice) -> np.ndarray:
    """Return the chosen rows that lie in a block, counted from its begin.

    Args:
        chosen: numbers of rows, ascending.
    """
    ends = np.array([block.start, block.stop], chosen.dtype)  # another kind would copy all
    first, last = np.searchsorted(chosen, ends)
    found: np.ndarray = chosen[first:last] - block.start
    return found
