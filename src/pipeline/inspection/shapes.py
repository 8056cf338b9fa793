"""The shapes of all tensors of a graph, as far as its file or TensorFlow's inference knows them.

To import a graph is to run a part of it: inference computes what is constant. So only operations
are imported that are known to be harmless, and that need no others.
"""

from collections.abc import Collection, Mapping
from typing import Any

import tensorflow as tf

from pipeline.graph.execution.pruning import prune
from pipeline.graphdef.functions import called_by, functions_of, reaching
from pipeline.graphdef.scan import find_all_refused
from pipeline.graphdef.structure import Body, operation_of
from pipeline.inspection.summary import Shape

v1 = tf.compat.v1

Shapes = Mapping[str, list[Shape]]  # of each operation's outputs, as far as they are known

# Up to this version of graphs, a placeholder of unknown shape has the shape [].
_UNKNOWN_IS_EMPTY = 21
_SHAPED = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "VarHandleOp", "Variable")


def infer_shapes(graph: Any, body: Body, ends: Collection[str]) -> Shapes:
    """Return the shapes of all outputs; those of the file where nothing more is known.

    `ends` are operations; where the whole graph cannot be imported, what they need is.
    """
    producer = graph.versions.producer
    shapes = {name: _declared(node, producer) for name, node in body.nodes.items()}
    harmless = set(body.nodes) - body.after(_find_refused(graph, body))
    for name, inferred in _import(graph, harmless, ends).items():
        declared = shapes[name]
        shapes[name] = [
            shape if shape is not None else _at(declared, number)
            for number, shape in enumerate(inferred)
        ]
        if body.nodes[name].op == "VarHandleOp":  # its output is a handle, without a shape
            shapes[name] = declared
    return shapes


def shape_at(shapes: Shapes, tensor: str) -> Shape:
    """Return the shape of a tensor."""
    number = tensor.partition(":")[2]
    position = int(number) if number.isdecimal() and len(number) < 9 else 0
    return _at(shapes.get(operation_of(tensor), []), position)


def shape_of(proto: Any) -> Shape:
    """Return the shape that a `TensorShapeProto` holds."""
    if proto.unknown_rank:
        return None
    return tuple(dim.size if dim.size >= 0 else None for dim in proto.dim)


def _find_refused(graph: Any, body: Body) -> set[str]:
    """Return the operations that could act on the machine, themselves or in functions."""
    refused = list(find_all_refused(graph, body, body.nodes))
    functions = functions_of(graph)
    acting = reaching(functions, (one.function for one in refused if one.function))
    calling = {
        name
        for name, node in body.nodes.items()
        if not acting.isdisjoint(called_by(node, functions))
    }
    return calling.union(one.node for one in refused if not one.function)


def _at(shapes: list[Shape], position: int) -> Shape:
    return shapes[position] if position < len(shapes) else None


def _declared(node: Any, producer: int) -> list[Shape]:
    """Return the shapes of an operation's outputs that the file itself has."""
    attributes = node.attr
    if node.op == "Const":
        return [shape_of(attributes["value"].tensor.tensor_shape)]
    if node.op in _SHAPED and "shape" in attributes:
        shape = shape_of(attributes["shape"].shape)
        is_unknown = shape == () and producer <= _UNKNOWN_IS_EMPTY and "Placeholder" in node.op
        return [None if is_unknown else shape]
    if "_output_shapes" in attributes:
        return [shape_of(shape) for shape in attributes["_output_shapes"].list.shape]
    return []


def _import(graph: Any, harmless: Collection[str], ends: Collection[str]) -> dict[str, list[Shape]]:
    for names in (harmless, [name for name in ends if name in harmless]):
        definition = prune(graph, names)
        try:
            with tf.Graph().as_default() as imported:
                tf.import_graph_def(definition, name="")
        except (ValueError, TypeError, KeyError, tf.errors.OpError):
            continue
        return {
            operation.name: [shape_of(output.shape.as_proto()) for output in operation.outputs]
            for operation in imported.get_operations()
        }
    return {}
