"""Nodes and the tensors that they take, named alike in graphs and in functions.

A function names a tensor by an output argument of a node (`node:output:0`), a graph by its number
(`node:0`). When an operation is replaced by another, its arguments have other names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.graph.execution.tensors import (
    Tensor,
    is_control,
    label,
    name_of,
    op_of,
    outputs,
    parse,
)

# An operation of loops, whose output goes back to an earlier node.
_GOES_BACK = ("NextIteration", "RefNextIteration")


@dataclass
class Wired:
    """A node (`NodeDef`) whose inputs are kept beside it."""

    node: Any
    inputs: list[Tensor]
    controls: list[str]  # names of nodes that run first


def wire_graph(nodes: Iterable[Any]) -> list[Wired]:
    """Return the nodes of a graph with their inputs."""
    return [_wire(node, parse) for node in nodes]


def unwire_graph(wired: Iterable[Wired]) -> list[Any]:
    """Return the nodes for a graph."""
    return [_unwire(one, lambda tensor: label(name_of(tensor))) for one in wired]


def wire_function(function: Any, functions: Mapping[str, Any]) -> tuple[list[Wired], list[Tensor]]:
    """Return the nodes of a function (`FunctionDef`) with their inputs, and its results.

    Args:
        functions: those that its nodes may call, by name.
    """
    arguments = _names_of_arguments(function)
    places = {node.name: dict(_places(node, functions)) for node in function.node_def}

    def read(entry: str) -> Tensor:
        name, _, rest = entry.partition(":")
        if name in arguments:
            return name, int(rest or 0)
        argument, _, index = rest.partition(":")
        return name, places[name][argument].start + int(index or 0)

    results = [read(function.ret[one.name]) for one in function.signature.output_arg]
    return [_wire(node, read) for node in function.node_def], results


def unwire_function(
    function: Any, wired: Iterable[Wired], results: Iterable[Tensor], functions: Mapping[str, Any]
) -> None:
    """Put nodes and results into a function, by the names that their present operations give."""
    wired = list(wired)
    arguments = _names_of_arguments(function)
    places = {one.node.name: list(_places(one.node, functions)) for one in wired}

    def write(tensor: Tensor) -> str:
        name, index = tensor
        if name in arguments:
            return f"{name}:{index}" if index else name
        argument, numbers = next(place for place in places[name] if index in place[1])
        return f"{name}:{argument}:{index - numbers.start}"

    for one in wired:
        one.controls = [name for name in one.controls if name in places]
    unwired = [_unwire(one, write) for one in wired]
    del function.node_def[:]
    function.node_def.extend(unwired)
    for one, result in zip(function.signature.output_arg, results, strict=True):
        function.ret[one.name] = write(result)


def _names_of_arguments(function: Any) -> set[str]:
    return {argument.name for argument in function.signature.input_arg}


def _places(node: Any, functions: Mapping[str, Any]) -> Iterator[tuple[str, range]]:
    """Yield each output argument of a node with the numbers of its outputs."""
    first = 0
    for argument, kinds in outputs(node, op_of(node, functions)):
        yield argument, range(first, first + len(kinds))
        first += len(kinds)


def in_order(wired: Sequence[Wired]) -> list[Wired]:
    """Return the nodes, each after those it takes tensors of, except a loop's next turn."""
    by_name = {one.node.name: one for one in wired}
    order: dict[str, Wired] = {}
    entered: set[str] = set()
    waiting = [one.node.name for one in reversed(wired)]
    while waiting:
        one = by_name[waiting[-1]]
        name = one.node.name
        if name in entered:
            waiting.pop()
            order.setdefault(name, one)
            continue
        entered.add(name)
        before = (by_name.get(place[0]) for place in one.inputs)
        waiting += [
            taken.node.name
            for taken in before
            if taken and taken.node.op not in _GOES_BACK and taken.node.name not in entered
        ]
    return list(order.values())


def _wire(node: Any, read: Callable[[str], Tensor]) -> Wired:
    inputs = [read(entry) for entry in node.input if not is_control(entry)]
    copied = type(node)()
    copied.CopyFrom(node)
    del copied.input[:]
    return Wired(copied, inputs, [entry[1:] for entry in node.input if is_control(entry)])


def _unwire(wired: Wired, write: Callable[[Tensor], str]) -> Any:
    wired.node.input.extend(map(write, wired.inputs))
    wired.node.input.extend(f"^{name}" for name in dict.fromkeys(wired.controls))
    return wired.node
