"""The part of a graph that some of its nodes need, with the functions that this part calls."""

from collections.abc import Container, Iterable, Mapping
from typing import Any

from tensorflow.core.framework.graph_pb2 import GraphDef

from pipeline.errors import ArtifactError, nearest
from pipeline.graph.execution.calls import find_called
from pipeline.graph.execution.tensors import Tensor, is_control, name_of, parse
from pipeline.graphdef.functions import functions_of

# Attributes that only say where a node was, or what was known of it: other versions of TensorFlow
# refuse them, and the nodes that they name may be pruned.
_DROPPED = ("_output_shapes", "_class")


def by_name(graph: Any) -> dict[str, Any]:
    """Return the nodes of a graph by their names."""
    return {node.name: node for node in graph.node}


def find_needed(
    nodes: Mapping[str, Any], ends: Iterable[str], leaves: Container[str] = ()
) -> dict[str, None]:
    """Return the names of the nodes that the ends need, themselves included; nothing behind leaves.

    Raises:
        ArtifactError: a node takes a tensor of one that the graph does not have.
    """
    found = dict.fromkeys(ends)
    waiting = list(found)
    while waiting:
        node = nodes[waiting.pop()]
        for entry in () if node.name in leaves else node.input:
            name, _ = parse(entry.removeprefix("^"))
            if name not in nodes:
                problem = f"node {node.name!r} takes {entry!r}, which the graph does not have"
                raise ArtifactError(problem + nearest(name, nodes))
            if name not in found:
                found[name] = None
                waiting.append(name)
    return found


def prune(graph: Any, ends: Iterable[str]) -> Any:
    """Return the part of a graph that some nodes need, in the graph's order.

    Raises:
        ArtifactError: a node takes what is not there, or functions call themselves.
    """
    kept = find_needed(by_name(graph), ends)
    pruned = GraphDef(versions=graph.versions)
    pruned.node.extend(node for node in graph.node if node.name in kept)
    functions = functions_of(graph)
    called = find_called(functions, pruned.node)
    pruned.library.function.extend(one for name, one in functions.items() if name in called)
    _clean(pruned)
    return pruned


def cut(graph: Any, fed: Mapping[Tensor, Any]) -> Any:
    """Return a graph in which placeholders (`NodeDef`) stand for tensors that are fed."""
    changed = GraphDef()
    changed.CopyFrom(graph)
    names = {name for name, _ in fed}
    for node in changed.node:
        entries = [one for one in node.input if not (is_control(one) and one[1:] in names)]
        del node.input[:]
        node.input.extend(_redirect(entry, fed) for entry in entries)
    changed.node.extend(fed.values())
    return changed


def _redirect(entry: str, fed: Mapping[Tensor, Any]) -> str:
    if is_control(entry) or parse(entry) not in fed:
        return entry
    return name_of((fed[parse(entry)].name, 0))


def _clean(graph: Any) -> None:
    """Remove devices, and attributes that other versions of TensorFlow refuse, in place."""
    for node in (*graph.node, *(one for f in graph.library.function for one in f.node_def)):
        node.device = ""
        for name in _DROPPED:
            node.attr.pop(name, None)
    for function in graph.library.function:
        for arguments in function.arg_attr.values():
            arguments.attr.pop("_output_shapes", None)
