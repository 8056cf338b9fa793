"""Graphs in TensorFlow: what is imported, and the interface that it infers."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.kernels import get_registered_kernels_for_op

from pipeline.errors import ArtifactError, one_line
from pipeline.graph.execution.attributes import find_mistyped
from pipeline.graph.execution.signature import Ends
from pipeline.graph.execution.tensors import Tensor, name_of, op_of
from pipeline.graph.tensors import UNREADABLE, find_tensor
from pipeline.graphdef.functions import functions_of
from pipeline.graphdef.interface import Interface, TensorSpec

_ON_CPU = ("CPU", "DEFAULT")
_REPLACED = ("AccumulateNV2", "ParallelConcat")  # by others with kernels, before a graph runs


def import_graph(definition: Any, source: Path) -> tf.Graph:
    """Import a `GraphDef` into a new graph.

    Raises:
        ArtifactError: TensorFlow refuses it; the message names the node where TensorFlow does.
    """
    graph, functions = tf.Graph(), functions_of(definition)
    _require_kernels(definition, functions)
    _require_types(functions)
    try:
        with graph.as_default():
            tf.import_graph_def(definition, name="")
    except UNREADABLE as error:
        raise ArtifactError(f"{source} cannot be imported: {one_line(error)}") from None
    return graph


def _require_kernels(definition: Any, functions: Mapping[str, Any]) -> None:
    """Refuse what this TensorFlow cannot run; its own message names no node, or comes late."""
    nodes = (*definition.node, *(node for one in functions.values() for node in one.node_def))
    for node in {node.op: node for node in nodes if node.op not in functions}.values():
        op_of(node, functions)
        if node.op not in _REPLACED and not _runs_on_cpu(node.op):
            problem = f"this TensorFlow cannot compute {node.op!r} on a CPU"
            raise ArtifactError(f"node {node.name!r}: {problem}")


@cache
def _runs_on_cpu(op: str) -> bool:
    kernels = get_registered_kernels_for_op(op).kernel  # takes some milliseconds
    return any(one.device_type in _ON_CPU for one in kernels)


def _require_types(functions: Mapping[str, Any]) -> None:
    for node in (node for one in functions.values() for node in one.node_def):
        if name := find_mistyped(node, op_of(node, functions)):
            raise ArtifactError(f"node {node.name!r}: its attribute {name!r} has another type")


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
