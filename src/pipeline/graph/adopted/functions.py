"""Names of functions that tell their content: a process can have one function of a name only."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any


def name_by_content(graph: Any) -> None:
    """Add a digest of all functions of a graph to the name of each, in place."""
    functions = graph.library.function
    texts = [one.SerializeToString(deterministic=True) for one in functions]
    digest = hashlib.sha256(b"".join(texts)).hexdigest()[:8]
    names = {one.signature.name: f"{one.signature.name}_{digest}" for one in functions}
    _rename_calls(graph.node, names)
    for function in functions:
        function.signature.name = names[function.signature.name]
        _rename_calls(function.node_def, names)


def _rename_calls(nodes: Iterable[Any], names: Mapping[str, str]) -> None:
    for node in nodes:
        node.op = names.get(node.op, node.op)
        for value in node.attr.values():
            called = [value.func] if value.HasField("func") else value.list.func
            for one in called:
                one.name = names.get(one.name, one.name)
