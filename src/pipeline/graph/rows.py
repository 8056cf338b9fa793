"""Where the loop finds its training rows: all on the device, or a window of them after another."""

from collections.abc import Generator
from contextlib import closing
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from pipeline.data import prepared
from pipeline.data.prepared import Split
from pipeline.errors import ConfigError
from pipeline.graph.batches import Batches
from pipeline.graph.devices import plain_session
from pipeline.graph.training import TrainingGraph, load
from pipeline.settings import Settings

v1 = tf.compat.v1

# Windows that are read before they are needed.
AHEAD = 2


class Rows(Protocol):
    """Training rows."""

    @property
    def held(self) -> int:
        """How many are on the device at once."""

    @property
    def steps_each(self) -> int | None:
        """So many steps are trained with what is held; None: all of them."""

    def load(self, training: TrainingGraph, session: Any, step: int) -> None:
        """Put on the device what the steps after `step` need."""

    def batches(self, step: int, count: int) -> np.ndarray:
        """Return which of the held rows the next steps see, `[count, batch] int32`."""

    def close(self) -> None:
        """End what reads ahead; `load` begins anew."""


class HeldRows:
    """All rows are on the device.

    Args:
        split: the rows.
        order: of the batches; None: each step sees all rows.
    """

    def __init__(self, split: Split, order: Batches | None) -> None:
        self._split, self._order = split, order
        self.held, self.steps_each = len(split.label), None

    def load(self, training: TrainingGraph, session: Any, step: int) -> None:
        """Put all rows on the device."""
        load(training, session, self._split.features, self._split.label)

    def batches(self, step: int, count: int) -> np.ndarray:
        """Return rows of a permutation, or `[count, 0]` for all rows."""
        if self._order is None:
            return np.empty((count, 0), np.int32)
        return self._order.rows_of(step, count)

    def close(self) -> None:
        """Do nothing."""


class StreamedRows:
    """One window of the rows is on the device, and the next ones are read ahead.

    Args:
        split: the rows, mapped from their files.
        order: of the windows and batches.
    """

    def __init__(self, split: Split, order: Batches) -> None:
        self._split, self._order = split, order
        self.held, self.steps_each = order.window_size, order.steps_per_window
        self._windows = _windows(split, order, 0)
        self._due = -1  # the step before which the next of them is needed

    def load(self, training: TrainingGraph, session: Any, step: int) -> None:
        """Put the window of the next step on the device."""
        if step != self._due:
            self.close()
            self._windows = _windows(self._split, self._order, step // self.steps_each)
        load(training, session, *next(self._windows))
        self._due = (step // self.steps_each + 1) * self.steps_each

    def batches(self, step: int, count: int) -> np.ndarray:
        """Return rows of the window, which come as they are to be seen."""
        size, begin = self._order.batch_size, step % self.steps_each
        return np.arange(begin * size, (begin + count) * size, dtype=np.int32).reshape(count, size)

    def close(self) -> None:
        """End what reads ahead; `load` begins anew."""
        self._windows.close()
        self._due = -1


def read(settings: Settings) -> Split:
    """Return the training rows that are used; mapped from their files where they are streamed."""
    split, most = prepared.read_split("train", mapped=settings.train.stream), settings.train.rows
    return Split(split.features[:most], split.label[:most], split.index[:most])


def of(settings: Settings, split: Split) -> HeldRows | StreamedRows:
    """Return the rows as the configuration wants them to come.

    Args:
        split: the training rows, as `read` returns them.

    Raises:
        ConfigError: the batch is larger than the training split.
    """
    size, count = settings.train.batch_size, len(split.label)
    if size is None:
        return HeldRows(split, None)
    if size > count:
        raise ConfigError(
            f"train.batch_size={size} is more than the {count} training rows; give a smaller"
            " one, or null for all rows"
        )
    order = Batches(count, size, settings.seed, settings.train.window)
    return StreamedRows(split, order) if settings.train.stream else HeldRows(split, order)


def _windows(split: Split, order: Batches, number: int) -> Generator[list[np.ndarray]]:
    """Yield features and label of the windows from a number on, rows in the order of the steps.

    They are read by tf.data in a graph of its own, so that no checkpoint's graph reads files.
    """

    def read(number: np.int64) -> list[np.ndarray]:
        first, rows = order.window(int(number))
        arrays = (split.features, split.label)
        return [_read(array, first, order.window_size).take(rows, axis=0) for array in arrays]

    graph = tf.Graph()
    with graph.as_default():
        kinds = [tf.float32, tf.float32]
        windows = tf.data.Dataset.range(number, tf.int64.max).map(
            lambda number: tf.numpy_function(read, [number], kinds)
        )
        iterator = v1.data.make_initializable_iterator(windows.prefetch(AHEAD))
        following = iterator.get_next()
    with closing(plain_session(graph)) as session:
        session.run(iterator.initializer)
        get_next = session.make_callable(following)
        while True:
            yield get_next()


def _read(array: Any, first: int, rows: int) -> np.ndarray:
    """Read rows of a mapped array from its file: `[rows, columns]`.

    Mapped pages that were touched would count as memory of the process.
    """
    columns, begin = array.shape[1], array.offset + first * array.strides[0]
    values = np.fromfile(array.filename, array.dtype, rows * columns, offset=begin)
    return values.reshape(rows, columns)
