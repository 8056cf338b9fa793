"""Where the steps find their training rows: held on the device, or streamed window by window.

A step takes a slice of tensors that are computed once for many steps: rows are gathered and fed
outside of the loop.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from pipeline.data.prepared.dataset import EncodedRows
from pipeline.graph.inference import Encoded
from pipeline.training.batches import Batches, choose_batch_size
from pipeline.training.job import TrainingJob, has_one_output

v1 = tf.compat.v1

# Memory of the rows of one call, unless a single step takes more.
CALL_BYTES = 16 * 2**20
ALIGNMENT = 64  # bytes
CELLS_AT_ONCE = 2**20  # numbers that are read at once
# A call costs half a millisecond, as much as ten small steps: short windows share one.
WINDOWS_AT_ONCE = 4
BLOCKS_AHEAD = 2  # such blocks of windows are read before they are needed


class RowTensors(NamedTuple):
    """Rows of one step or of many, or the arrays that they are made from.

    Attributes:
        features, label: float32, encoded.
        codes: int32; None where the network gets none.
        weight: `[…, 1] float32`; None where all rows count the same.
    """

    features: Any
    label: Any
    codes: Any = None
    weight: Any = None

    @classmethod
    def of(cls, split: EncodedRows) -> "RowTensors":
        """Return the arrays of a split, `[rows, …]` each."""
        codes = split.codes if split.codes.shape[1] else None
        return cls(split.features, split.label, codes, split.weight)

    def map(self, function: Callable[[Any], Any]) -> "RowTensors":
        """Return what a function makes of each."""
        return RowTensors(*(None if one is None else function(one) for one in self))

    def present(self) -> list[Any]:
        """Return those that there are."""
        return [one for one in self if one is not None]

    def encoded(self) -> Encoded:
        """Return what a network gets."""
        return Encoded(self.features, self.codes)


@dataclass(frozen=True)
class RowsInGraph:
    """The part of a training graph that brings rows to its steps.

    Attributes:
        feeds: placeholders that a call is fed, `[steps, …]`.
        rows: of all steps of a call.
        has_batches: whether a step takes some of these rows; otherwise it takes all.
        by_column: whether features are transposed, `[…, columns, rows]`; in `load_feeds` only where
            a step takes all rows.
        load: loads the rows that stay on the device, which `load_feeds` are fed.
    """

    feeds: tuple[tf.Tensor, ...]
    rows: RowTensors
    by_column: bool
    has_batches: bool = True
    load: tf.Operation | None = None
    load_feeds: tuple[tf.Tensor, ...] = ()

    def take(self, rows: RowTensors, step: tf.Tensor) -> RowTensors:
        """Take the rows of a call's step out of `rows`."""
        taken = rows.map(lambda tensor: tensor[step]) if self.has_batches else rows
        return taken._replace(features=tf.transpose(taken.features)) if self.by_column else taken


