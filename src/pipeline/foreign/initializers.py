"""What runs once before a graph: nodes that fill its tables, and variables that are not saved."""

from collections.abc import Container, Iterable, Mapping
from typing import Any

from pipeline.graph.execution import roles
from pipeline.graph.execution.pruning import by_name, find_needed
from pipeline.graph.execution.tensors import parse

_MAKES_TABLE = "HashTable"
_FILLS = ("InitializeTable", "LookupTableImport")
_MUST_BE_FILLED = ("HashTable", "HashTableV2")
_VARIABLE = "VarHandleOp"


def find_initializers(
    graph: Any, ends: Iterable[str], known: Iterable[str], saved: Container[str]
) -> tuple[str, ...]:
    """Return the names of nodes that fill what some nodes need.

    Args:
        ends: the nodes.
        known: nodes that do so as the model's file says; groups of them stand for their members.
        saved: nodes of variables that have a value.
    """
    nodes = by_name(graph)
    members = _members(nodes, known)
    used = [nodes[name] for name in find_needed(nodes, ends)]
    wanted = {node.name for node in used if _MAKES_TABLE in node.op}
    if members:
        wanted |= {node.name for node in used if node.op == _VARIABLE and node.name not in saved}
    if not wanted:
        return ()
    found = []
    for name in members | dict.fromkeys(_find_fillers(nodes)):
        needed = find_needed(nodes, [name])
        restores = any(nodes[one].op in roles.SAVERS for one in needed)
        if wanted & needed.keys() and not restores:
            found.append(name)
    return tuple(found)


def find_empty_tables(pruned: Any, initializers: Iterable[str]) -> set[str]:
    """Return the nodes of tables that cannot be used, as nothing fills them."""
    nodes = by_name(pruned)
    filled = find_needed(nodes, initializers)
    return {
        name for name, node in nodes.items() if node.op in _MUST_BE_FILLED and name not in filled
    }


def find_filled(pruned: Any, initializers: Iterable[str]) -> set[str]:
    """Return the nodes of variables to which initializers assign a value."""
    nodes = by_name(pruned)
    needed = (nodes[name] for name in find_needed(nodes, initializers))
    return {parse(node.input[0])[0] for node in needed if node.op == "AssignVariableOp"}


def _find_fillers(nodes: Mapping[str, Any]) -> list[str]:
    return [name for name, node in nodes.items() if node.op.startswith(_FILLS)]


def _members(nodes: dict[str, Any], groups: Iterable[str]) -> dict[str, None]:
    """Return the nodes in groups (`NoOp`), in groups of groups, too."""
    found: dict[str, None] = {}
    waiting, seen = list(groups), set(groups)
    while waiting:
        name = waiting.pop()
        node = nodes.get(name)
        if node is not None and node.op == "NoOp":
            names = [entry[1:] for entry in node.input if entry[1:] not in seen]
            seen.update(names)
            waiting += names
        elif node is not None:
            found[name] = None
    return found
