"""Which whole numbers the operations take that consume an input."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.verification.feeds.flat import FlatGraph, Use

# Beyond it, a number that decides sizes inside of the model could take all memory.
MOST_CLASSES = 10_000

Limit = Callable[[FlatGraph, Use], int | None]


@dataclass(frozen=True)
class Bounds:
    """What an input of whole numbers may hold.

    Attributes:
        high: all numbers are from 0 to below it; None if no operation says.
        fixed: the number that all feeds have, where it decides on shapes; None where it does not.
        counts: whether the numbers are 0, 1, 2, …, as of axes.
    """

    high: int | None = None
    fixed: int | None = None
    counts: bool = False


def find_bounds(flat: FlatGraph, tensor: str) -> Bounds:
    """Return what the consumers of an input allow."""
    highs = []
    for use in flat.uses(tensor):
        if use.argument in _COUNTED:
            return Bounds(counts=True)
        if use.argument in _FIXED:
            return Bounds(fixed=_FIXED[use.argument])
        limit = _LIMITS.get((use.node.op, use.operand))
        high = limit(flat, use) if limit else None
        if high is not None:
            highs.append(max(1, min(high, MOST_CLASSES)))
    return Bounds(min(highs, default=None))


# Arguments that choose axes: a permutation of them, or some without repetition.
_COUNTED = frozenset(
    {"perm", "axis", "axes", "reduction_indices", "dim", "split_dim", "concat_dim", "dimension"}
)
# Arguments that decide on shapes, and a number that is safe in each.
_FIXED = {
    "shape": -1, "begin": 0, "paddings": 0, "crops": 0, "start": 0, "delta": 1, "k": 1, "depth": 4,
    "limit": 4, "size": 4, "end": 1, "strides": 1, "dims": 2, "multiples": 2, "output_shape": 4,
    "block_shape": 1, "seq_lengths": 1, "sequence_length": 1, "seq_len": 1, "lengths": 2,
    "num_segments": 4, "segment_ids": 0, "num_samples": 2, "input_sizes": 4, "shift": 1,
}  # fmt: skip


def _size(flat: FlatGraph, tensor: str, axis: int = 0) -> int | None:
    shape = flat.shape(tensor)
    return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None


def _rows_of_first(flat: FlatGraph, use: Use) -> int | None:
    return _size(flat, flat.operand(use, 0))


def _gathered(flat: FlatGraph, use: Use) -> int | None:
    axis = flat.constant(flat.operand(use, 2))
    return _size(flat, flat.operand(use, 0), 0 if axis is None else int(axis))


def _smallest_of_first(flat: FlatGraph, use: Use) -> int | None:
    shape = flat.shape(flat.operand(use, 0)) or ()
    return min((size for size in shape if size is not None), default=None)


def _depth(flat: FlatGraph, use: Use) -> int | None:
    depth = flat.constant(flat.operand(use, 1))
    return None if depth is None else int(depth)


def _segments(flat: FlatGraph, use: Use) -> int | None:
    number = flat.constant(flat.operand(use, 2))
    return None if number is None else int(np.min(number))


def _classes_of_first(flat: FlatGraph, use: Use) -> int | None:
    return _size(flat, flat.operand(use, 0), -1)


def _partitions(_: FlatGraph, use: Use) -> int:
    return int(use.node.attr["num_partitions"].i)


# By operation and the place of the operand.
_LIMITS: dict[tuple[str, int], Limit] = {
    ("Gather", 1): _rows_of_first,
    ("GatherV2", 1): _gathered,
    ("ResourceGather", 1): _rows_of_first,
    ("GatherNd", 1): _smallest_of_first,
    ("ResourceGatherNd", 1): _smallest_of_first,
    ("SparseSegmentSum", 1): _rows_of_first,
    ("SparseSegmentMean", 1): _rows_of_first,
    ("SparseSegmentSqrtN", 1): _rows_of_first,
    ("OneHot", 0): _depth,
    ("UnsortedSegmentSum", 1): _segments,
    ("UnsortedSegmentMax", 1): _segments,
    ("SparseSoftmaxCrossEntropyWithLogits", 1): _classes_of_first,
    ("DynamicPartition", 1): _partitions,
}
