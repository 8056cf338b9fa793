"""A graph as feeds are found from: functions inlined, large constants left out.

It is for questions about shapes and consumers, and is never run.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2, rewriter_config_pb2
from tensorflow.python.framework import op_def_registry
from tensorflow.python.grappler import tf_optimizer

from pipeline.graphdef.interface import Shape

# Constants beyond this number of bytes are weights; no shape depends on their values.
LARGE_BYTES = 4096
# Operations looked at behind an input, before the search for its consumers ends.
MOST_STEPS = 1000

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
# What hands on the values of its operand at this place, perhaps some of them, in another order.
_HANDED_ON = {
    "Identity": 0, "Cast": 0, "Reshape": 0, "ExpandDims": 0, "Squeeze": 0, "Transpose": 0,
    "StopGradient": 0, "PreventGradient": 0, "Snapshot": 0, "StridedSlice": 0, "Slice": 0,
    "Tile": 0, "Unpack": 0, "Unique": 0, "Split": 1, "SplitV": 0, "PlaceholderWithDefault": 0,
    "Reverse": 0, "ReverseV2": 0, "Where": 0, "CheckNumerics": 0, "EnsureShape": 0,
}  # fmt: skip
# What hands on the values of all its operands.
_JOINS = ("Pack", "ConcatV2", "Concat", "Maximum", "Minimum", "SelectV2", "Select")
_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative", "MaxPool", "AvgPool", "FusedBatchNormV3")
_VARIABLES = ("VarHandleOp", "VariableV2", "Variable")
_READS = ("Identity", "ReadVariableOp", "Cast", "Enter")


@dataclass(frozen=True)
class Use:
    """An operation that takes a tensor."""

    node: Any  # a NodeDef
    operand: int  # place among its inputs

    @property
    def argument(self) -> str:
        """Return what the operation calls this input, such as `indices`; empty if unknown."""
        definition = op_def_registry.get(self.node.op)
        place = self.operand
        for argument in definition.input_arg if definition else ():
            number = self.node.attr[argument.number_attr].i if argument.number_attr else 1
            place -= max(number, 0)
            if place < 0:
                return str(argument.name)
        return ""


class FlatGraph:
    """Answers which operations take a tensor, and what is known of their other operands.

    Attributes:
        graph: the GraphDef.
        nodes: its operations by name.
    """

    def __init__(self, graph: Any, ends: Sequence[str]) -> None:
        self.graph = _inline(_drop_weights(graph), ends)
        self.nodes: dict[str, Any] = {node.name: node for node in self.graph.node}
        self._uses: dict[str, list[Use]] = defaultdict(list)
        for node in self.graph.node:
            for place, name in enumerate(node.input):
                if not name.startswith("^"):
                    self._uses[full_name(name)].append(Use(node, place))

    def uses(self, tensor: str) -> list[Use]:
        """Return what takes the values of a tensor, seen through what only hands them on."""
        found, tensors, seen = [], [full_name(tensor)], {full_name(tensor)}
        while tensors and len(seen) < MOST_STEPS:
            for use in self._uses[tensors.pop()]:
                found.append(use)
                for output in _handed_on(use):
                    if output not in seen:
                        seen.add(output)
                        tensors.append(output)
        return found

    def operand(self, use: Use, place: int) -> str:
        """Return the name of another operand of an operation; empty if it has none there."""
        names = [name for name in use.node.input if not name.startswith("^")]
        return full_name(names[place]) if place < len(names) else ""

    def constant(self, tensor: str) -> np.ndarray | None:
        """Return the value of a small constant, or None."""
        node = self._origin(tensor)
        if node is None or node.op != "Const":
            return None
        return np.asarray(tf.make_ndarray(node.attr["value"].tensor))

    def shape(self, tensor: str) -> Shape | None:
        """Return the shape of a constant, variable or placeholder, or None."""
        node = self._origin(tensor)
        if node is None:
            return None
        proto = node.attr["value"].tensor.tensor_shape if node.op == "Const" else None
        if node.op in (*_VARIABLES, "Placeholder"):
            proto = node.attr["shape"].shape
        if proto is None or proto.unknown_rank:
            return None
        return tuple(dim.size if dim.size >= 0 else None for dim in proto.dim)

    def convolves_inside(self) -> bool:
        """Tell whether a body of a loop or branch has a convolution.

        Shape inference does not look there, and a matrix there would end the process.
        """
        bodies = (function.node_def for function in self.graph.library.function)
        return any(node.op in _CONVOLUTIONS for body in bodies for node in body)

    def _origin(self, tensor: str) -> Any:
        """Return the operation that a tensor's value comes from, through what reads it."""
        for _ in range(MOST_STEPS):
            node = self.nodes.get(tensor.partition(":")[0])
            if node is None or node.op not in _READS or not node.input:
                return node
            tensor = node.input[0]
        return None


def full_name(tensor: str) -> str:
    """Return the name of a tensor with its number: `x` is `x:0`."""
    return tensor if ":" in tensor else f"{tensor}:0"


def _handed_on(use: Use) -> Iterable[str]:
    node = use.node
    if node.op in _JOINS or _HANDED_ON.get(node.op) == use.operand:
        numbers = max(node.attr["num"].i, node.attr["num_split"].i, 1)
        return [f"{node.name}:{number}" for number in range(min(numbers, MOST_STEPS))]
    return [f"{node.name}:{use.operand}"] if node.op == "IdentityN" else []


def _drop_weights(graph: Any) -> Any:
    """Return a copy with placeholders of their shapes in place of large constants."""
    kept = type(graph)(versions=graph.versions, library=graph.library)
    for node in graph.node:
        tensor = node.attr["value"].tensor if node.op == "Const" else None
        if tensor is None or tensor.ByteSize() <= LARGE_BYTES:
            kept.node.append(node)
            continue
        stand_in = kept.node.add(name=node.name, op="Placeholder")
        stand_in.attr["dtype"].type = tensor.dtype
        stand_in.attr["shape"].shape.CopyFrom(tensor.tensor_shape)
    return kept


def _inline(graph: Any, ends: Sequence[str]) -> Any:
    """Return a graph without calls of functions, or as it is where TensorFlow cannot do that."""
    functions = {function.signature.name for function in graph.library.function}
    if not any(node.op in _CALLS or node.op in functions for node in graph.node):
        return graph
    meta = meta_graph_pb2.MetaGraphDef(graph_def=graph)
    meta.collection_def["train_op"].node_list.value.extend(ends)
    config = config_pb2.ConfigProto()
    rewrites = config.graph_options.rewrite_options
    rewrites.min_graph_nodes = -1  # also graphs of few operations
    rewrites.function_optimization = rewriter_config_pb2.RewriterConfig.AGGRESSIVE
    rewrites.optimizers.append("function")
    try:
        return tf_optimizer.OptimizeGraph(config, meta)
    except (tf.errors.OpError, ValueError, RuntimeError):
        return graph
