"""What the ends of a graph need must be known to do nothing but compute.

An operation that acts on files, the network, devices or Python, or that nobody has judged, is
refused, in functions, too. Let through are the restore of a SavedModel's own values, the reading of
its own assets, and printing to the console.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.graphdef import functions
from pipeline.graphdef.operations import Kind, judge, judgements
from pipeline.graphdef.own_files import (
    FILE_INPUTS,
    IsOwn,
    are_given,
    find_reading,
    in_function,
    in_graph,
)
from pipeline.graphdef.structure import Body, data_inputs, function_body, quoted

_CONSOLE = {b"", b"stderr", b"stdout", b"log(info)", b"log(warning)", b"log(error)"}


@dataclass(frozen=True)
class Refusal:
    """An operation that is not known to be harmless, and the function in which it is, if any."""

    node: str
    operation: str
    function: str

    @property
    def is_known(self) -> bool:
        """Whether TensorFlow has such operations; others cannot run, whoever trusts them."""
        return self.operation in judgements()

    def __str__(self) -> str:
        """Name the operation and what is known of it."""
        does = "could act on the machine" if self.is_known else "TensorFlow does not have"
        place = f" in the function {quoted(self.function)}" if self.function else ""
        operation = self.operation if self.is_known else quoted(self.operation)
        return f"{quoted(self.node)}{place} is of type {operation}, which {does}"


def find_refused(
    graph: Any, body: Body, ends: Iterable[str], own_files: Iterable[str] = ()
) -> Refusal | None:
    """Return the first operation of `find_all_refused`, if there is one."""
    return next(find_all_refused(graph, body, ends, own_files), None)


def find_all_refused(
    graph: Any, body: Body, ends: Iterable[str], own_files: Iterable[str] = ()
) -> Iterator[Refusal]:
    """Yield the operations that `ends` need and that are not known to be harmless.

    Args:
        graph: a `GraphDef` without faults.
        body: its operations.
        ends: operations, by name.
        own_files: operations that are fed with names of files of the model itself.
    """
    top = _Scope("", body, in_graph(graph, body, own_files))
    return _Library(graph).find_refused(top, body.before(ends, cut_in(body)))


def cut_in(body: Body) -> set[str]:
    """Return the operations that are fed in place of what they take: queues, iterators."""
    return {
        name
        for name, node in body.nodes.items()
        if judge(node.op).kind == Kind.INPUT and node.op != "PlaceholderWithDefault"
    }


@dataclass(frozen=True)
class _Scope:
    """A graph or a function: its operations, and which tensors name own files."""

    name: str
    body: Body
    is_own: IsOwn


class _Library:
    """The functions of a graph, of which some read files that their callers name."""

    def __init__(self, graph: Any) -> None:
        self._functions = functions.functions_of(graph)
        self._partners = functions.partners(graph)
        self._reading = find_reading(self._functions)

    def find_refused(self, scope: _Scope, names: Iterable[str]) -> Iterator[Refusal]:
        """Yield the refused operations of `names`, and of the functions that they call."""
        called: list[str] = []
        yield from self._look_through(scope, names, called)
        done: set[str] = set()
        while called:
            name = called.pop()
            if name not in done and name in self._functions:
                done.add(name)
                called += self._partners.get(name, ())
                function = self._functions[name]
                body = function_body(function)
                within = _Scope(name, body, in_function(function, body))
                yield from self._look_through(within, body.nodes, called)

    def _look_through(
        self, scope: _Scope, names: Iterable[str], called: list[str]
    ) -> Iterator[Refusal]:
        """Yield the refused operations, and add the functions that are called to `called`."""
        for name in names:
            node = scope.body.nodes[name]
            calls = functions.called_by(node, self._functions)
            called += calls
            if not self._is_harmless(node, scope) or not all(
                are_given(node, self._functions[one], scope.is_own)
                for one in calls
                if one in self._reading
            ):
                yield Refusal(name, node.op, scope.name)

    def _is_harmless(self, node: Any, scope: _Scope) -> bool:
        operation = node.op
        if operation in FILE_INPUTS:
            inputs, position = data_inputs(node), FILE_INPUTS[operation]
            return len(inputs) > position and scope.is_own(inputs[position])
        if operation == "PrintV2":
            return node.attr["output_stream"].s in _CONSOLE
        if operation in self._functions and operation not in judgements():
            return True
        judgement = judge(operation)
        return judgement.kind != Kind.ACTS and not (judgement.calls and self._calls_unknown(node))

    def _calls_unknown(self, node: Any) -> bool:
        """Tell whether an operation calls a function that is not in the file."""
        return any(name and name not in self._functions for name in functions.names_in(node))
