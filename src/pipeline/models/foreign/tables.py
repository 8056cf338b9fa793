"""Tables: which nodes fill those that a graph needs."""

from collections.abc import Iterable
from typing import Any

from pipeline.models.foreign.pruning import by_name, find_needed

_MAKES_TABLE = "HashTable"
_FILLS = "InitializeTable"


def find_initializers(graph: Any, needed: Any, known: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names of nodes that fill the tables of the needed part of a graph.

    Args:
        known: nodes that do so as the model's file says; groups of them stand for their members.
    """
    wanted = {node.name for node in needed.node if _MAKES_TABLE in node.op}
    if not wanted:
        return ()
    nodes = by_name(graph)
    members = _members(nodes, known)
    members |= dict.fromkeys(node.name for node in graph.node if node.op.startswith(_FILLS))
    return tuple(name for name in members if wanted & find_needed(nodes, [name]).keys())


def _members(nodes: dict[str, Any], groups: Iterable[str]) -> dict[str, None]:
    """Return the nodes in groups (`NoOp`), in groups of groups, too."""
    found: dict[str, None] = {}
    waiting, seen = list(groups), set(groups)
    while waiting:
        node = nodes[waiting.pop()]
        if node.op != "NoOp":
            found[node.name] = None
            continue
        names = [entry[1:] for entry in node.input if entry[1:] not in seen]
        seen.update(names)
        waiting += names
    return found
