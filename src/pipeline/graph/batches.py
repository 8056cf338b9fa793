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
        batch_size: rows a step.
        window_size: rows of a window.
        steps_per_window: batches of a window.
    """

    def __init__(self, rows: int, batch_size: int, seed: int, window: int | None = None) -> None:
        self._rows, self._seed, self.batch_size = rows, seed, batch_size
        self._windows = max(1, rows // (window or rows))
        self.window_size = math.ceil(rows / self._windows)
        self.steps_per_window = self.window_size // batch_size
        self._order = -1, np.empty(0, np.int64)
        self._latest = -1, np.empty(0, np.int32)

    def rows_of(self, start: int, count: int) -> np.ndarray:
        """Return the rows of the steps `start` … `start + count - 1`, `[count, batch_size] int32`.

        Steps are counted from 0.
        """
        return np.stack([self._rows_of_step(step) for step in range(start, start + count)])

    def window(self, number: int) -> tuple[int, np.ndarray]:
        """Return the first row of a window, and its rows in the order in which steps see them.

        Args:
            number: of the window; those of the second epoch follow on those of the first.

        Returns:
            The row, and `[window_size] int64`, counted from that row.
        """
        epoch, place = divmod(number, self._windows)
        rows = self._generator(epoch, place).permutation(self.window_size)
        return int(self._windows_of(epoch)[place]), rows

    def _rows_of_step(self, step: int) -> np.ndarray:
        number, place = divmod(step, self.steps_per_window)
        if self._latest[0] != number:
            first, rows = self.window(number)
            self._latest = number, (first + rows).astype(np.int32)
        return self._latest[1][place * self.batch_size : (place + 1) * self.batch_size]

    def _windows_of(self, epoch: int) -> np.ndarray:
        """Return the first rows of the windows of an epoch, in their order."""
        if self._order[0] != epoch:
            drawn = self._generator(epoch, self._windows).permutation(self._windows)
            firsts = np.minimum(drawn * self.window_size, self._rows - self.window_size)
            self._order = epoch, firsts
        return self._order[1]

    def _generator(self, epoch: int, number: int) -> np.random.Generator:
        # Philox is counter-based: what is drawn for one epoch and window needs no earlier one.
        return np.random.Generator(
            np.random.Philox(key=[self._seed, epoch], counter=[0, 0, number, 0])
        )
