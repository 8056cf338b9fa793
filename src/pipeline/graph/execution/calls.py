"""Which functions of a graph's library are called, and how deep inside each other."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.errors import ArtifactError

MAX_DEPTH = 100  # TensorFlow aborts where functions call themselves, and has no limit of its own


def find_called(functions: Mapping[str, Any], nodes: Iterable[Any]) -> set[str]:
    """Return the names of the functions that nodes call, and those that these call in turn.

    Raises:
        ArtifactError: functions call each other more than `MAX_DEPTH` deep, or in a circle.
    """
    found: set[str] = set()
    level = _called(functions, nodes)
    for _ in range(MAX_DEPTH):
        if not level:
            return found
        found |= level
        level = _called(functions, (node for name in level for node in functions[name].node_def))
    name = min(level)
    raise ArtifactError(f"function {name!r}: more than {MAX_DEPTH} calls inside each other")


def _called(functions: Mapping[str, Any], nodes: Iterable[Any]) -> set[str]:
    return {name for node in nodes for name in _names(node) if name in functions}


def _names(node: Any) -> Iterator[str]:
    yield node.op
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        for function in value.list.func:
            yield function.name
