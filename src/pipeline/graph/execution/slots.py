"""Which value of a checkpoint goes into which variable, read from the graph's own restore op.

What a saver restores need not be called as the variable is: SavedModels of version 2 use keys of
their object graph, and savers of version 1 can be given names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.graph.execution.pruning import by_name, find_needed
from pipeline.graph.execution.tensors import is_control
from pipeline.graphdef.functions import functions_of

_RECEIVES = ("Assign", "AssignVariableOp", "LookupTableImport", "LookupTableImportV2")
_RESTORES = ("RestoreV2", "RestoreSlice", "Restore")
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_PASSES = ("Identity", "Reshape")

Nodes = Mapping[str, Any]


@dataclass(frozen=True)
class Slot:
    """A value of a checkpoint, or a part of it as a saver writes it: `10 4 0,5:0,4`."""

    key: str
    part: str = ""


@dataclass(frozen=True)
class Slots:
    """What goes where, by the nodes of variables and tables; a table takes keys and values."""

    variables: Mapping[str, Slot] = field(default_factory=dict)
    tables: Mapping[str, tuple[Slot, Slot]] = field(default_factory=dict)


def find_slots(graph: Any, restore: str) -> Slots:
    """Return what an op restores."""
    nodes = by_name(graph)
    if restore not in nodes:
        return Slots()
    needed = {name: nodes[name] for name in find_needed(nodes, [restore])}
    found = list(_find(needed, functions_of(graph), {name: name for name in nodes}))
    return Slots(
        {owner: slots[0] for owner, slots in found if len(slots) == 1},
        {owner: (slots[0], slots[1]) for owner, slots in found if len(slots) == 2},
    )


def _find(
    nodes: Nodes, functions: Nodes, owners: Mapping[str, str]
) -> Iterator[tuple[str, list[Slot]]]:
    """Yield slots; `owners` has the nodes of the graph by the names that they have here."""
    for node in nodes.values():
        if node.op in _RECEIVES:
            owner = owners.get(_follow(nodes, node.input[0])[0])
            slots = [_slot(nodes, entry) for entry in node.input[1:] if not is_control(entry)]
            if owner and None not in slots:
                yield owner, [slot for slot in slots if slot]
        elif node.op in _CALLS:
            function = functions[node.attr["f"].func.name]
            taken = [_follow(nodes, entry)[0] for entry in node.input if not is_control(entry)]
            names = [argument.name for argument in function.signature.input_arg]
            pairs = zip(names, taken, strict=False)
            inner = {name: owners[entry] for name, entry in pairs if entry in owners}
            yield from _find({one.name: one for one in function.node_def}, functions, inner)


def _slot(nodes: Nodes, entry: str) -> Slot | None:
    name, index = _follow(nodes, entry)
    node = nodes.get(name)
    if node is None or node.op not in _RESTORES:
        return None
    keys = _texts(nodes, node.input[1])
    parts = _texts(nodes, node.input[2]) if len(node.input) > 2 else [""] * len(keys)
    return Slot(keys[index], parts[index]) if index < min(len(keys), len(parts)) else None


def _follow(nodes: Nodes, entry: str) -> tuple[str, int]:
    """Return the node that computes what an entry passes on, and which of its outputs."""
    for _ in range(len(nodes) + 1):  # a damaged graph may have a circle
        name, _, rest = entry.partition(":")
        node = nodes.get(name)
        if node is None or node.op not in _PASSES or not node.input:
            break
        entry = node.input[0]
    index = rest.rpartition(":")[2]
    return name, int(index) if index.isdigit() else 0


def _texts(nodes: Nodes, entry: str) -> list[str]:
    node = nodes.get(_follow(nodes, entry)[0])
    if node is None or node.op != "Const":
        return []
    return [text.decode() for text in np.ravel(tf.make_ndarray(node.attr["value"].tensor))]
