"""The layers of a graph: its parameters, and the operations that use them, with their cost."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pipeline.graphdef.operations import Kind, judge
from pipeline.graphdef.structure import Body, data_inputs, operation_of
from pipeline.inspection import operations, tensors
from pipeline.inspection.shapes import Shapes, shape_at
from pipeline.inspection.summary import Layer, Shape, Tensor
from pipeline.inspection.tensors import size_of


def summarize_layers(
    body: Body, needed: Iterable[str], shapes: Shapes, parameters: Sequence[Tensor]
) -> tuple[list[Layer], int]:
    """Assign parameters and operations to layers, in the order of computation.

    An operation belongs to the layer whose parameters it uses; else to that of the scope it is in;
    else to that of its first input. `needed` are operations, each after its inputs. The number
    returned is that of operations whose cost is unknown.
    """
    names = {parameter.name for parameter in parameters}
    scopes = {name: _scope(name, names) for name in names}
    layers: dict[str, Layer] = {}
    uncounted = 0
    for name, scope in _assign_scopes(body, needed, scopes).items():
        node, shape = body.nodes[name], shape_at(shapes, name)
        layer = layers.setdefault(scope, Layer(scope))
        layer.op_types[node.op] = layer.op_types.get(node.op, 0) + 1
        inputs = data_inputs(node)
        if inputs:
            layer.output_shape = shape
        cost = _cost(node, [shape_at(shapes, tensor) for tensor in inputs], shape)
        layer.cost += cost or 0
        uncounted += cost is None
    for parameter in parameters:
        scope = scopes[parameter.name]
        layer = layers.setdefault(scope, Layer(scope))
        layer.bytes += tensors.bytes_of(parameter)
        if tensors.is_real(parameter) and parameter.name.rpartition("/")[0] not in names:
            layer.parameters += size_of(parameter.shape)
    return list(layers.values()), uncounted


def _assign_scopes(body: Body, needed: Iterable[str], scopes: dict[str, str]) -> dict[str, str]:
    values = set(scopes)  # operations that give the value of a parameter
    known = set(scopes.values()) - {""}
    found: dict[str, str] = {}
    for name in needed:
        inputs = [operation_of(tensor) for tensor in data_inputs(body.nodes[name])]
        used = [operation for operation in inputs if operation in values]
        if used and body.nodes[name].op in operations.READS:
            values.add(name)
        around = next((scope for scope in _scopes_around(name) if scope in known), None)
        if name in scopes:
            found[name] = scopes[name]
        elif around and not used:
            found[name] = around
        else:
            found[name] = next((found[one] for one in used or inputs if one in found), "")
    return found


def _scopes_around(name: str) -> Iterator[str]:
    """Yield the scopes that a name lies in, the innermost first."""
    while name := name.rpartition("/")[0]:
        yield name


def _scope(name: str, names: set[str]) -> str:
    """Return the scope of a variable, also of what an optimizer keeps below the variable's name."""
    scope = name.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE").rpartition("/")[0]
    while scope in names:
        scope = scope.rpartition("/")[0]
    return scope


def _cost(node: Any, inputs: list[Shape], output: Shape) -> int | None:
    """Return the floating point operations for one row, None if they are unknown."""
    values, attributes = size_of(output), node.attr
    uncounted = operations.PRODUCTS | operations.CONVOLUTIONS | operations.UNCOUNTED
    if node.op in operations.REDUCTIONS:
        output, values = (inputs[0], size_of(inputs[0])) if inputs else (None, 0)
    elif node.op in operations.PRODUCTS and len(inputs) > 1 and (one := inputs[0]) and inputs[1]:
        transposed = attributes["transpose_a"].b or attributes["adj_x"].b
        values *= 2 * size_of(one[-2:][:1] if transposed else one[-1:])
    elif node.op in operations.CONVOLUTIONS and len(inputs) > 1 and (kernel := inputs[1]):
        channels = kernel[-2:] if node.op == "DepthwiseConv2dNative" else kernel[-1:]
        values = 2 * values * size_of(kernel) // max(size_of(channels), 1)
    elif node.op in operations.POOLINGS:
        values *= math.prod(attributes["ksize"].list.i)
    elif node.op in uncounted or judge(node.op).kind == Kind.ACTS:
        return None
    elif node.op not in operations.ELEMENT_WISE:
        return 0
    return None if output is None else values
