"""Graphs in TensorFlow: what is imported, and the interface that it infers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.errors import ArtifactError, one_line
from pipeline.models.foreign.pruning import functions_of
from pipeline.models.foreign.signature import Ends
from pipeline.models.foreign.tensors import Tensor, name_of, op_of
from pipeline.models.metadata.sidecar import Interface, TensorSpec
from pipeline.models.run.session import UNREADABLE, find_tensor


def import_graph(definition: Any, source: Path) -> tf.Graph:
    """Import a `GraphDef` into a new graph.

    Raises:
        ArtifactError: TensorFlow refuses it; the message names the node where TensorFlow does.
    """
    graph, functions = tf.Graph(), functions_of(definition)
    for node in definition.node:
        op_of(node, functions)  # TensorFlow's own message names no node
    try:
        with graph.as_default():
            tf.import_graph_def(definition, name="")
    except UNREADABLE as error:
        raise ArtifactError(f"{source} cannot be imported: {one_line(error)}") from None
    return graph


def describe(graph: tf.Graph, ends: Ends, source: Path) -> Interface:
    """Return the interface of an imported graph: dtypes, and shapes as far as they are known."""
    sides = (ends.inputs, ends.outputs)
    inputs, outputs = (
        tuple(_specify(graph, name, place, source) for name, place in side.items())
        for side in sides
    )
    return Interface(inputs, outputs)


def _specify(graph: tf.Graph, name: str, place: Tensor, source: Path) -> TensorSpec:
    tensor = find_tensor(graph, name_of(place), source)
    shape = None if tensor.shape.rank is None else tuple(tensor.shape.as_list())
    return TensorSpec(name, tensor.dtype.base_dtype.name, shape, name_of(place))


def infer_specs(
    definition: Any, tensors: Mapping[str, Tensor], source: Path
) -> dict[str, TensorSpec]:
    """Return dtypes and shapes of tensors that lie inside a graph."""
    graph = import_graph(definition, source)
    return {name: _specify(graph, name, place, source) for name, place in tensors.items()}
