"""Parameters, operations and cost, layer by layer."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.artifacts.inspection.described import Layer, Shape, Tensor
from pipeline.artifacts.inspection.nodes import (
    Nodes,
    Shapes,
    bytes_of,
    data_inputs,
    is_real,
    operation_of,
    shape_at,
    size_of,
)
from pipeline.artifacts.inspection.operations import (
    CONVOLUTIONS,
    ELEMENT_WISE,
    POOLINGS,
    PRODUCTS,
    PURE,
    READS,
    REDUCTIONS,
    UNCOUNTED,
)


def layers_of(
    nodes: Nodes, needed: Iterable[str], shapes: Shapes, parameters: Sequence[Tensor]
) -> tuple[list[Layer], int]:
    """Give parameters and operations to layers, in the order of computation.

    An operation is of the layer whose parameters it uses, or whose scope it is in, or that its
    first input is of.

    Args:
        needed: operations, each after its inputs.

    Returns:
        The layers, and the number of operations whose cost is unknown.
    """
    names = {parameter.name for parameter in parameters}
    scopes = {name: _scope(name, names) for name in names}
    layers: dict[str, Layer] = {}
    home: dict[str, str] = {}
    reads = set(names)
    uncounted = 0
    for name in needed:
        node, inputs = nodes[name], [operation_of(wanted) for wanted in data_inputs(nodes[name])]
        used = [wanted for wanted in inputs if wanted in reads]
        if used and node.op in READS:
            reads.add(name)
        around = [s for s in set(scopes.values()) if s and name.startswith(f"{s}/")]
        before = [home[wanted] for wanted in (used or inputs) if wanted in home]
        if name in scopes:
            home[name] = scopes[name]
        elif around and not used:
            home[name] = max(around, key=len)
        else:
            home[name] = before[0] if before else ""
        layer = layers.setdefault(home[name], Layer(home[name]))
        layer.op_types[node.op] = layer.op_types.get(node.op, 0) + 1
        shape = shape_at(shapes, name)
        if inputs:
            layer.output_shape = shape
        cost = _cost(node, [shape_at(shapes, wanted) for wanted in data_inputs(node)], shape)
        layer.cost += cost or 0
        uncounted += cost is None
    for parameter in parameters:
        layer = layers.setdefault(scopes[parameter.name], Layer(scopes[parameter.name]))
        layer.bytes += bytes_of(parameter)
        if is_real(parameter) and parameter.name.rpartition("/")[0] not in names:
            layer.parameters += size_of(parameter.shape)
    return list(layers.values()), uncounted


def _scope(name: str, names: set[str]) -> str:
    """Return the scope of a variable, also of what an optimizer keeps below the variable's name."""
    scope = name.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE").rpartition("/")[0]
    while scope in names:
        scope = scope.rpartition("/")[0]
    return scope


COST = (
    "floating point operations for one row; a multiply-add of a matrix product or a convolution"
    " counts 2, element-wise operations and reductions 1 a value, others 0"
)


def _cost(node: Any, inputs: list[Shape], output: Shape) -> int | None:
    """Return the floating point operations for one row, `None` if they are unknown."""
    values, attributes = size_of(output), node.attr
    if node.op in REDUCTIONS:
        output, values = (inputs[0], size_of(inputs[0])) if inputs else (None, 0)
    elif node.op in PRODUCTS and len(inputs) > 1 and (one := inputs[0]) and inputs[1]:
        transposed = attributes["transpose_a"].b or attributes["adj_x"].b
        values *= 2 * size_of(one[-2:][:1] if transposed else one[-1:])
    elif node.op in CONVOLUTIONS and len(inputs) > 1 and (kernel := inputs[1]):
        channels = kernel[-2:] if node.op == "DepthwiseConv2dNative" else kernel[-1:]
        values = 2 * values * size_of(kernel) // max(size_of(channels), 1)
    elif node.op in POOLINGS:
        values *= math.prod(attributes["ksize"].list.i)
    elif node.op in PRODUCTS | CONVOLUTIONS | UNCOUNTED or node.op not in PURE:
        return None
    elif node.op not in ELEMENT_WISE:
        return 0
    return None if output is None else values
