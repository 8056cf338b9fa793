"""Constants that a conversion puts into a graph, which are neither trained nor in the original."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np


def find_added(graph: Any, values: Mapping[str, np.ndarray]) -> set[str]:
    """Return names of constants that only say what the operation in the original implies.

    Freezing turns `ResourceGather`, which gathers rows, into `GatherV2` along an axis of 0.
    """
    names = {name for nodes, prefix in _bodies(graph) for name in _axes(nodes, prefix)}
    return {name for name in names if name in values and not values[name].any()}


def _axes(nodes: Sequence[Any], prefix: str) -> Iterator[str]:
    for node in nodes:
        if node.op == "GatherV2":
            yield prefix + node.input[2].partition(":")[0]


def _bodies(graph: Any) -> Iterator[tuple[Sequence[Any], str]]:
    yield graph.node, ""
    for function in graph.library.function:
        yield function.node_def, f"{function.signature.name}/"
