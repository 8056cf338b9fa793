"""The training rows of each step: a function of (seed, step), so that any step can be next."""

import math

import numpy as np

from pipeline.errors import ConfigError
from pipeline.schema.training.train import Train

# `train.batch_size=auto`, without and with a window, where there are as many rows.
AUTO, AUTO_IN_WINDOW = 128, 1024


def choose_batch_size(settings: Train, rows: int) -> int | None:
    """Return the number of rows in a step of a training with so many rows; None: all, in order.

    Raises:
        ConfigError: the batch is larger than the training split.
    """
    size, window = settings.batch_size, settings.window
    if size == "auto":
        return min(rows, AUTO if window is None else min(AUTO_IN_WINDOW, window))
    if size is not None and size > rows:
        raise ConfigError(
            f"train.batch_size={size} is more than the {rows} training rows; give a smaller one,"
            " auto, or null for all rows"
        )
    return size


class Batches:
    """Rows of a permutation that is drawn anew for each epoch, window by window.

    Windows of neighbouring rows come in random order, and the rows of a window are permuted, in all
    windows of an epoch alike: to draw a permutation takes longer than to read a window. An epoch
    leaves out the rows of a window that do not fill a batch. All windows have the same size; so the
    last one may overlap the one before.

    Args:
        batch_size: rows per step, at most `rows` and `window`.
        window: minimum number of rows that are permuted together, up to twice as many; None: all.
    """

    def __init__(self, rows: int, batch_size: int, seed: int, window: int | None = None) -> None:
        self._rows, self._seed, self.batch_size = rows, seed, batch_size
        self._windows = max(1, rows // (window or rows))
        self.window_size = math.ceil(rows / self._windows)
        self.steps_per_window = self.window_size // batch_size
        self._order = self._permutation = -1, np.empty(0, np.int64)
        self._latest = -1, np.empty((0, batch_size), np.int32)

    def rows_of(self, first: int, count: int) -> np.ndarray:
        """Return the rows of `count` steps from `first` (from 0), `[count, batch_size] int32`."""
        size, found, step = self.steps_per_window, list[np.ndarray](), first
        while step < first + count:
            number, position = divmod(step, size)
            found.append(self._rows_of_window(number)[position : position + first + count - step])
            step += len(found[-1])
        return np.concatenate(found)

    def window(self, number: int) -> tuple[int, np.ndarray]:
        """Return the first row of a window, and its rows in the order in which steps see them.

        The latter are `[window_size] int64`, counted from the first row. The numbers of windows go
        on from one epoch to the next.
        """
        epoch, position = divmod(number, self._windows)
        return int(self._windows_of(epoch)[position]), self._permutation_of(epoch)

    def _rows_of_window(self, number: int) -> np.ndarray:
        """Return the rows of all steps of a window, `[steps_per_window, batch_size] int32`."""
        latest, rows = self._latest
        if latest != number:
            first, order = self.window(number)
            used = order[: self.steps_per_window * self.batch_size]
            rows = (first + used).astype(np.int32).reshape(-1, self.batch_size)
            self._latest = number, rows
        return rows

    def _windows_of(self, epoch: int) -> np.ndarray:
        """Return the first row of each window of an epoch, in their order."""
        if self._order[0] != epoch:
            drawn = self._generator(epoch, self._windows).permutation(self._windows)
            firsts = np.minimum(drawn * self.window_size, self._rows - self.window_size)
            self._order = epoch, firsts
        return self._order[1]

    def _permutation_of(self, epoch: int) -> np.ndarray:
        """Return the rows of a window, counted from its first, in the order of an epoch."""
        if self._permutation[0] == epoch:
            return self._permutation[1]
        permutation = self._generator(epoch, 0).permutation(self.window_size)
        if self._windows > 1:
            self._permutation = epoch, permutation
        return permutation

    def _generator(self, epoch: int, number: int) -> np.random.Generator:
        # Philox is counter-based: the numbers of an epoch need no earlier ones.
        return np.random.Generator(
            np.random.Philox(key=[self._seed, epoch], counter=[0, 0, number, 0])
        )
