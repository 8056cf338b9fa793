"""Operations and tensors of a graph: order, dtypes, shapes, also inferred ones, and sizes.

To import a graph is to run a part of it: shape inference computes what is constant, and reads
files for it. So each operation is imported alone, between placeholders.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from pipeline.inspection.operations import PLACEHOLDERS, PURE, VARIABLES
from pipeline.inspection.summary import Shape, Tensor

v1 = tf.compat.v1

Nodes = Mapping[str, Any]  # NodeDef by name
Shapes = Mapping[str, list[Shape]]  # of each operation's outputs, as far as they are known


def operation_of(name: str) -> str:
    """Return the operation of a tensor `name`, `name:1` or a control input `^name`."""
    return name.removeprefix("^").partition(":")[0]


def data_inputs(node: Any) -> list[str]:
    """Return the tensors that an operation takes, control inputs left out."""
    return [name for name in node.input if not name.startswith("^")]


def in_order(nodes: Nodes, ends: Iterable[str]) -> dict[str, None]:
    """Return the operations that `ends` depend on, each after its inputs."""
    ordered: dict[str, None] = {}
    seen = set()
    stack = [(name, False) for name in ends]
    while stack:
        name, after_its_inputs = stack.pop()
        if after_its_inputs:
            ordered[name] = None
        elif name in nodes and name not in seen:
            seen.add(name)
            stack.append((name, True))
            inputs = map(operation_of, reversed(data_inputs(nodes[name])))
            stack += [(operation, False) for operation in inputs]
    return ordered


def find_outputs(nodes: Nodes) -> list[str]:
    """Return the tensors that nothing consumes, without gradients.

    Where there are placeholders, only tensors that depend on one count.
    """
    hidden = {operation_of(name) for node in nodes.values() for name in node.input}
    hidden.update(name for name in nodes if name.startswith("gradients"))
    ends = [n for n, node in nodes.items() if n not in hidden and dtypes_of(node, "output_arg")]
    fed: set[str] = set()
    for name in in_order(nodes, nodes):
        inputs = map(operation_of, data_inputs(nodes[name]))
        if nodes[name].op == "Placeholder" or not fed.isdisjoint(inputs):
            fed.add(name)
    return [f"{name}:0" for name in [end for end in ends if end in fed] or ends]


def dtypes_of(node: Any, side: str) -> list[int]:
    """Return the dtypes of an operation's `input_arg` or `output_arg`; `[0]` if it is unknown."""
    definition = op_def_registry.get(node.op)
    if definition is None:
        return [0]
    attributes = {attribute.name: attribute.default_value for attribute in definition.attr}
    attributes.update(node.attr)
    dtypes: list[int] = []
    for argument in getattr(definition, side):
        if argument.type_list_attr:
            dtypes += attributes[argument.type_list_attr].list.type
        else:
            several = attributes[argument.number_attr].i if argument.number_attr else 1
            dtypes += [argument.type or attributes[argument.type_attr].type] * min(several, 1000)
    return dtypes


def _dtype(name: int | str) -> Any:
    try:
        return tf.as_dtype(name)
    except TypeError:
        return None


def _tensor(name: str, dtype: int, shape: Shape) -> Tensor:
    return Tensor(name, getattr(_dtype(dtype), "name", "?"), shape)


def tensor_of(nodes: Nodes, shapes: Shapes, name: str) -> Tensor:
    """Return the tensor of a name such as `prediction:0`."""
    node = nodes.get(operation_of(name))
    dtypes = dict(enumerate(dtypes_of(node, "output_arg") if node else ()))
    return _tensor(name, dtypes.get(_position(name), 0), shape_at(shapes, name))


def _position(name: str) -> int:
    number = name.partition(":")[2]
    return int(number) if number.isdecimal() and len(number) < 9 else 0


def shape_at(shapes: Shapes, name: str) -> Shape:
    """Return the shape of a tensor."""
    known = shapes.get(operation_of(name), [])
    return known[_position(name)] if _position(name) < len(known) else None


def shape_of(proto: Any) -> Shape:
    """Return the shape that a `TensorShapeProto` holds."""
    if proto.unknown_rank:
        return None
    return tuple(dim.size if dim.size >= 0 else None for dim in proto.dim)


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


def infer_shapes(nodes: Nodes) -> Shapes:
    """Return the shapes of all outputs: those of the file, or inferred ones."""
    shapes: dict[str, list[Shape]] = {}
    for name in in_order(nodes, nodes):
        node, attributes = nodes[name], nodes[name].attr
        if node.op == "Const":
            shapes[name] = [shape_of(attributes["value"].tensor.tensor_shape)]
        elif node.op in VARIABLES | PLACEHOLDERS:
            shapes[name] = [shape_of(attributes["shape"].shape)]
        elif node.op == "ReadVariableOp":
            shapes[name] = [shape_at(shapes, tensor) for tensor in data_inputs(node)[:1]]
        elif "_output_shapes" in attributes:
            shapes[name] = [shape_of(shape) for shape in attributes["_output_shapes"].list.shape]
        elif node.op in PURE:
            shapes[name] = _infer_alone(node, nodes, shapes)
    return shapes


def _infer_alone(node: Any, nodes: Nodes, shapes: Shapes) -> list[Shape]:
    """Infer the shapes of one operation's outputs, alone in a graph.

    Its inputs are placeholders or small constants, such as an axis: nothing else is computed.
    """
    definition = v1.GraphDef()
    alone = definition.node.add(name="alone", op=node.op)
    for key in node.attr:
        if not key.startswith("_"):
            alone.attr[key].CopyFrom(node.attr[key])
    for tensor, dtype in zip(data_inputs(node), dtypes_of(node, "input_arg"), strict=False):
        feed, source = definition.node.add(), nodes[operation_of(tensor)]
        shape = shape_at(shapes, tensor)
        if source.op == "Const" and size_of(shape) <= 16:
            feed.CopyFrom(source)
            del feed.input[:]
        else:
            feed.op = "Placeholder"
            feed.attr["dtype"].type = dtype
            feed.attr["shape"].shape.CopyFrom(tf.TensorShape(shape).as_proto())
        feed.name = f"input_{len(alone.input)}"
        alone.input.append(feed.name)
    try:
        with tf.Graph().as_default():
            (operation,) = tf.import_graph_def(definition, name="", return_elements=["alone"])
            return [shape_of(output.shape.as_proto()) for output in operation.outputs]
    except (ValueError, TypeError, tf.errors.OpError):
        return []
