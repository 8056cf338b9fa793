"""Why the outputs of a graph cannot be proven: they are random, or depend on what is not in it."""

from collections.abc import Container, Iterable, Iterator
from typing import Any

from pipeline.graph.execution.pruning import prune
from pipeline.graph.execution.tensors import parse
from pipeline.graphdef.operations import Kind, judge

# How many nodes a reason names.
MOST_NAMES = 3

_REASONS = {
    Kind.RANDOM: "outputs are random",
    Kind.UNINITIALIZED: "outputs depend on memory that is not initialized",
}
WRITES = "computing the outputs writes variables or tables"


def find_reasons(graph: Any, outputs: Iterable[str], harmless: Container[str] = ()) -> list[str]:
    """Return why outputs of a `GraphDef` cannot be proven, a sentence each, with nodes to blame.

    What only fills tables and variables, once and before all runs, may write.

    Args:
        graph: what the outputs need, and what fills its tables and variables.
        outputs: names of tensors.
        harmless: random nodes that change no output.
    """
    computing = dict(_all_nodes(prune(graph, {parse(name)[0] for name in outputs})))
    blamed: dict[str, list[str]] = {}
    for name, node in _all_nodes(graph):
        if name in harmless:
            continue
        judgement = judge(node.op)
        writes = judgement.writes and name in computing
        if reason := WRITES if writes else _REASONS.get(judgement.kind):
            blamed.setdefault(reason, []).append(f"{name} ({node.op})")
    return [f"{reason}: {_listing(names)}" for reason, names in blamed.items()]


def _listing(names: list[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _all_nodes(graph: Any) -> Iterator[tuple[str, Any]]:
    for node in graph.node:
        yield node.name, node
    for function in graph.library.function:
        for node in function.node_def:
            yield f"{function.signature.name}/{node.name}", node
