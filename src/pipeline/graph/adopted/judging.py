"""Graphs that cannot be adopted: what they do besides computing, and inputs that nobody feeds."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import ArtifactError, ConfigError
from pipeline.graph.execution import roles
from pipeline.graphdef.functions import functions_of
from pipeline.graphdef.operations import Kind, judge

_PLACEHOLDERS = (*roles.PLACEHOLDERS, roles.OPTIONAL)


def require_harmless(graph: Any, path: Path) -> None:
    """Refuse operations that act on something else than the memory of a session.

    Raises:
        ArtifactError: the message names the first.
    """
    functions = functions_of(graph)
    for node in _all_nodes(graph):
        if node.op in functions:
            continue
        if judge(node.op).kind == Kind.ACTS:
            raise ArtifactError(
                f"{path}: node {node.name!r} ({node.op}) acts on files, devices or other graphs,"
                " or nobody has judged it; name tensors that do not need it"
            )
        if "Table" in node.op:
            raise ArtifactError(
                f"{path}: node {node.name!r} ({node.op}) is of a table, which model=graph does not"
                " take over; name a model.input behind it"
            )


def require_reading_only(graph: Any, path: Path) -> None:
    """Refuse an output whose computation changes variables, with an `ArtifactError`."""
    for node in _all_nodes(graph):
        if judge(node.op).writes:
            raise ArtifactError(
                f"{path}: node {node.name!r} ({node.op}) writes whenever the output is computed,"
                " as in a training; feed it what switches training off, such as"
                " 'model.feeds={is_training: false}', or name another model.output"
            )


def require_fed(graph: Any, fed: Collection[str], path: Path) -> None:
    """Refuse a graph with an input that is neither named nor has a value, with a `ConfigError`."""
    for node in graph.node:
        if node.op in roles.PLACEHOLDERS and node.name not in fed:
            raise ConfigError(
                f"model.feeds: {path} needs a value of its input {node.name!r}; give one, such as"
                f" 'model.feeds={{{node.name}: 1.0}}', or name tensors that do not need it"
            )
        if judge(node.op).kind == Kind.INPUT and node.op not in _PLACEHOLDERS:
            raise ConfigError(
                f"model.input: {path} takes rows from node {node.name!r} ({node.op}); name its"
                " outputs as model.input and model.label"
            )


def _all_nodes(graph: Any) -> Iterator[Any]:
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def
