"""The inputs and outputs of a graph that no signature names, found by what its nodes are for."""

from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow.python.framework import dtypes

from pipeline.graph.execution import roles
from pipeline.graph.execution.pruning import by_name, find_needed
from pipeline.graph.execution.tensors import Tensor, is_control, op_of, output_types, parse
from pipeline.graphdef.functions import functions_of

Consumers = Mapping[str, list[Any]]

_HANDLES = (dtypes.resource, dtypes.variant)


def find_outputs(graph: Any, inputs: Sequence[Tensor] = ()) -> list[Tensor]:
    """Return the tensors that nothing computes with: all outputs of each node at an end.

    What saves, trains and summarizes does not count. Where the graph has inputs, only tensors that
    are computed from one are outputs.
    """
    nodes = by_name(graph)
    consumers = roles.find_consumers(nodes)
    begin = {name for name, _ in inputs} or _find_sources(nodes)
    skipped = roles.find_branches(nodes, consumers) | _find_saved(nodes)
    skipped |= _find_counters(nodes, consumers)
    others = [node for name, node in nodes.items() if name not in skipped]
    functions = functions_of(graph)
    ends = _find_computed(others, consumers, begin) or _find_constant(others, consumers, nodes)
    ends = ends or [nodes[name] for name in begin if not consumers[name]]
    return [tensor for node in ends for tensor in tensors_of(node, functions)]


def _find_computed(others: list[Any], consumers: Consumers, begin: set[str]) -> list[Any]:
    """Return nodes at the ends that are computed from what is fed."""
    dependent = roles.find_dependent(consumers, begin)
    return [
        node
        for node in others
        if node.name in dependent
        and roles.gives_result(node)
        and all(map(roles.is_beside, consumers[node.name]))
    ]


def _find_constant(others: list[Any], consumers: Consumers, nodes: Mapping[str, Any]) -> list[Any]:
    """Return nodes at the ends of a graph that is fed nothing, but for values of variables."""
    ends = [
        node
        for node in others
        if roles.gives_constant(node) and all(map(roles.summarizes, consumers[node.name]))
    ]
    return [node for node in ends if not roles.reads_variable(node, nodes)] or ends


def _find_counters(nodes: Mapping[str, Any], consumers: Consumers) -> set[str]:
    """Return results of loops that nothing takes, where something takes another of the loop."""
    results = {name: loop for name, node in nodes.items() if (loop := roles.loop_of(node, nodes))}
    used = {loop for name, loop in results.items() if consumers[name]}
    return {name for name, loop in results.items() if loop in used and not consumers[name]}


def find_inputs(graph: Any, outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the tensors that outputs need and that must be fed.

    A placeholder with a default is one only where there is no other.
    """
    nodes = by_name(graph)
    rows = {name for name, node in nodes.items() if roles.reads_rows(node)}
    names = find_needed(nodes, dict.fromkeys(name for name, _ in outputs), rows)
    needed = [node for name, node in nodes.items() if name in names]
    used = {parse(entry) for node in needed for entry in node.input if not is_control(entry)}
    used.update(outputs)
    read = [place for node in needed if node.name in rows for place in tensors_of(node, {})]
    required = [(node.name, 0) for node in needed if roles.must_be_fed(node, nodes)]
    required += [place for place in read if place in used]
    return required or [(node.name, 0) for node in needed if node.op == roles.OPTIONAL]


def find_unfed(graph: Any, outputs: Sequence[Tensor], fed: Sequence[Tensor]) -> list[Tensor]:
    """Return the placeholders that outputs need besides the tensors that are fed."""
    nodes, leaves = by_name(graph), {name for name, _ in fed}
    needed = find_needed(nodes, dict.fromkeys(name for name, _ in outputs), leaves)
    others = (nodes[name] for name in needed if name not in leaves)
    return [(node.name, 0) for node in others if roles.must_be_fed(node, nodes)]


def tensors_of(node: Any, functions: Mapping[str, Any]) -> list[Tensor]:
    """Return the outputs of a node that are arrays: no handles of resources, no variants."""
    types = output_types(node, op_of(node, functions))
    return [(node.name, index) for index, kind in enumerate(types) if kind not in _HANDLES]


def _find_sources(nodes: Mapping[str, Any]) -> set[str]:
    required = {name for name, node in nodes.items() if roles.must_be_fed(node, nodes)}
    required |= {name for name, node in nodes.items() if roles.reads_rows(node)}
    return required or {name for name, node in nodes.items() if node.op == roles.OPTIONAL}


def _find_saved(nodes: Mapping[str, Any]) -> set[str]:
    """Return the names of nodes that save or restore, and of those that run after these."""
    found = {name for name, node in nodes.items() if node.op in roles.SAVERS}
    for node in nodes.values():  # a saver's nodes are few, and one step apart
        if any(parse(entry.removeprefix("^"))[0] in found for entry in node.input):
            found.add(node.name)
    return found
