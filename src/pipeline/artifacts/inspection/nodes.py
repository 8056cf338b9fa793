"""Operations of a graph: what they take, what they are called, the shapes of what they give.

To import a graph is to run a part of it: shape inference computes what is constant, and reads
files for it. So a shape is the stored one, or that of one operation alone between placeholders.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from pipeline.artifacts.inspection.described import Shape, Tensor
from pipeline.artifacts.inspection.operations import PLACEHOLDERS, PURE, VARIABLES

v1 = tf.compat.v1


Nodes = Mapping[str, Any]  # NodeDef by name
Shapes = Mapping[str, list[Shape]]  # of each operation's outputs, as far as they are known


def operation_of(name: str) -> str:
    """Return the operation of a tensor `name`, `name:1` or a control input `^name`."""
    return name.removeprefix("^").partition(":")[0]


def data_inputs(node: Any) -> list[str]:
    """Return the tensors that an operation takes, control inputs left out."""
    return [name for name in node.input if not name.startswith("^")]


def called_by(node: Any) -> set[str]:
    """Return the names of the functions in an operation's attributes."""
    functions = [f for value in node.attr.values() for f in (value.func, *value.list.func)]
    return {function.name for function in functions if function.name}


def in_order(nodes: Nodes, ends: Iterable[str]) -> dict[str, None]:
    """Return the operations whose data `ends` need, each after its inputs."""
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
            stack += [
                (operation_of(wanted), False) for wanted in reversed(data_inputs(nodes[name]))
            ]
    return ordered


def loose_ends(nodes: Nodes) -> list[str]:
    """Return what nothing consumes, no gradients, and if there are placeholders, what they feed."""
    consumed = {operation_of(name) for node in nodes.values() for name in node.input}
    ends = [
        name
        for name, node in nodes.items()
        if name not in consumed and not name.startswith("gradients") and _dtypes(node, "output_arg")
    ]
    fed: set[str] = set()
    for name in in_order(nodes, nodes):
        before = map(operation_of, data_inputs(nodes[name]))
        if nodes[name].op == "Placeholder" or not fed.isdisjoint(before):
            fed.add(name)
    return [f"{name}:0" for name in [end for end in ends if end in fed] or ends]


def _dtypes(node: Any, side: str) -> list[int]:
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
    """Return a dtype by number or name; `None` for none."""
    try:
        return tf.as_dtype(name)
    except TypeError:
        return None


def _described(name: str, dtype: int, shape: Shape) -> Tensor:
    return Tensor(name, getattr(_dtype(dtype), "name", "?"), shape)


def tensor_of(nodes: Nodes, shapes: Shapes, name: str) -> Tensor:
    """Describe the tensor of a name such as `prediction:0`."""
    node = nodes.get(operation_of(name))
    dtypes = _dtypes(node, "output_arg") if node else []
    number = _number(name)
    return _described(name, dtypes[number] if number < len(dtypes) else 0, shape_at(shapes, name))


def _number(name: str) -> int:
    number = name.partition(":")[2]
    return int(number) if number.isdecimal() and len(number) < 9 else 0


def shape_at(shapes: Shapes, name: str) -> Shape:
    """Return the shape of a tensor."""
    known = shapes.get(operation_of(name), [])
    return known[_number(name)] if _number(name) < len(known) else None


def _shape(stored: Any) -> Shape:
    if stored.unknown_rank:
        return None
    return tuple(dim.size if dim.size >= 0 else None for dim in stored.dim)


def size_of(shape: Shape) -> int:
    """Return the number of values; open dimensions, such as the rows, count as 1."""
    return math.prod(1 if size is None else size for size in shape or ())


def bytes_of(tensor: Tensor) -> int:
    """Return the size of a tensor in memory; 0 where it is not known."""
    dtype = _dtype(tensor.dtype)
    return 0 if dtype in (None, tf.string) else size_of(tensor.shape) * int(dtype.size)


def variables_of(nodes: Iterable[Any]) -> list[Tensor]:
    """Describe the variables of a graph."""
    return [
        _described(node.name, node.attr["dtype"].type, _shape(node.attr["shape"].shape))
        for node in nodes
        if node.op in VARIABLES
    ]


def constants_of(nodes: Iterable[Any]) -> list[Tensor]:
    """Return what a frozen graph has for variables: constants of real numbers, no scalars."""
    values = {node.name: node.attr["value"].tensor for node in nodes if node.op == "Const"}
    constants = [_described(n, v.dtype, _shape(v.tensor_shape)) for n, v in values.items()]
    return [constant for constant in constants if constant.shape and is_real(constant)]


def is_real(tensor: Tensor) -> bool:
    """Tell whether a tensor holds real or complex numbers."""
    dtype = _dtype(tensor.dtype)
    return dtype is not None and (dtype.is_floating or dtype.is_complex or dtype.is_quantized)


def shapes_of(nodes: Nodes) -> Shapes:
    """Return the shapes of all outputs: the stored ones, or inferred from the inputs' shapes."""
    shapes: dict[str, list[Shape]] = {}
    for name in in_order(nodes, nodes):
        node, attributes = nodes[name], nodes[name].attr
        if node.op == "Const":
            shapes[name] = [_shape(attributes["value"].tensor.tensor_shape)]
        elif node.op in VARIABLES | PLACEHOLDERS:
            shapes[name] = [_shape(attributes["shape"].shape)]
        elif node.op == "ReadVariableOp":
            shapes[name] = [shape_at(shapes, wanted) for wanted in data_inputs(node)[:1]]
        elif "_output_shapes" in attributes:
            shapes[name] = [_shape(shape) for shape in attributes["_output_shapes"].list.shape]
        elif node.op in PURE:
            shapes[name] = _inferred(node, nodes, shapes)
    return shapes


def _inferred(node: Any, nodes: Nodes, shapes: Shapes) -> list[Shape]:
    """Infer the shapes of one operation's outputs, alone in a graph.

    Its inputs are placeholders or small constants, such as an axis: nothing else is computed.
    """
    definition = v1.GraphDef()
    alone = definition.node.add(name="alone", op=node.op)
    for key in node.attr:
        if not key.startswith("_"):
            alone.attr[key].CopyFrom(node.attr[key])
    for wanted, dtype in zip(data_inputs(node), _dtypes(node, "input_arg"), strict=False):
        feed, source = definition.node.add(), nodes[operation_of(wanted)]
        shape = shape_at(shapes, wanted)
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
            return [_shape(output.shape.as_proto()) for output in operation.outputs]
    except (ValueError, TypeError, tf.errors.OpError):
        return []
