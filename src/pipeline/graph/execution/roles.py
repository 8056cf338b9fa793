"""What nodes are for: inputs, computing, and what surrounds it (savers, training, summaries)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tensorflow.core.framework import types_pb2
from tensorflow.python.framework.tensor_util import MakeNdarray

from pipeline.graph.execution.tensors import is_control, parse
from pipeline.graphdef.operations import Kind, judge

PLACEHOLDERS = frozenset({"Placeholder", "PlaceholderV2"})
OPTIONAL = "PlaceholderWithDefault"  # runs with its default where nothing is fed

VARIABLES = frozenset({"VarHandleOp", "VariableV2", "Variable"})
SAVERS = frozenset({
    "Save", "SaveV2", "SaveSlices", "Restore", "RestoreV2", "RestoreSlice", "ShardedFilename",
    "ShardedFilespec", "MergeV2Checkpoints",
})  # fmt: skip

# Inside of these, a tensor exists only in some runs, or once for each turn of a loop.
_BEGINS_BRANCH = frozenset({"Switch", "RefSwitch", "Enter", "RefEnter", "_SwitchN"})
_EXITS = frozenset({"Exit", "RefExit"})
_ENDS_BRANCH = _EXITS | {"Merge", "RefMerge"}
_LOOPS = frozenset({"While", "StatelessWhile"})

_SUMMARIZES = re.compile(r".*Summary(V2)?$")
_IN_GRADIENTS = re.compile(r"(^|/)gradients(_\d+)?/")
_IN_ASSERTION = re.compile(r"(^|/)(assert_|Assert)\w*/")
_GIVES_NOTHING = frozenset({
    "Const", "NoOp", "Assert", "Print", "PrintV2", "ControlTrigger", "VarIsInitializedOp",
    "IsVariableInitialized", "DestroyResourceOp", "MakeIterator", "Iterator", "IteratorV2",
})  # fmt: skip


def reads_rows(node: Any) -> bool:
    """Tell whether a node gives rows of a queue, a reader or a data set: inputs of the model."""
    is_placeholder = node.op in PLACEHOLDERS or node.op == OPTIONAL
    return judge(node.op).kind is Kind.INPUT and not is_placeholder


def must_be_fed(node: Any, nodes: Mapping[str, Any]) -> bool:
    """Tell whether a node is a placeholder that has no value of its own that could be used."""
    if node.op == OPTIONAL:  # that of a sparse input of unknown shape has -1 as its default shape
        default = _source_of(node, nodes)
        if default is None or default.attr["dtype"].type != types_pb2.DT_INT64:
            return False
        return default.op == "Const" and bool((MakeNdarray(default.attr["value"].tensor) < 0).any())
    return node.op in PLACEHOLDERS


def writes(op: str) -> bool:
    """Tell whether an op changes variables, tables or queues."""
    judgement = judge(op)
    fills = op.startswith("InitializeTable")
    return fills or (judgement.writes and judgement.kind is Kind.STATE)


def summarizes(node: Any) -> bool:
    """Tell whether a node only shows others what it takes."""
    return bool(_SUMMARIZES.match(node.op))


def is_beside(node: Any) -> bool:
    """Tell whether a node saves, summarizes or derives: what it takes may still be an output."""
    return node.op in SAVERS or summarizes(node) or _IN_GRADIENTS.search(node.name) is not None


def gives_result(node: Any) -> bool:
    """Tell whether somebody may want the outputs of a node at the end of a graph."""
    gives_nothing = node.op in (*VARIABLES, *PLACEHOLDERS) or node.op in _GIVES_NOTHING
    is_asserted = _IN_ASSERTION.search(node.name) is not None
    return not (gives_nothing or is_asserted or is_beside(node) or writes(node.op))


def gives_constant(node: Any) -> bool:
    """Tell whether somebody may want the outputs of a node where nothing is fed."""
    return gives_result(node) or node.op == "Const" or node.op.startswith("Scatter")


def reads_variable(node: Any, nodes: Mapping[str, Any]) -> bool:
    """Tell whether a node only gives the value of a variable."""
    if node.op == "ReadVariableOp":
        return True
    source = _source_of(node, nodes)
    return node.op == "Identity" and source is not None and source.op in VARIABLES


def loop_of(node: Any, nodes: Mapping[str, Any]) -> str | None:
    """Return the scope of the loop that a node takes a result of; None for other nodes."""
    source = _source_of(node, nodes)
    is_passed_on = node.op == "Identity" and source is not None and source.op in _LOOPS
    return node.name.rpartition("/")[0] if is_passed_on or node.op in _EXITS else None


def find_consumers(nodes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the nodes that take outputs of each node, by its name; not those that only wait."""
    found: dict[str, list[Any]] = {name: [] for name in nodes}
    for node in nodes.values():
        for entry in node.input:
            if not is_control(entry):
                found.setdefault(parse(entry)[0], []).append(node)
    return found


def find_dependent(consumers: Mapping[str, list[Any]], begin: Iterable[str]) -> set[str]:
    """Return the names of nodes that compute from some, themselves included."""
    return _follow(consumers, begin, frozenset())


def find_branches(nodes: Mapping[str, Any], consumers: Mapping[str, list[Any]]) -> set[str]:
    """Return the names of nodes inside a branch or a loop of version 1."""
    begin = [name for name, node in nodes.items() if node.op in _BEGINS_BRANCH]
    return _follow(consumers, begin, _ENDS_BRANCH)


def _source_of(node: Any, nodes: Mapping[str, Any]) -> Any:
    return nodes.get(parse(node.input[0])[0]) if node.input else None


def _follow(
    consumers: Mapping[str, list[Any]], begin: Iterable[str], until: frozenset[str]
) -> set[str]:
    found = set(begin)
    waiting = list(found)
    while waiting:
        for node in consumers[waiting.pop()]:
            if node.name not in found and node.op not in until:
                found.add(node.name)
                waiting.append(node.name)
    return found
