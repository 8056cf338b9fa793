"""Tensors of a `tf.Graph` by name, and what TensorFlow raises for graphs that are damaged."""

from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError

from pipeline.errors import ArtifactError, nearest

# What TensorFlow raises for graphs that are damaged, though their hashes fit.
_DAMAGE = (OSError, ValueError, TypeError, RuntimeError, LookupError)
UNREADABLE = (tf.errors.OpError, DecodeError, *_DAMAGE)


def find_tensor(graph: tf.Graph, name: str, source: Path | str) -> tf.Tensor:
    """Return the tensor of a graph by its name, such as `prediction:0`.

    Raises:
        ArtifactError: the graph has no such tensor; the message has the nearest name.
    """
    try:
        return graph.get_tensor_by_name(name)
    except (KeyError, ValueError):
        names = [output.name for node in graph.get_operations() for output in node.outputs]
        raise ArtifactError(f"{source} has no tensor {name!r}{nearest(name, names)}") from None
