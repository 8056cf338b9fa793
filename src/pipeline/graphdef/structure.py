"""The structure of a graph: names, inputs, order, sizes. All else relies on it.

Every walk is a loop of its own, in linear time: a file decides how deep its graph is.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

MAX_VALUES = 2**29  # of one constant: a few bytes can declare a constant of any size
MAX_SHOWN = 200  # characters of a name
MAX_RANK = 254  # as in TensorFlow

# A loop of TensorFlow 1 goes from its last operation back to the merge at its beginning.
_LOOP_ENDS = {"NextIteration", "RefNextIteration"}
_LOOP_BEGINNINGS = {"Merge", "RefMerge"}


def operation_of(tensor: str) -> str:
    """Return the operation of `name`, `name:1`, a control input `^name`, or `name:output:1`."""
    return tensor.partition(":")[0].removeprefix("^")


def quoted(name: str) -> str:
    """Return a name from a file as messages show it: one line, not too long."""
    return repr(name if len(name) <= MAX_SHOWN else f"{name[:MAX_SHOWN]}…")


def data_inputs(node: Any) -> list[str]:
    """Return the tensors that an operation takes, control inputs left out."""
    return [name for name in node.input if not name.startswith("^")]


class Body:
    """The operations of a graph, or of a function with arguments.

    `nodes` has each `NodeDef` by name, `sources` the operations or arguments that it takes or waits
    for.
    """

    def __init__(self, nodes: Iterable[Any], arguments: Iterable[str] = ()) -> None:
        self.arguments = frozenset(arguments)
        self.nodes: dict[str, Any] = {}
        self.sources: dict[str, list[str]] = {}
        for node in nodes:
            name = node.name
            self.nodes[name] = node
            self.sources[name] = [
                operation_of(tensor) if ":" in tensor or "^" in tensor else tensor
                for tensor in node.input
            ]

    @cached_property
    def takers(self) -> Mapping[str, Sequence[str]]:
        """The operations that take something of an operation or argument, or wait for it."""
        takers: dict[str, list[str]] = {}
        for name, sources in self.sources.items():
            for source in sources:
                takers.setdefault(source, []).append(name)
        return takers

    def before(self, ends: Iterable[str], cut: Collection[str] = ()) -> dict[str, None]:
        """Return the operations that `ends` need, themselves included; `cut` need nothing."""
        found = dict.fromkeys(name for name in ends if name in self.nodes)
        waiting = list(found)
        while waiting:
            name = waiting.pop()
            if name not in cut:
                for source in self.sources[name]:
                    if source not in found and source in self.nodes:
                        found[source] = None
                        waiting.append(source)
        return found

    def after(self, beginnings: Iterable[str]) -> set[str]:
        """Return operations and all that depend on them."""
        found = set(beginnings)
        waiting = list(found)
        takers = self.takers
        while waiting:
            for name in takers.get(waiting.pop(), ()):
                if name not in found:
                    found.add(name)
                    waiting.append(name)
        return found


def function_body(function: Any) -> Body:
    """Return the operations of a `FunctionDef`."""
    arguments = (argument.name for argument in function.signature.input_arg)
    return Body(function.node_def, arguments)


def find_fault(graph: Any, body: Body) -> str | None:
    """Describe the first fault of a graph, whose body is given, or of its functions, if any."""
    if fault := _find_fault(graph.node, body):
        return fault
    functions = graph.library.function
    if doubled := _doubled(function.signature.name for function in functions):
        return f"two functions are named {quoted(doubled)}"
    for function in functions:
        if fault := _find_fault(function.node_def, function_body(function)):
            return f"in the function {quoted(function.signature.name)}, {fault}"
    return None


def _find_fault(nodes: Sequence[Any], body: Body) -> str | None:
    if len(body.nodes) < len(nodes) or not body.arguments.isdisjoint(body.nodes):
        names = (node.name for node in nodes)
        return f"two operations are named {quoted(str(_doubled([*body.arguments, *names])))}"
    known = body.arguments.union(body.nodes)
    for name, sources in body.sources.items():
        if not known.issuperset(sources):
            lost = next(source for source in sources if source not in known)
            return f"{quoted(name)} needs {quoted(lost)}, which is missing"
    for node in nodes:
        if node.op == "Const" and (fault := _constant_fault(node)):
            return fault
    circular = _find_in_circle(body)
    return None if circular is None else f"{quoted(circular)} needs itself"


def _doubled(names: Iterable[str]) -> str | None:
    for name, times in Counter(names).most_common(1):
        if times > 1:
            return name
    return None


def _find_in_circle(body: Body) -> str | None:
    """Return the first operation that cannot come after all of its inputs, if there is one."""
    ends = {name for name, node in body.nodes.items() if node.op in _LOOP_ENDS}
    beginnings = {name for name, node in body.nodes.items() if node.op in _LOOP_BEGINNINGS}
    waiting_for = {name: len(sources) for name, sources in body.sources.items()}
    for name in beginnings:
        waiting_for[name] -= sum(source in ends for source in body.sources[name])
    ready = [*body.arguments, *(name for name, count in waiting_for.items() if not count)]
    while ready:
        name = ready.pop()
        for taker in body.takers.get(name, ()):
            if not (name in ends and taker in beginnings):
                waiting_for[taker] -= 1
                if not waiting_for[taker]:
                    ready.append(taker)
    return next((name for name, count in waiting_for.items() if count), None)


def _constant_fault(node: Any) -> str | None:
    sizes = [dim.size for dim in node.attr["value"].tensor.tensor_shape.dim]
    if len(sizes) > MAX_RANK or any(size < 0 for size in sizes):
        return f"the constant {quoted(node.name)} has no shape that TensorFlow knows"
    if math.prod(sizes) > MAX_VALUES:
        return f"the constant {quoted(node.name)} has more than {MAX_VALUES:,} values"
    return None
