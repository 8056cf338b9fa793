"""Tensors of a graph: their order, dtypes and sizes."""

import math
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.graph.execution.tensors import op_of, output_types, parse
from pipeline.graphdef.ends import VARIABLES
from pipeline.graphdef.structure import Body, data_inputs, operation_of
from pipeline.inspection.shapes import Shapes, shape_at, shape_of
from pipeline.inspection.summary import Shape, Tensor


def in_order(body: Body, ends: Iterable[str]) -> dict[str, None]:
    """Return the operations that `ends` depend on, each after its inputs."""
    ordered: dict[str, None] = {}
    seen = set()
    stack = [(name, False) for name in ends]
    while stack:
        name, is_after_its_inputs = stack.pop()
        if is_after_its_inputs:
            ordered[name] = None
        elif name in body.nodes and name not in seen:
            seen.add(name)
            stack.append((name, True))
            inputs = map(operation_of, reversed(data_inputs(body.nodes[name])))
            stack += [(operation, False) for operation in inputs]
    return ordered


def tensor_of(body: Body, shapes: Shapes, name: str) -> Tensor:
    """Return the tensor of a name such as `prediction:0`."""
    operation, position = parse(name)
    node = body.nodes.get(operation)
    try:
        dtypes = [] if node is None else output_types(node, op_of(node, {}))
    except (ArtifactError, TypeError):  # an operation, or a dtype, that TensorFlow does not have
        dtypes = []
    dtype = dtypes[position].base_dtype.name if position < len(dtypes) else "?"
    return Tensor(name, dtype, shape_at(shapes, name))


def tensor_from(name: str, info: Any = None) -> Tensor:
    """Return the tensor that a signature names, in whose `TensorInfo` are dtype and shape."""
    if info is None:
        return Tensor(name, "?", None)
    return _tensor(name, info.dtype, shape_of(info.tensor_shape))


def size_of(shape: Shape) -> int:
    """Return the number of values; open dimensions, such as the rows, count as 1."""
    return math.prod(1 if size is None else size for size in shape or ())


def bytes_of(tensor: Tensor) -> int:
    """Return the size of a tensor in memory; 0 where it is unknown."""
    dtype = _dtype(tensor.dtype)
    return 0 if dtype in (None, tf.string) else size_of(tensor.shape) * int(dtype.size)


def variables_of(nodes: Iterable[Any]) -> list[Tensor]:
    """Return the variables of a graph."""
    return [
        _tensor(node.name, node.attr["dtype"].type, shape_of(node.attr["shape"].shape))
        for node in nodes
        if node.op in VARIABLES
    ]


def constants_of(nodes: Iterable[Any]) -> list[Tensor]:
    """Return what a frozen graph has in place of variables: constants of numbers, no scalars."""
    values = {node.name: node.attr["value"].tensor for node in nodes if node.op == "Const"}
    constants = [_tensor(n, v.dtype, shape_of(v.tensor_shape)) for n, v in values.items()]
    return [constant for constant in constants if constant.shape and is_real(constant)]


def is_real(tensor: Tensor) -> bool:
    """Tell whether a tensor holds real, complex or quantized numbers."""
    dtype = _dtype(tensor.dtype)
    return dtype is not None and (dtype.is_floating or dtype.is_complex or dtype.is_quantized)


def _dtype(name: int | str) -> Any:
    try:
        return tf.as_dtype(name)
    except TypeError:
        return None


def _tensor(name: str, dtype: int, shape: Shape) -> Tensor:
    return Tensor(name, getattr(_dtype(dtype), "name", "?"), shape)
