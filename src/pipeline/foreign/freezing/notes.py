"""What is kept in a frozen graph though it is meant for training: the graph is the model."""

from collections.abc import Callable, Iterator
from typing import Any

from pipeline.errors import listing
from pipeline.graphdef.operations import Kind, judge

_NORMALIZATION = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


def find_notes(graph: Any) -> Iterator[str]:
    """Yield a sentence on each habit of training that a graph has, with the nodes to blame."""
    nodes = [*graph.node, *(node for one in graph.library.function for node in one.node_def)]
    for is_meant, text in _HABITS:
        if names := [node.name for node in nodes if is_meant(node)]:
            yield f"{text}: {listing(names, 3)}"


def _is_dropout(node: Any) -> bool:
    return _is_random(node) and "dropout" in node.name.lower()


def _is_other_random(node: Any) -> bool:
    return _is_random(node) and not _is_dropout(node)


def _is_random(node: Any) -> bool:
    return judge(node.op).kind is Kind.RANDOM


def _is_training(node: Any) -> bool:
    given = node.attr["is_training"].b if "is_training" in node.attr else True
    return node.op in _NORMALIZATION and given


_HABITS: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (_is_training, "batch normalization computes from each batch, as in training"),
    (_is_dropout, "dropout is on, as in training"),
    (_is_other_random, "outputs may be random"),
)
