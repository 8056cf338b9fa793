"""Nodes of one name in two graphs: whether they compute alike.

What differs between them is neither in a value nor always visible in an output: `epsilon`, or an
operation in a branch that is not taken.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

# Conversions put constants in place of these, and of what they can compute beforehand.
_VALUES = frozenset({"Const", "Variable", "VariableV2", "VarHandleOp"})

# Attributes that name a resource or a loop, or say how either is executed.
_NAMES = frozenset({
    "config", "config_proto", "container", "debug_name", "executor_type", "frame_name",
    "parallel_iterations", "shared_name", "swap_memory", "tensor_array_name",
})  # fmt: skip

# Other names of one operation, by what is cut off: ref and resource variables, functions without
# state, versions.
_PREFIX = re.compile(r"^(Ref|Resource|Stateless|Stateful)(?=[A-Z])")
_VERSION = re.compile(r"V\d+$")


def find_differences(graph: Any, reference: Any) -> list[str]:
    """Return nodes of one name with another operation or attribute, a sentence each.

    Nodes in functions are compared where the functions have the same name and names of nodes: a
    number in a function's name is that of a process, and may be another function's elsewhere.
    """
    pairs = list(_pair(graph.node, reference.node, ""))
    known = {function.signature.name: function.node_def for function in reference.library.function}
    for function in graph.library.function:
        name = function.signature.name
        own, others = function.node_def, known.get(name, ())
        if {node.name for node in own} == {node.name for node in others}:
            pairs += _pair(own, others, f"{name}/")
    return [text for name, node, other in pairs for text in _compare(name, node, other)]


def _pair(
    nodes: Iterable[Any], reference: Iterable[Any], prefix: str
) -> Iterator[tuple[str, Any, Any]]:
    known = {node.name: node for node in reference}
    for node in nodes:
        if node.name in known:
            yield prefix + node.name, node, known[node.name]


def _compare(name: str, node: Any, other: Any) -> Iterator[str]:
    if node.op != other.op:
        if not {node.op, other.op} & _VALUES and _family(node.op) != _family(other.op):
            yield f"{name} is {node.op}, and {other.op} in the reference"
        return
    own, others = _attributes(node), _attributes(other)
    for key in sorted(own.keys() & others.keys()):
        if own[key] != others[key]:
            yield f"{name} has {key}={own[key]!r}, and {others[key]!r} in the reference"


def _family(op: str) -> str:
    if op == "ReadVariableOp":
        return "Identity"
    return _VERSION.sub("", _PREFIX.sub("", op))


def _attributes(node: Any) -> dict[str, Any]:
    """Return numbers and texts that say how a node computes."""
    found: dict[str, Any] = {}
    for key, value in node.attr.items():
        kind = value.WhichOneof("value")
        if kind in ("i", "f", "b", "s"):
            found[key] = getattr(value, kind)
        elif kind == "list":
            items = value.list
            found[key] = [*items.i, *items.f, *items.b, *items.s]
    return {key: value for key, value in found.items() if key not in _NAMES and key[0] != "_"}
