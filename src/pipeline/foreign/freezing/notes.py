"""What is kept in a frozen graph though it is meant for training: the graph is the model.

Random operations are no such habit: one that changes an output is not provable, so the model is not
published, and the verdict on one that changes none says so.
"""

from collections.abc import Iterator
from typing import Any

from pipeline.errors import listing

_NORMALIZATION = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


def find_notes(graph: Any) -> Iterator[str]:
    """Yield a sentence on each habit of training that a graph has, with the nodes to blame."""
    nodes = [*graph.node, *(node for one in graph.library.function for node in one.node_def)]
    if names := [node.name for node in nodes if _is_training(node)]:
        yield f"batch normalization computes from each batch, as in training: {listing(names, 3)}"


def _is_training(node: Any) -> bool:
    given = node.attr["is_training"].b if "is_training" in node.attr else True
    return node.op in _NORMALIZATION and given