class HeldRows:
    """All rows are on the device, and those of a call are gathered there.

    A thread draws the batches of the next call during a call.
    Without `batches` each step sees all rows, and a call has any number of steps.
    """

    window_steps = None

    def __init__(
        self, split: EncodedRows, batches: Batches | None, by_column: bool, steps: int
    ) -> None:
        self._arrays, self._batches, self._by_column = RowTensors.of(split), batches, by_column
        self._steps = steps  # of the training, after which no batch is drawn
        self._drawer = ThreadPoolExecutor(max_workers=1)
        self._ahead: tuple[int, Future[np.ndarray]] | None = None
        self.max_steps = _limit_steps(split, batches) if batches else None
        self._loads_columns = by_column and not batches  # to gather rows is faster than columns
        self._loaded_session: Any = None

    def add_to_graph(self) -> RowsInGraph:
        """Add variables for the rows to the default graph; no checkpoint holds them."""
        shapes = self._arrays.map(lambda array: array.shape)
        if self._loads_columns:
            shapes = shapes._replace(features=shapes.features[::-1])
        feeds, held = [], list[Any]()
        for name, array, shape in zip(RowTensors._fields, self._arrays, shapes, strict=True):
            if array is None:
                held.append(None)
                continue
            feeds.append(v1.placeholder(array.dtype, shape, f"training_{name}"))
            held.append(_create_variable(feeds[-1], f"{name}_of_all_rows"))
        variables = RowTensors(*held)
        size = self._batches.batch_size if self._batches else 0
        numbers = v1.placeholder(tf.int32, [None, size], "batches")
        if self._batches:
            rows = variables.map(lambda variable: tf.gather(variable, numbers))
            if self._by_column:
                rows = rows._replace(features=tf.transpose(rows.features, [0, 2, 1]))
        else:
            rows = variables.map(lambda variable: variable.read_value())
        load = tf.group(*(variable.initializer for variable in variables.present()))
        return RowsInGraph((numbers,), rows, self._by_column, size > 0, load, tuple(feeds))

    def load(self, graph: RowsInGraph, session: Any) -> None:
        """Load all rows unless the session has them."""
        if session is self._loaded_session:
            return
        loaded = []
        for feed, array in zip(graph.load_feeds, self._arrays.present(), strict=True):
            loaded.append(_allocate_aligned(feed.shape, array.dtype))
            is_turned = self._loads_columns and array is self._arrays.features
            by_row = loaded[-1].T if is_turned else loaded[-1]
            size = max(1, CELLS_AT_ONCE // max(1, by_row.shape[1]))
            for first in range(0, len(by_row), size):
                block = slice(first, min(first + size, len(by_row)))
                by_row[block] = _read_rows(array, block)
        session.run(graph.load, dict(zip(graph.load_feeds, loaded, strict=True)))
        self._loaded_session = session

    def feeds(self, step: int, count: int) -> list[np.ndarray]:
        """Return the row numbers of the `count` steps after `step`, `[count, batch]` or empty."""
        if self._batches is None:
            return [np.empty((count, 0), np.int32)]
        begin, drawn = self._ahead or (0, None)
        parts = [drawn.result()[:count]] if drawn and begin == step else []
        if missing := count - sum(map(len, parts)):
            parts.append(self._batches.rows_of(step + count - missing, missing))
        following = step + count
        expected = min(count, self._steps - following)  # the next call probably has as many steps
        if expected > 0:
            ahead = self._drawer.submit(self._batches.rows_of, following, expected)
            self._ahead = following, ahead
        return [np.concatenate(parts)]

    def close(self) -> None:
        """Stop drawing ahead; `feeds` begins anew."""
        self._drawer.shutdown(cancel_futures=True)
        self._drawer, self._ahead = ThreadPoolExecutor(max_workers=1), None


class StreamedRows:
    """Rows are fed as they come from disk; a thread reads the next windows."""

    def __init__(self, split: EncodedRows, batches: Batches, by_column: bool, steps: int) -> None:
        self._arrays, self._batches, self._by_column = RowTensors.of(split), batches, by_column
        self._steps = steps  # of the training, after which nothing is read
        most = _limit_steps(split, batches)
        self._at_once = min(WINDOWS_AT_ONCE, max(1, most // batches.steps_per_window))
        self.window_steps = self._at_once * batches.steps_per_window  # no call crosses a block
        self.max_steps = min(self.window_steps, most)
        self._reader = ThreadPoolExecutor(max_workers=1)
        self._blocks: dict[int, Future[list[np.ndarray]]] = {}

    def add_to_graph(self) -> RowsInGraph:
        """Add placeholders for the rows of a call to the default graph."""
        size = self._batches.batch_size
        shapes = self._arrays.map(lambda array: [None, size, array.shape[1]])
        if self._by_column:
            shapes = shapes._replace(features=[None, self._arrays.features.shape[1], size])
        rows = RowTensors(
            *(
                None if array is None else v1.placeholder(array.dtype, shape, f"training_{name}")
                for name, array, shape in zip(RowTensors._fields, self._arrays, shapes, strict=True)
            )
        )
        return RowsInGraph(tuple(rows.present()), rows, self._by_column)

    def load(self, graph: RowsInGraph, session: Any) -> None:
        """Do nothing: no row stays on the device."""

    def feeds(self, step: int, count: int) -> list[np.ndarray]:
        """Return the arrays of the steps, `[count, batch, columns]` each, all of one block.

        Features are `[count, columns, batch]` by column.
        """
        number, begin = divmod(step, self.window_steps)
        self._blocks = {
            one: self._blocks.get(one) or self._reader.submit(self._read_block, one)
            for one in range(number, number + 1 + BLOCKS_AHEAD)
            if one * self.window_steps < self._steps
        }
        return [array[begin : begin + count] for array in self._blocks[number].result()]

    def _read_block(self, number: int) -> list[np.ndarray]:
        """Return the arrays of all steps of a block of windows."""
        size, steps, found = self._batches.batch_size, self._batches.steps_per_window, []
        for array in self._arrays.present():
            shape = (array.shape[1], size) if self._is_turned(array) else (size, array.shape[1])
            found.append(_allocate_aligned([self.window_steps, *shape], array.dtype))
        for place in range(self._at_once):
            first, order = self._batches.window(number * self._at_once + place)
            window, used = slice(first, first + len(order)), order[: steps * size]
            for array, block in zip(self._arrays.present(), found, strict=True):
                rows, part = _read_rows(array, window), block[place * steps : (place + 1) * steps]
                if self._is_turned(array):
                    taken = rows.take(used, axis=0).reshape(steps, size, -1)
                    part[...] = taken.transpose(0, 2, 1)
                else:
                    # The default mode would gather into a copy of `out` first.
                    rows.take(used, axis=0, out=part.reshape(len(used), -1), mode="clip")
        return found

    def _is_turned(self, array: np.ndarray) -> bool:
        return self._by_column and array is self._arrays.features

    def close(self) -> None:
        """Stop reading ahead; `feeds` begins anew."""
        self._reader.shutdown(cancel_futures=True)
        self._reader, self._blocks = ThreadPoolExecutor(max_workers=1), {}


Rows = HeldRows | StreamedRows


def create_rows(job: TrainingJob) -> Rows:
    """Return the training rows of a job, held or streamed as configured.

    Raises:
        ConfigError: the batch is larger than the training split.
    """
    train, count = job.settings.train, len(job.split.label)
    size = choose_batch_size(train, count)
    # Where an output is one number, products with columns take half of the time or less.
    by_column = has_one_output(job.model.network, job.model.outputs)
    if size is None:
        return HeldRows(job.split, None, by_column or train.xla is True, train.steps)
    batches = Batches(count, size, job.settings.seed, train.window)
    if train.stream:
        return StreamedRows(job.split, batches, by_column, train.steps)
    return HeldRows(job.split, batches, by_column, train.steps)


def _limit_steps(split: EncodedRows, batches: Batches) -> int:
    """Return the number of steps whose rows take `CALL_BYTES`, at least 1."""
    columns: int = sum(array.shape[1] for array in RowTensors.of(split).present()) - 1
    return max(1, CALL_BYTES // (4 * batches.batch_size * columns))


def _create_variable(value: tf.Tensor, name: str) -> tf.Variable:
    return v1.Variable(value, name=name, trainable=False, collections=["data"], use_resource=True)


def _allocate_aligned(shape: Sequence[int], dtype: np.dtype) -> np.ndarray:
    """Return an array of 4 bytes a number whose alignment lets a session take it without a copy."""
    size = math.prod(shape)
    memory = np.empty(size + ALIGNMENT // 4, dtype)
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
