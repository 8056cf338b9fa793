"""Nodes that call functions: where their arguments begin, and which attributes hold the types."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """How an operation calls functions."""

    first: int  # index of the first input that is an argument of the functions
    arguments: str  # attribute with the types of the arguments
    results: str  # attribute with the types of the results
    is_loop: bool = False  # what goes in comes out


_PLAIN = Call(0, "Tin", "Tout")
_BRANCH = Call(1, "Tin", "Tout")
_LOOP = Call(0, "T", "T", is_loop=True)

CALLS = {
    "PartitionedCall": _PLAIN,
    "StatefulPartitionedCall": _PLAIN,
    "If": _BRANCH,
    "StatelessIf": _BRANCH,
    "Case": _BRANCH,
    "StatelessCase": _BRANCH,
    "While": _LOOP,
    "StatelessWhile": _LOOP,
}

# Attributes that tell which arguments are handles, and hints that are wrong for values.
_OF_HANDLES = "_read_only_resource_inputs"
_SHAPES = "output_shapes"


def functions_in(node: Any) -> Iterator[Any]:
    """Yield the functions (`NameAttrList`) that a node names, in a fixed order."""
    for name in sorted(node.attr):
        value = node.attr[name]
        named = [value.func] if value.HasField("func") else value.list.func
        yield from (function for function in named if function.name)


def set_types(
    node: Any, call: Call, arguments: Sequence[int | None], results: Sequence[int | None]
) -> None:
    """Write the types of values into the attributes of a call, where handles were before."""
    node.attr.pop(_OF_HANDLES, None)
    for attribute, kinds in ((call.arguments, arguments), (call.results, results)):
        types = node.attr[attribute].list.type
        for index, kind in enumerate(kinds):
            if kind is not None:
                types[index] = kind
    shapes = node.attr[_SHAPES].list.shape if _SHAPES in node.attr else ()
    for shape, kind in zip(shapes, results, strict=False):
        if kind is not None:
            shape.Clear()
            shape.unknown_rank = True
