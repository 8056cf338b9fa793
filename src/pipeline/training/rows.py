"""Where the steps find their training rows: held on the device, or streamed window by window.

A step takes a slice of tensors that are computed once for many steps: rows are gathered, fed and
scaled outside of the loop.
"""

import math
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.data.prepared.dataset import Split
from pipeline.data.prepared.scaling import Scaling
from pipeline.graph.inference import scale_features, scale_label
from pipeline.schema.training.train import Train
from pipeline.training.batches import Batches, choose_batch_size
from pipeline.training.job import TrainingJob

v1 = tf.compat.v1

# Memory of the rows of one call, unless a single step takes more.
CALL_BYTES = 16 * 2**20
ALIGNMENT = 64  # bytes
CELLS_AT_ONCE = 2**20  # numbers that are scaled at once
WINDOWS_AHEAD = 2  # windows that are read before they are needed


@dataclass(frozen=True)
class RowsInGraph:
    """The part of a training graph that brings rows to its steps.

    Attributes:
        feeds: placeholders that a call is fed, `[steps, …]`.
        features, label: float32, scaled, of all steps of a call.
        has_batches: whether a step takes some of these rows; otherwise it takes all.
        load: loads the rows that stay on the device, which `load_feeds` are fed.
        by_column: whether the features that `load` is fed are transposed.
    """

    feeds: tuple[tf.Tensor, ...]
    features: tf.Tensor
    label: tf.Tensor
    has_batches: bool = True
    load: tf.Operation | None = None
    load_feeds: tuple[tf.Tensor, ...] = ()
    by_column: bool = False

    def take(self, x: tf.Tensor, y: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Take the rows of a call's step out of features and label, `[rows, …]` each."""
        if self.has_batches:
            return x[step], y[step]
        return tf.transpose(x) if self.by_column else x, y


class HeldRows:
    """All rows are on the device; those of a call are gathered there.

    Without `batches` each step sees all rows, and a call has any number of steps.
    """

    window_steps = None

    def __init__(self, split: Split, batches: Batches | None, scaling: Scaling) -> None:
        self._split, self._batches, self._scaling = split, batches, scaling
        self.max_steps = _limit_steps(split, batches) if batches else None
        self._loaded_session: Any = None

    def add_to_graph(self, settings: Train) -> RowsInGraph:
        """Add variables for the rows to the default graph; no checkpoint holds them."""
        rows, columns = self._split.features.shape
        # XLA reads columns three times as fast as rows where an output is one number.
        by_column = self._batches is None and settings.xla is True
        shape = [columns, rows] if by_column else [rows, columns]
        load_feeds = (
            v1.placeholder(tf.float32, shape, "training_features"),
            v1.placeholder(tf.float32, [rows, 1], "training_label"),
        )
        features = _create_variable(load_feeds[0], "features_of_all_rows")
        label = _create_variable(load_feeds[1], "label_of_all_rows")
        size = self._batches.batch_size if self._batches else 0
        numbers = v1.placeholder(tf.int32, [None, size], "batches")
        if self._batches:
            x, y = tf.gather(features, numbers), tf.gather(label, numbers)
        else:
            x, y = features.read_value(), label.read_value()
        load = tf.group(features.initializer, label.initializer)
        return RowsInGraph((numbers,), x, y, size > 0, load, load_feeds, by_column)

    def load(self, graph: RowsInGraph, session: Any) -> None:
        """Load all rows, scaled, unless the session has them."""
        if session is self._loaded_session:
            return
        features, label = scaled = [_allocate_aligned(feed.shape) for feed in graph.load_feeds]
        by_row = features.T if graph.by_column else features
        size = max(1, CELLS_AT_ONCE // by_row.shape[1])
        for first in range(0, len(by_row), size):
            block = slice(first, min(first + size, len(by_row)))
            by_row[block] = scale_features(_read_rows(self._split.features, block), self._scaling)
            label[block] = scale_label(_read_rows(self._split.label, block), self._scaling)
        session.run(graph.load, dict(zip(graph.load_feeds, scaled, strict=True)))
        self._loaded_session = session

    def feeds(self, step: int, count: int) -> list[np.ndarray]:
        """Return the row numbers of the `count` steps after `step`, `[count, batch]` or empty."""
        if self._batches is None:
            return [np.empty((count, 0), np.int32)]
        return [self._batches.rows_of(step, count)]

    def close(self) -> None:
        """Do nothing."""


class StreamedRows:
    """Rows are fed as they come from disk; a thread reads the next windows."""

    def __init__(self, split: Split, batches: Batches, scaling: Scaling) -> None:
        self._split, self._batches, self._scaling = split, batches, scaling
        self.window_steps = batches.steps_per_window  # no call crosses a window
        self.max_steps = min(batches.steps_per_window, _limit_steps(split, batches))
        self._reader = ThreadPoolExecutor(max_workers=1)
        self._windows: dict[int, Future[tuple[np.ndarray, np.ndarray]]] = {}

    def add_to_graph(self, settings: Train) -> RowsInGraph:
        """Add placeholders for the rows of a call to the default graph."""
        size, columns = self._batches.batch_size, self._split.features.shape[1]
        features = v1.placeholder(tf.float32, [None, size, columns], "training_features")
        label = v1.placeholder(tf.float32, [None, size, 1], "training_label")
        return RowsInGraph((features, label), features, label)

    def load(self, graph: RowsInGraph, session: Any) -> None:
        """Do nothing: no row stays on the device."""

    def feeds(self, step: int, count: int) -> list[np.ndarray]:
        """Return features and label of the steps, `[count, batch, columns]`, all of one window."""
        number, begin = divmod(step, self.window_steps)
        self._windows = {
            one: self._windows.get(one) or self._reader.submit(self._read_window, one)
            for one in range(number, number + 1 + WINDOWS_AHEAD)
        }
        shape = count, self._batches.batch_size, -1
        window = self._windows[number].result()
        return [array[begin : begin + count].reshape(shape) for array in window]

    def _read_window(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return features and label of a window, scaled, with one row for each step."""
        first, order = self._batches.window(number)
        window = slice(first, first + len(order))
        used = order[: self.window_steps * self._batches.batch_size]
        # A batch in a row: NumPy is slow with rows of a few columns.
        features, label = (
            _read_rows(array, window).take(used, axis=0).reshape(self.window_steps, -1)
            for array in (self._split.features, self._split.label)
        )
        scaled = _allocate_aligned(features.shape), _allocate_aligned(label.shape)
        scaled[0][:] = scale_features(features, self._scaling)
        scaled[1][:] = scale_label(label, self._scaling)
        return scaled

    def close(self) -> None:
        """Stop reading ahead; `feeds` begins anew."""
        self._reader.shutdown(cancel_futures=True)
        self._reader, self._windows = ThreadPoolExecutor(max_workers=1), {}


Rows = HeldRows | StreamedRows


def create_rows(job: TrainingJob) -> Rows:
    """Return the training rows of a job, held or streamed as configured.

    Raises:
        ConfigError: the batch is larger than the training split.
    """
    train, count = job.settings.train, len(job.split.label)
    size = choose_batch_size(train, count)
    if size is None:
        return HeldRows(job.split, None, job.model.scaling)
    batches = Batches(count, size, job.settings.seed, train.window)
    return (StreamedRows if train.stream else HeldRows)(job.split, batches, job.model.scaling)


def _limit_steps(split: Split, batches: Batches) -> int:
    """Return the number of steps whose rows take `CALL_BYTES`, at least 1."""
    columns: int = split.features.shape[1]
    return max(1, CALL_BYTES // (4 * batches.batch_size * columns))


def _create_variable(value: tf.Tensor, name: str) -> tf.Variable:
    return v1.Variable(value, name=name, trainable=False, collections=["data"], use_resource=True)


def _allocate_aligned(shape: Sequence[int]) -> np.ndarray:
    """Return a float32 array whose alignment lets a session take it without a copy."""
    size = math.prod(shape)
    memory = np.empty(size + ALIGNMENT // 4, np.float32)
    begin = -memory.ctypes.data % ALIGNMENT // 4
    return memory[begin : begin + size].reshape(shape)


def _read_rows(array: np.ndarray, rows: slice) -> np.ndarray:
    """Return rows of an array, `[rows, columns]`; those of a mapped array are read from its file.

    Pages of a mapped array count as memory of the process once they are touched.
    """
    if not isinstance(array, np.memmap):
        return array[rows]
    file, shape = str(array.filename), array[rows].shape
    begin = array.offset + rows.start * array.strides[0]
    return np.fromfile(file, array.dtype, math.prod(shape), offset=begin).reshape(shape)
