"""The values of a checkpoint by their keys, and by the names of variables where these differ."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

from pipeline.errors import ArtifactError, one_line
from pipeline.graph.execution.renaming import rename
from pipeline.graph.execution.slots import Slot
from pipeline.graph.tensors import UNREADABLE

OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"

# What a checkpoint has besides the values of a model.
_COUNTERS = ("save_counter" + SUFFIX,)


class StoredValues:
    """A checkpoint, whose values are read when they are asked for.

    Args:
        prefix: its path without `.index`; the last part may be empty.
        renamed: pairs of names, old and new, as `renaming.rename` takes them.
    """

    def __init__(self, prefix: str, renamed: Sequence[tuple[str, str]] = ()) -> None:
        self._prefix = prefix
        try:
            self._reader = tf.compat.v1.train.NewCheckpointReader(prefix)
            shapes = self._reader.get_variable_to_shape_map()
        except UNREADABLE as error:
            raise self._unreadable(error) from None
        self._keys = rename([key for key in shapes if key != OBJECT_GRAPH], renamed, prefix)
        self.shapes = {new: tuple(shapes[old]) for new, old in self._keys.items()}

    def read(self, slot: Slot) -> np.ndarray:
        """Read a value, or a part of it.

        Raises:
            ArtifactError: it is damaged.
        """
        try:
            value = np.asarray(self._reader.get_tensor(self._keys[slot.key]))
        except UNREADABLE as error:
            raise self._unreadable(error) from None
        return np.ascontiguousarray(value[_slices(slot.part)]) if slot.part else value

    def shape(self, slot: Slot) -> tuple[int, ...]:
        """Return the shape of a value, or of a part of it."""
        return _part_shape(slot.part) if slot.part else self.shapes[slot.key]

    @cached_property
    def names(self) -> dict[str, str]:
        """The names of variables by keys, as far as the object graph of version 2 tells them."""
        if not self._reader.has_tensor(OBJECT_GRAPH):
            return {}
        graph = TrackableObjectGraph()
        try:
            graph.ParseFromString(self._reader.get_tensor(OBJECT_GRAPH))
        except (DecodeError, *UNREADABLE) as error:
            raise self._unreadable(error) from None
        values = [value for node in graph.nodes for value in node.attributes]
        return {one.checkpoint_key: one.full_name for one in values if one.full_name}

    def named(self) -> dict[str, Slot]:
        """Return all values of variables by name: that of the variable, else a short key."""
        is_kept = self._reader.has_tensor(OBJECT_GRAPH)  # with texts beside the values
        keys = [key for key in self.shapes if key.endswith(SUFFIX) or not is_kept]
        keys = [key for key in keys if key not in _COUNTERS]
        names = {key: self.names.get(key) or key.removesuffix(SUFFIX) for key in keys}
        several = [name for name in names.values() if list(names.values()).count(name) > 1]
        return {
            key.removesuffix(SUFFIX) if name in several else name: Slot(key)
            for key, name in names.items()
        }

    def read_table(self, slots: tuple[Slot, Slot]) -> tuple[np.ndarray, np.ndarray]:
        """Read the keys and values of a table, in the order of the keys."""
        keys, values = map(self.read, slots)
        order = np.argsort(keys, kind="stable") if keys.ndim == 1 else np.arange(len(keys))
        return keys[order], values[order]

    def _unreadable(self, error: BaseException) -> ArtifactError:
        return ArtifactError(f"{self._prefix} cannot be read: {one_line(error)}")


def _part_shape(part: str) -> tuple[int, ...]:
    """Return the shape of a part, such as (5, 4) of `10 4 0,5:0,4`."""
    sizes, ranges = part.split()[:-1], part.split()[-1].split(":")
    return tuple(
        int(size) if one == "-" else int(one.split(",")[1])
        for size, one in zip(sizes, ranges, strict=True)
    )


def _slices(part: str) -> tuple[Any, ...]:
    ranges = (one.split(",") for one in part.split()[-1].split(":"))
    return tuple(
        slice(None) if one == ["-"] else slice(int(one[0]), int(one[0]) + int(one[1]))
        for one in ranges
    )
