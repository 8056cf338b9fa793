"""What keeps more than a graph file holds: variables that are written, queues, and tables."""

from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.errors import ArtifactError
from pipeline.graph.execution.ends import find_unfed
from pipeline.graph.execution.loaded import Loaded
from pipeline.graph.execution.pruning import by_name, find_needed
from pipeline.graph.execution.tensors import Tensor, label, name_of, parse
from pipeline.graphdef.operations import Kind, judge

# Operations on what lives no longer than a run.
_WITHIN_A_RUN = ("TensorArray", "Stack")

_TABLES = ("HashTable", "LookupTable")
_LOOKUPS = ("LookupTableFind", "LookupTableFindV2")
_PASSES = ("Identity", "StopGradient")


def refuse_state(graph: Any, loaded: Loaded) -> None:
    """Refuse a frozen graph that keeps more than its file holds.

    Raises:
        ArtifactError: the message names the node, and what to do.
    """
    for name, node in _all_nodes(graph):
        if not _keeps(node):
            continue
        writes = judge(node.op).writes
        if not writes and any(part in node.op for part in _TABLES):
            raise ArtifactError(
                f"node {name!r} ({node.op}) is, or reads, a table, whose contents are not in a"
                f" graph file; keep {loaded.files.path}, which `pipeline verify` and `pipeline"
                f" predict` take as it is{_describe_parts(graph, loaded)}"
            )
        what = "writes" if writes else "is, or reads,"
        raise ArtifactError(
            f"node {name!r} ({node.op}) {what} a variable, table or queue, whose contents are not"
            " in a graph file, and the outputs need it; name tensors that do not need it with"
            " --input and --output, or keep the model as it is"
        )


def _describe_parts(graph: Any, loaded: Loaded) -> str:
    """Return which options freeze the model before its tables and after them, where that is it."""
    nodes = by_name(graph)
    lookups = [node for node in graph.node if node.op in _LOOKUPS]
    found = [(node.name, 0) for node in lookups]
    keys = [parse(node.input[1]) for node in lookups]
    outputs = [parse(spec.tensor) for spec in loaded.interface.outputs]
    ends = {_origin(nodes, name) for name, _ in outputs}
    fed = [parse(spec.tensor) for spec in loaded.interface.inputs]
    parts = []
    if not set(keys) <= set(fed) and not _needs_state(graph, keys):
        others = [one for one in outputs if not _needs_state(graph, [one])]
        parts.append(f"before it, with {_options('--output', [*keys, *others])}")
    if not ends & {name for name, _ in found} and not _needs_state(graph, outputs, found):
        others = find_unfed(graph, outputs, found)
        parts.append(f"after it, with {_options('--input', [*found, *others])}")
    return f"; or freeze what is {', or '.join(parts)}" if parts else ""


def _needs_state(graph: Any, ends: Iterable[Tensor], cut: Iterable[Tensor] = ()) -> bool:
    """Tell whether some tensors need what is kept, behind none of the tensors of a cut."""
    leaves = {name for name, _ in cut}
    needed = find_needed(by_name(graph), dict.fromkeys(name for name, _ in ends), leaves)
    in_functions = (one for function in graph.library.function for one in function.node_def)
    return any(map(_keeps, in_functions)) or any(
        _keeps(node) for node in graph.node if node.name in needed and node.name not in leaves
    )


def _origin(nodes: Any, name: str) -> str:
    """Return the node that gives what others pass on."""
    while nodes[name].op in _PASSES:
        name = parse(nodes[name].input[0])[0]
    return name


def _keeps(node: Any) -> bool:
    return judge(node.op).kind is Kind.STATE and not node.op.startswith(_WITHIN_A_RUN)


def _options(option: str, tensors: Iterable[Tensor]) -> str:
    return " ".join(f"{option} {label(name_of(one))}" for one in dict.fromkeys(tensors))


def _all_nodes(graph: Any) -> Iterator[tuple[str, Any]]:
    yield from ((node.name, node) for node in graph.node)
    for function in graph.library.function:
        yield from ((f"{function.signature.name}/{node.name}", node) for node in function.node_def)
