"""Where the steps find their training rows: held on the device, or fed window by window.

What comes to a step is a slice of tensors that are made once for many steps: rows are gathered, fed
and scaled outside of the loop.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from pipeline.data import prepared
from pipeline.data.prepared import Split
from pipeline.data.scaling import Scaling
from pipeline.data.stored import blocks
from pipeline.errors import ConfigError
from pipeline.graph.batches import Batches
from pipeline.graph.inference import scaled_features, scaled_label
from pipeline.settings import Settings
from pipeline.settings.train import Train

v1 = tf.compat.v1

# Windows that are read before they are needed.
AHEAD = 2
# The rows of one call take so much memory at most, if a step's take less.
MOST_BYTES = 16 * 2**20


@dataclass(frozen=True)
class RowsInGraph:
    """The part of a training graph that brings rows to its steps.

    Attributes:
        feeds: placeholders that a call is fed, `[steps, …]`.
        features, label: float32, scaled, of all steps of a call.
        batch: takes those of one step out of them, `[rows, features]` and `[rows, 1]`; of
            `features`, `label` and the step's place in the call.
        load: puts the rows that stay there on the device.
        load_feeds: placeholders for them.
        by_column: the features that `load` puts there are transposed.
    """

    feeds: tuple[tf.Tensor, ...]
    features: tf.Tensor
    label: tf.Tensor
    batch: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
    load: tf.Operation | None = None
    load_feeds: tuple[tf.Tensor, ...] = ()
    by_column: bool = False


class Rows(Protocol):
    """Training rows."""

    @property
    def most_steps(self) -> int | None:
        """A call trains so many steps at most; None: any number."""

    @property
    def window_steps(self) -> int | None:
        """A call does not cross a multiple of so many steps; None: there are no windows."""

    def add_to_graph(self, settings: Train) -> RowsInGraph:
        """Add what brings rows to the steps to the default graph."""

    def load(self, graph: RowsInGraph, session: Any) -> None:
        """Put on the device what stays there."""

    def feeds(self, step: int, count: int) -> list[np.ndarray]:
        """Return what the `count` steps after `step` are fed, `[count, …]` each."""

    def close(self) -> None:
        """End what reads ahead; `feeds` begins anew."""


class HeldRows:
    """All rows are on the device; those of a call are gathered there.

    Args:
        split: the rows.
        order: of the batches; None: each step sees all rows.
        scaling: of the rows.
    """

    window_steps = None

    def __init__(self, split: Split, order: Batches | None, scaling: Scaling) -> None:
        self._split, self._order, self._scaling = split, order, scaling
        self.most_steps = _most_steps(split, order) if order else None
        self._session: Any = None  # has them

    def add_to_graph(self, settings: Train) -> RowsInGraph:
        """Add variables for the rows; no checkpoint holds them."""
        rows, columns = self._split.features.shape
        # XLA runs through columns in memory three times as fast where an output is one number.
        by_column = self._order is None and settings.xla is True
        shape = [columns, rows] if by_column else [rows, columns]
        load_feeds = (
            v1.placeholder(tf.float32, shape, "training_features"),
            v1.placeholder(tf.float32, [rows, 1], "training_label"),
        )
        features = _held(load_feeds[0], "features_of_all_rows")
        label = _held(load_feeds[1], "label_of_all_rows")
        size = self._order.batch_size if self._order else 0
        batches = v1.placeholder(tf.int32, [None, size], "batches")
        if self._order:
            x, y, batch = tf.gather(features, batches), tf.gather(label, batches), _of_step
        else:
            x, y = features.read_value(), label.read_value()
            batch = _by_column if by_column else _all
        load = tf.group(features.initializer, label.initializer)
        return RowsInGraph((batches,), x, y, batch, load, load_feeds, by_column)

    def load(self, graph: RowsInGraph, session: Any) -> None:
        """Put all rows on the device, scaled, if they are not there."""
        if session is self._session:
            return
        features, label = scaled = [_aligned(feed.shape) for feed in graph.load_feeds]
        by_row = features.T if graph.by_column else features
        for block in blocks(*by_row.shape):
            by_row[block] = scaled_features(_read(self._split.features, block), self._scaling)
            label[block] = scaled_label(_read(self._split.label, block), self._scaling)
        session.run(graph.load, dict(zip(graph.load_feeds, scaled, strict=True)))
        self._session = session

    def feeds(self, step: int, count: int) -> list[np.ndarray]:
        """Return the numbers of the rows of each step, none where it sees all."""
        if self._order is None:
            return [np.empty((count, 0), np.int32)]
        return [self._order.rows_of(step, count)]

    def close(self) -> None:
        """Do nothing."""


class StreamedRows:
    """Rows are fed as they come from disk, window by window; a thread reads the next windows.

    Args:
        split: the rows, mapped from their files.
        order: of the windows and batches.
        scaling: of the rows.
    """

    def __init__(self, split: Split, order: Batches, scaling: Scaling) -> None:
        self._split, self._order, self._scaling = split, order, scaling
        self.window_steps = order.steps_per_window
        self.most_steps = min(order.steps_per_window, _most_steps(split, order))
        self._reader = ThreadPoolExecutor(max_workers=1)
        self._windows: dict[int, Future[tuple[np.ndarray, np.ndarray]]] = {}

    def add_to_graph(self, settings: Train) -> RowsInGraph:
        """Add placeholders for the rows of a call."""
        size, columns = self._order.batch_size, self._split.features.shape[1]
        features = v1.placeholder(tf.float32, [None, size, columns], "training_features")
        label = v1.placeholder(tf.float32, [None, size, 1], "training_label")
        return RowsInGraph((features, label), features, label, _of_step)

    def load(self, graph: RowsInGraph, session: Any) -> None:
        """Do nothing: no row stays."""

    def feeds(self, step: int, count: int) -> list[np.ndarray]:
        """Return features and label of the steps, `[count, batch, columns]`, all of one window."""
        number, begin = divmod(step, self.window_steps)
        wanted = range(number, number + 1 + AHEAD)
        self._windows = {
            one: self._windows.get(one) or self._reader.submit(self._read, one) for one in wanted
        }
        window = self._windows[number].result()
        shape = count, self._order.batch_size, -1
        return [array[begin : begin + count].reshape(shape) for array in window]

    def _read(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return features and label of a window, scaled: a row for each step."""
        first, rows = self._order.window(number)
        window, seen = (
            slice(first, first + len(rows)),
            rows[: self.window_steps * self._order.batch_size],
        )
        # A batch in a row: NumPy is slow with rows of a few columns.
        features, label = (
            _read(array, window).take(seen, axis=0).reshape(self.window_steps, -1)
            for array in (self._split.features, self._split.label)
        )
        scaled = _aligned(features.shape), _aligned(label.shape)
        scaled[0][:] = scaled_features(features, self._scaling)
        scaled[1][:] = scaled_label(label, self._scaling)
        return scaled

    def close(self) -> None:
        """End what reads ahead; `feeds` begins anew."""
        self._reader.shutdown(cancel_futures=True)
        self._reader, self._windows = ThreadPoolExecutor(max_workers=1), {}


