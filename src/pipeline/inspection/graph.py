"""The summary of one graph: its ends, layers, cost, and what could act on the machine."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import ArtifactError
from pipeline.inspection import operations, tensors
from pipeline.inspection.operations import PLACEHOLDERS, PURE
from pipeline.inspection.summary import GraphSummary, Layer, Shape, Tensor
from pipeline.inspection.tensors import Nodes, Shapes, operation_of, shape_at, size_of


def summarize_graph(
    graph: Any, path: Path, meta: Any = None, saved: Sequence[Tensor] | None = None
) -> GraphSummary:
    """Summarize a `GraphDef`, which `meta`, a `MetaGraphDef`, may hold.

    `saved` are the variables of its checkpoint; otherwise they are the graph's own.

    Raises:
        ArtifactError: the graph has no operations, or lacks one that another needs.
    """
    nodes = _index(graph, path)
    shapes = tensors.infer_shapes(nodes)
    signatures = {} if meta is None else _read_signatures(meta)
    named = [n for one in signatures.values() for n in one["outputs"].values() if ":" in n]
    outputs = list(dict.fromkeys(named)) or tensors.find_outputs(nodes)
    needed = tensors.in_order(nodes, map(operation_of, outputs))
    variables = list(tensors.variables_of(graph.node) if saved is None else saved)
    parameters = variables or tensors.constants_of(graph.node)
    layers, uncounted = summarize_layers(nodes, needed, shapes, parameters)
    inputs = [
        name
        for name, node in nodes.items()
        if node.op in PLACEHOLDERS and (name in needed or (node.op == "Placeholder" and not named))
    ]
    version = f"graph version {graph.versions.producer or '0: very old, or truncated'}"
    if meta is not None:
        version = f"TensorFlow {meta.meta_info_def.tensorflow_version or 'unknown'}"
    return GraphSummary(
        tags=[] if meta is None else list(meta.meta_info_def.tags),
        version=version,
        inputs=[tensors.tensor_of(nodes, shapes, f"{name}:0") for name in inputs],
        outputs=[tensors.tensor_of(nodes, shapes, name) for name in outputs],
        signatures=signatures,
        variables=variables,
        layers=layers,
        uncounted=uncounted,
        op_types=dict(Counter(node.op for _, node in _all_nodes(graph)).most_common()),
        acting=_find_acting(graph),
        operations=[
            Tensor(name, node.op, tensors.shape_at(shapes, name)) for name, node in nodes.items()
        ],
    )


def summarize_variables(variables: Sequence[Tensor]) -> GraphSummary:
    """Summarize the variables of a checkpoint that has no graph."""
    layers, _ = summarize_layers({}, (), {}, variables)
    return GraphSummary([], "", [], [], {}, list(variables), layers, {}, [], 0, [])


def _index(graph: Any, path: Path) -> Nodes:
    nodes = {node.name: node for node in graph.node}
    if not nodes:
        raise ArtifactError(f"{path} holds no graph: it has no operations")
    for node in graph.node:
        if lost := [name for name in map(operation_of, node.input) if name not in nodes]:
            raise ArtifactError(
                f"{path} is truncated or damaged: {node.name!r} needs {lost[0]!r}, which is missing"
            )
    return nodes


def _read_signatures(meta: Any) -> dict[str, dict[str, dict[str, str]]]:
    """Return tensor names by signature, `inputs` or `outputs`, and key."""
    return {
        name: {
            side: {key: tensor.name for key, tensor in sorted(getattr(one, side).items())}
            for side in ("inputs", "outputs")
        }
        for name, one in sorted(meta.signature_def.items())
    }


def _all_nodes(graph: Any) -> list[tuple[str, Any]]:
    """Return the operations of the graph and of its functions, each after its function's name."""
    functions = ((one.signature.name, one.node_def) for one in graph.library.function)
    return [(name, node) for name, nodes in (("", graph.node), *functions) for node in nodes]


def _find_acting(graph: Any) -> list[dict[str, str]]:
    """Return the operations that are not known to be pure computation."""
    functions = {function.signature.name for function in graph.library.function}
    known, acting = PURE | functions, []
    for function, node in _all_nodes(graph):
        called = [f.name for value in node.attr.values() for f in (value.func, *value.list.func)]
        if node.op not in known or not set(filter(None, called)) <= functions:
            acting.append({"name": node.name, "op": node.op, "function": function})
    return acting


def summarize_layers(
    nodes: Nodes, needed: Iterable[str], shapes: Shapes, parameters: Sequence[Tensor]
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
    for name, scope in _assign_scopes(nodes, needed, scopes).items():
        node, shape = nodes[name], shape_at(shapes, name)
        layer = layers.setdefault(scope, Layer(scope))
        layer.op_types[node.op] = layer.op_types.get(node.op, 0) + 1
        inputs = tensors.data_inputs(node)
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


def _assign_scopes(nodes: Nodes, needed: Iterable[str], scopes: dict[str, str]) -> dict[str, str]:
    values = set(scopes)  # operations that give the value of a parameter
    found: dict[str, str] = {}
    for name in needed:
        inputs = [operation_of(tensor) for tensor in tensors.data_inputs(nodes[name])]
        used = [operation for operation in inputs if operation in values]
        if used and nodes[name].op in operations.READS:
            values.add(name)
        around = [s for s in set(scopes.values()) if s and name.startswith(f"{s}/")]
        before = [found[operation] for operation in (used or inputs) if operation in found]
        if name in scopes:
            found[name] = scopes[name]
        elif around and not used:
            found[name] = max(around, key=len)
        else:
            found[name] = next(iter(before), "")
    return found


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
    elif node.op in uncounted or node.op not in PURE:
        return None
    elif node.op not in operations.ELEMENT_WISE:
        return 0
    return None if output is None else values
