"""Which training rows each step sees: a function of (seed, step), so that any step can be next."""

import numpy as np


class Batches:
    """Rows of a permutation that is drawn anew for each epoch; the incomplete last batch is left.

    Args:
        rows: number of training rows.
        batch_size: rows a step, at most `rows`.
        seed: of the permutations.
    """

    def __init__(self, rows: int, batch_size: int, seed: int) -> None:
        self._rows, self._batch_size, self._seed = rows, batch_size, seed
        self._steps_per_epoch = rows // batch_size
        self._epoch = -1
        self._permutation = np.empty(0, np.int32)

    def rows_of(self, start: int, count: int) -> np.ndarray:
        """Return the rows of the steps `start` … `start + count - 1`, `[count, batch_size] int32`.

        Steps are counted from 0.
        """
        return np.stack([self._rows_of_step(step) for step in range(start, start + count)])

    def _rows_of_step(self, step: int) -> np.ndarray:
        epoch, place = divmod(step, self._steps_per_epoch)
        if epoch != self._epoch:
            # Philox is counter-based: the epoch's permutation needs no earlier one.
            generator = np.random.Generator(np.random.Philox(key=[self._seed, epoch]))
            self._permutation = generator.permutation(np.arange(self._rows, dtype=np.int32))
            self._epoch = epoch
        first = place * self._batch_size
        return self._permutation[first : first + self._batch_size]
