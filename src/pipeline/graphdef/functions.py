"""The functions that a graph calls: by name, within limits of what their calls amount to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.graphdef.operations import judge
from pipeline.graphdef.structure import quoted

MAX_CALLED = 1_000_000  # operations, where each call counts those of its function again

Functions = Mapping[str, Any]  # FunctionDef by name


def functions_of(graph: Any) -> dict[str, Any]:
    """Return the functions in the library of a graph, by name."""
    return {function.signature.name: function for function in graph.library.function}


def names_in(node: Any) -> Iterator[str]:
    """Yield the names of the functions that an operation has as attributes."""
    waiting = list(node.attr.values())
    while waiting:
        value = waiting.pop()
        match value.WhichOneof("value"):
            case "func":
                named = [value.func]
            case "list":
                named = value.list.func
            case _:
                continue
        for function in named:
            yield function.name
            waiting += function.attr.values()


def called_by(node: Any, functions: Functions) -> list[str]:
    """Return the functions that an operation calls: itself, and those among its attributes."""
    called = [node.op] if node.op in functions else []
    if called or judge(node.op).calls:
        called += [name for name in names_in(node) if name in functions]
    return called


def reaching(functions: Functions, names: Iterable[str]) -> set[str]:
    """Return some functions, and those that call them, directly or not."""
    callers: dict[str, list[str]] = {}
    for name, function in functions.items():
        for node in function.node_def:
            for called in called_by(node, functions):
                callers.setdefault(called, []).append(name)
    found = set(names)
    waiting = list(found)
    while waiting:
        new = [name for name in callers.get(waiting.pop(), ()) if name not in found]
        found.update(new)
        waiting += new
    return found


def partners(graph: Any) -> Mapping[str, Sequence[str]]:
    """Return what may run in place of a function, or beside it.

    That are its gradient, and other implementations of what it implements: TensorFlow chooses one.
    """
    found: dict[str, list[str]] = {}
    for gradient in graph.library.gradient:
        found.setdefault(gradient.function_name, []).append(gradient.gradient_func)
    alike: dict[bytes, list[str]] = {}
    for function in graph.library.function:
        if implemented := function.attr["api_implements"].s:
            alike.setdefault(implemented, []).append(function.signature.name)
    for names in alike.values():
        for name in names:
            found.setdefault(name, []).extend(names)
    return found


def find_fault(graph: Any) -> str | None:
    """Describe a function that calls itself, or calls that amount to too many operations."""
    functions = functions_of(graph)
    calls = {
        name: [one for node in function.node_def for one in called_by(node, functions)]
        for name, function in functions.items()
    }
    sizes: dict[str, int] = {}
    for name in _callees_first(calls):
        if any(called not in sizes for called in calls[name]):
            return f"the function {quoted(name)} calls itself"
        sizes[name] = len(functions[name].node_def) + sum(sizes[called] for called in calls[name])
        if sizes[name] > MAX_CALLED:
            more = f"amount to more than {MAX_CALLED:,} operations"
            return f"calls of the function {quoted(name)} {more}"
    return None


def _callees_first(calls: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Yield each function after those that it calls, unless it is among those itself."""
    begun: set[str] = set()
    for start in calls:
        stack = [(start, False)]
        while stack:
            name, is_done = stack.pop()
            if is_done:
                yield name
            elif name not in begun:
                begun.add(name)
                stack.append((name, True))
                stack += [(called, False) for called in set(calls[name]) if called not in begun]
