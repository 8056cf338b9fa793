"""Graphs in which values stand where handles of variables were, in all functions that they call.

A function that takes handles is copied for the dtypes of the values that it is called with.
"""

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tensorflow.python.framework.dtypes import resource

from pipeline.errors import ArtifactError
from pipeline.foreign.freezing import rules
from pipeline.foreign.freezing.calls import CALLS, functions_in, set_types
from pipeline.foreign.freezing.wiring import (
    Wired,
    in_order,
    unwire_function,
    unwire_graph,
    wire_function,
    wire_graph,
)
from pipeline.graph.execution import roles
from pipeline.graph.execution.tensors import Tensor, inputs, op_of
from pipeline.graphdef.functions import functions_of
from pipeline.graphdef.operations import judge

# For each tensor, the dtype of the value that stands where a handle was; None for others.
Kinds = tuple[int | None, ...]

MAX_DEPTH = 100  # of functions that call each other


class Retyping:
    """Retypes one graph with the functions that it calls.

    Args:
        graph: the `GraphDef`.
        make_constant: turns the node of a variable into a constant.

    Attributes:
        functions: the functions as they are called afterwards, by name.
    """

    def __init__(self, graph: Any, make_constant: Callable[[Any], None]) -> None:
        self.functions: dict[str, Any] = {}
        self._graph = graph
        self._given = functions_of(graph)
        self._make_constant = make_constant
        self._made: dict[tuple[str, Kinds], tuple[str, Kinds]] = {}
        self._being_made: list[str] = []

    def run(self) -> list[Any]:
        """Return the nodes of the graph.

        Raises:
            ArtifactError: a node does with a variable what nothing can do with its value.
        """
        return unwire_graph(self._retype(wire_graph(self._graph.node), {}))

    def _retype(self, body: list[Wired], kinds: dict[Tensor, int]) -> list[Wired]:
        """Retype the nodes of a body in place, with the kinds of its tensors; returns all nodes."""
        added: list[Wired] = []
        for wired in in_order(body):
            if wired.node.op in roles.VARIABLES:
                kinds[wired.node.name, 0] = wired.node.attr["dtype"].type
                self._make_constant(wired.node)
                continue
            taken = self._find_handles(wired, kinds)
            if self._calls(wired.node):
                given = self._call(wired.node, taken)
            elif not any(taken):
                continue
            elif wired.node.op in rules.PASSING:
                given = tuple(rules.pass_on(wired, taken))
            elif wired.node.op in rules.READING:
                given, dtype = (), next(kind for kind in taken if kind is not None)
                added += rules.READING[wired.node.op](wired, dtype)
            else:
                raise self._refuse(wired, taken)
            for index, kind in enumerate(given):
                if kind is not None:
                    kinds[wired.node.name, index] = kind
        return body + added

    def _find_handles(self, wired: Wired, kinds: Mapping[Tensor, int]) -> list[int | None]:
        """Return the kind of each tensor that a node takes as a handle.

        A variable of the old kind serves as its value, too: for what asks for no reference.
        """
        declared = inputs(wired.node, op_of(wired.node, self._given))
        handles = [one.is_ref or dtype == resource for one, dtypes in declared for dtype in dtypes]
        if len(handles) != len(wired.inputs):
            problem = f"{len(wired.inputs)} inputs, and {wired.node.op} takes {len(handles)}"
            raise ArtifactError(f"node {wired.node.name!r} has {problem}")
        pairs = zip(wired.inputs, handles, strict=True)
        return [kinds.get(place) if is_handle else None for place, is_handle in pairs]

    def _calls(self, node: Any) -> bool:
        return node.op in self._given or any(functions_in(node))

    def _call(self, node: Any, taken: Sequence[int | None]) -> Kinds:
        """Let a node call functions that take values; returns the kinds of its outputs."""
        if node.op in self._given:
            node.op, results = self._specialize(node.op, tuple(taken))
            return results
        call = CALLS.get(node.op)
        if call is None and any(taken):
            raise ArtifactError(
                f"node {node.name!r} ({node.op}) takes a variable into a function; this cannot be"
                " frozen"
            )
        arguments = tuple(taken[call.first :]) if call else ()
        found: set[Kinds] = set()
        for function in functions_in(node):
            function.name, results = self._specialize(function.name, arguments)
            found.add(results)
        if call is None:
            return ()
        results = arguments if call.is_loop else next(iter(found))
        if not call.is_loop and len(found) > 1:
            raise ArtifactError(f"the branches of node {node.name!r} return different variables")
        set_types(node, call, arguments, results)
        return results

    def _specialize(self, name: str, kinds: Kinds) -> tuple[str, Kinds]:
        """Return the name of a function that takes values of these kinds, and what it returns."""
        kinds = kinds if any(kinds) else ()
        if (name, kinds) not in self._made:
            if name in self._being_made:
                raise ArtifactError(f"function {name!r} calls itself")
            if len(self._being_made) == MAX_DEPTH:
                raise ArtifactError(f"functions call each other more than {MAX_DEPTH} deep")
            self._being_made.append(name)
            self._made[name, kinds] = self._make(name, kinds)
            self._being_made.pop()
        return self._made[name, kinds]

    def _make(self, name: str, kinds: Kinds) -> tuple[str, Kinds]:
        if name not in self._given:
            raise ArtifactError(f"function {name!r}, which is called, is not in the graph")
        function = type(self._given[name])()
        function.CopyFrom(self._given[name])
        if function.signature.attr:  # its types are open
            if kinds:
                raise ArtifactError(f"function {name!r} takes a variable of any type")
            return self._keep(function), ()
        known: dict[Tensor, int] = {}
        for index, kind in enumerate(kinds):
            if kind is not None:
                known[function.signature.input_arg[index].name, 0] = kind
                _take_value(function, index, kind)
        body, results = wire_function(function, self._given)
        body = self._retype(body, known)
        found = tuple(known.get(result) for result in results)
        for result, kind in zip(function.signature.output_arg, found, strict=True):
            if kind is not None:
                _set_type(result, kind)
        unwire_function(function, body, results, ChainMap(self.functions, self._given))
        return self._keep(function), found

    def _refuse(self, wired: Wired, taken: Sequence[int | None]) -> ArtifactError:
        index = next(index for index, kind in enumerate(taken) if kind is not None)
        name = "/".join([*self._being_made[-1:], wired.node.name])
        does = "writes to" if judge(wired.node.op).writes else "needs more than the value of"
        return ArtifactError(
            f"node {name!r} ({wired.node.op}) {does} a variable ({wired.inputs[index][0]}), and the"
            " outputs need it; a frozen graph has no variables: name outputs with --output that"
            " do not need it"
        )

    def _keep(self, function: Any) -> str:
        """Keep a function under its name, or under another if that is taken."""
        signature, name, count = function.signature, function.signature.name, 0
        while signature.name in self.functions or (count and signature.name in self._given):
            count += 1
            signature.name = f"{name}_{count}"
        self.functions[signature.name] = function
        return str(signature.name)


def _take_value(function: Any, index: int, dtype: int) -> None:
    """Let a function take a value as one of its arguments."""
    _set_type(function.signature.input_arg[index], dtype)
    function.arg_attr.pop(index, None)
    function.resource_arg_unique_id.pop(index, None)
    function.attr.pop("_input_shapes", None)


def _set_type(argument: Any, dtype: int) -> None:
    argument.type = dtype
    argument.ClearField("handle_data")
    argument.ClearField("experimental_full_type")
