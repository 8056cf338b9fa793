"""Large constants as variables: a session keeps four copies of each constant, of a variable one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.python.framework import dtypes

from pipeline.graph.execution.tensors import is_control

LARGE = 2**20  # bytes

_SUFFIX = "/value"


def lift_constants(
    graph: Any, constants: Mapping[str, np.ndarray]
) -> tuple[Any, dict[str, np.ndarray]]:
    """Return a graph that reads its large constants from variables, and the variables' values.

    Args:
        constants: the values of constants by the names of their nodes.
    """
    names = {node.name for node in graph.node}
    light = GraphDef(versions=graph.versions, library=graph.library)
    values: dict[str, np.ndarray] = {}
    for node in graph.node:
        name = node.name + _SUFFIX
        if node.op == "Const" and _is_large(node, constants) and name not in names:
            _add_variable(light, node, name, constants[node.name].shape)
            values[name] = constants[node.name]
        else:
            light.node.add().CopyFrom(node)
    return light, values


def _is_large(node: Any, constants: Mapping[str, np.ndarray]) -> bool:
    # One inside of a loop waits for its turn, where a variable from outside cannot be read.
    if node.name not in constants or any(map(is_control, node.input)):
        return False
    kind = dtypes.as_dtype(node.attr["dtype"].type)
    is_plain = kind != dtypes.string and not kind.is_quantized
    return is_plain and constants[node.name].nbytes >= LARGE


def _add_variable(graph: Any, constant: Any, name: str, shape: tuple[int, ...]) -> None:
    """Add a variable, and a node that reads it in place of a constant."""
    handle = graph.node.add(name=name, op="VarHandleOp")
    handle.attr["shared_name"].s = name.encode()
    for size in shape:
        handle.attr["shape"].shape.dim.add(size=size)
    read = graph.node.add(name=constant.name, op="ReadVariableOp", input=[name])
    for one in (handle, read):
        one.attr["dtype"].CopyFrom(constant.attr["dtype"])