def _most_steps(split: Split, order: Batches) -> int:
    columns: int = split.features.shape[1]
    return max(1, MOST_BYTES // (4 * order.batch_size * columns))


def _of_step(x: tf.Tensor, y: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return x[step], y[step]


def _all(x: tf.Tensor, y: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return x, y


def _by_column(x: tf.Tensor, y: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.transpose(x), y


def _held(value: tf.Tensor, name: str) -> tf.Variable:
    """Make a variable for data that stays on the device; no checkpoint holds it."""
    return v1.Variable(value, name=name, trainable=False, collections=["data"], use_resource=True)


def _aligned(shape: Sequence[int]) -> np.ndarray:
    """Return an array that a session takes without a copy: it begins at a multiple of 64 bytes."""
    size = math.prod(shape)
    memory = np.empty(size + 16, np.float32)
    begin = -memory.ctypes.data % 64 // 4
    return memory[begin : begin + size].reshape(shape)


def read(settings: Settings) -> Split:
    """Return the training rows that are used, mapped from their files."""
    split, most = prepared.read_split("train", mapped=True), settings.train.rows
    return Split(split.features[:most], split.label[:most], split.index[:most])


def of(settings: Settings, split: Split, scaling: Scaling) -> HeldRows | StreamedRows:
    """Return the rows as the configuration wants them to come.

    Args:
        split: the training rows, as `read` returns them.
        scaling: of them.

    Raises:
        ConfigError: the batch is larger than the training split.
    """
    size, count = settings.train.batch_size, len(split.label)
    if size is None:
        return HeldRows(split, None, scaling)
    if size > count:
        raise ConfigError(
            f"train.batch_size={size} is more than the {count} training rows; give a smaller"
            " one, or null for all rows"
        )
    order = Batches(count, size, settings.seed, settings.train.window)
    return (
        StreamedRows(split, order, scaling)
        if settings.train.stream
        else HeldRows(split, order, scaling)
    )


def _read(array: np.ndarray, rows: slice) -> np.ndarray:
    """Return rows of an array, `[rows, columns]`; those of a mapped one are read from its file.

    Mapped pages that were touched would count as memory of the process.
    """
    if not isinstance(array, np.memmap):
        return array[rows]
    file, shape = str(array.filename), array[rows].shape
    begin = array.offset + rows.start * array.strides[0]
    return np.fromfile(file, array.dtype, math.prod(shape), offset=begin).reshape(shape)
