"""Which training rows each step sees: a function of (seed, step), so that any step can be next."""

import math

import numpy as np


class Batches:
    """Rows of a permutation that is drawn anew for each epoch, window by window.

    Windows of neighbouring rows come in random order, and the rows of one are permuted; what is
    left of a window after its last whole batch is not seen in that epoch. All windows have the same
    size; for that, the last one may begin within the one before.

    Args:
        rows: number of training rows.
        batch_size: rows a step, at most `rows` and `window`.
        seed: of the permutations.
        window: rows that are permuted together, at least, and fewer than twice; None: all.

    Attributes:
        window: rows of a window.
        steps_per_window: batches of a window.
    """

    def __init__(self, rows: int, batch_size: int, seed: int, window: int | None = None) -> None:
        self._rows, self._batch_size, self._seed = rows, batch_size, seed
        self._windows = max(1, rows // (window or rows))
        self.window = math.ceil(rows / self._windows)
        self.steps_per_window = self.window // batch_size
        self._order = -1, np.empty(0, np.int64)
        self._permuted = (-1, -1), np.empty(0, np.int32)

    def rows_of(self, start: int, count: int) -> np.ndarray:
        """Return the rows of the steps `start` … `start + count - 1`, `[count, batch_size] int32`.

        Steps are counted from 0.
        """
        steps = range(start, start + count)
        return np.stack([self._first(step) + self._within(step) for step in steps])

    def rows_within_windows(self, start: int, count: int) -> np.ndarray:
        """Return the same, counted from the first row of each step's window."""
        return np.stack([self._within(step) for step in range(start, start + count)])

    def windows_from(self, step: int) -> np.ndarray:
        """Return the first rows of the windows from that of a step to the end of its epoch."""
        epoch, place = self._place(step)
        return self._windows_of(epoch)[place:]

    def _place(self, step: int) -> tuple[int, int]:
        """Return the epoch of a step, and how many windows of the epoch are over."""
        return divmod(step // self.steps_per_window, self._windows)

    def _first(self, step: int) -> np.int32:
        epoch, place = self._place(step)
        return np.int32(self._windows_of(epoch)[place])

    def _within(self, step: int) -> np.ndarray:
        epoch, place = self._place(step)
        if self._permuted[0] != (epoch, place):
            rows = self._generator(epoch, place).permutation(np.arange(self.window, dtype=np.int32))
            self._permuted = (epoch, place), rows
        first = step % self.steps_per_window * self._batch_size
        return self._permuted[1][first : first + self._batch_size]

    def _windows_of(self, epoch: int) -> np.ndarray:
        if self._order[0] != epoch:
            drawn = self._generator(epoch, self._windows).permutation(self._windows)
            self._order = epoch, np.minimum(drawn * self.window, self._rows - self.window)
        return self._order[1]

    def _generator(self, epoch: int, number: int) -> np.random.Generator:
        # Philox is counter-based: what is drawn for one epoch and window needs no earlier one.
        return np.random.Generator(
            np.random.Philox(key=[self._seed, epoch], counter=[0, 0, number, 0])
        )
