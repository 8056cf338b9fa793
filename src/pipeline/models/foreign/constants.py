"""The constants of a graph, of its functions, too."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf


def read_constants(graph: Any) -> dict[str, np.ndarray]:
    """Return constants by the names of their nodes, in functions as `function/node`."""
    return {name: tf.make_ndarray(node.attr["value"].tensor) for name, node in _constants(graph)}


def _constants(graph: Any) -> Iterator[tuple[str, Any]]:
    for node in graph.node:
        if node.op == "Const":
            yield node.name, node
    for function in graph.library.function:
        for node in function.node_def:
            if node.op == "Const":
                yield f"{function.signature.name}/{node.name}", node
