"""Nodes of one name in two graphs: whether they compute alike.

What differs between them is neither in a value nor always visible in an output: `epsilon`, or an
operation in a branch that is not taken.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# Conversions put constants in place of these, and of what they can compute beforehand.
_VALUES = frozenset({"Const", "Variable", "VariableV2", "VarHandleOp"})

# Other names of one operation, by what is cut off: ref and resource variables, functions without
# state, versions.
_PREFIX = re.compile(r"^(Ref|Resource|Stateless|Stateful)(?=[A-Z])")
_VERSION = re.compile(r"V\d+$")


def find_differences(graph: Any, reference: Any) -> list[str]:
    """Return nodes of one name with another operation, or with other numbers, a sentence each."""
    known = {node.name: node for node in reference.node}
    pairs = ((node, known[node.name]) for node in graph.node if node.name in known)
    return [text for node, other in pairs for text in _compare(node, other)]


def _compare(node: Any, other: Any) -> Iterator[str]:
    if node.op != other.op:
        if not {node.op, other.op} & _VALUES and _family(node.op) != _family(other.op):
            yield f"{node.name} is {node.op}, and {other.op} in the reference"
        return
    numbers, others = _numbers(node.attr), _numbers(other.attr)
    for key in sorted(numbers.keys() & others.keys()):
        if numbers[key] != others[key]:
            yield f"{node.name} has {key}={numbers[key]}, and {others[key]} in the reference"


def _family(op: str) -> str:
    if op == "ReadVariableOp":
        return "Identity"
    return _VERSION.sub("", _PREFIX.sub("", op))


def _numbers(attributes: Mapping[str, Any]) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for key, value in attributes.items():
        kind = value.WhichOneof("value")
        if kind in ("i", "f", "b"):
            numbers[key] = getattr(value, kind)
        elif kind == "list":
            numbers[key] = [*value.list.i, *value.list.f, *value.list.b]
    return {key: value for key, value in numbers.items() if not key.startswith("_")}
