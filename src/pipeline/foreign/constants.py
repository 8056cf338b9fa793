"""What a graph holds besides variables: constants, also of its functions, and asset files."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2

from pipeline.errors import ArtifactError, one_line

_HANDLES = (types_pb2.DT_RESOURCE, types_pb2.DT_VARIANT)


def read_constants(graph: Any) -> dict[str, np.ndarray]:
    """Return constants by the names of their nodes, in functions as `function/node`.

    Raises:
        ArtifactError: a value is damaged.
    """
    return {
        name: _value(node)
        for name, node in constant_nodes(graph)
        if node.attr["dtype"].type not in _HANDLES
    }


def _value(node: Any) -> np.ndarray:
    try:
        return np.asarray(tf.make_ndarray(node.attr["value"].tensor))
    except (ValueError, TypeError, KeyError) as error:
        raise ArtifactError(f"node {node.name!r} has a damaged value: {one_line(error)}") from None


def read_files(paths: Iterable[str]) -> dict[str, np.ndarray]:
    """Return the bytes of files that fill tables, as `assets/NAME`.

    Raises:
        ArtifactError: a file is missing.
    """
    try:
        return {
            f"assets/{Path(path).name}": np.array(Path(path).read_bytes(), object) for path in paths
        }
    except OSError as error:
        raise ArtifactError(f"{error.filename} cannot be read: {error.strerror}") from None


def constant_nodes(graph: Any) -> Iterator[tuple[str, Any]]:
    """Yield all constants of a graph by name; those in functions after their function's name."""
    for node in graph.node:
        if node.op == "Const":
            yield node.name, node
    for function in graph.library.function:
        for node in function.node_def:
            if node.op == "Const":
                yield f"{function.signature.name}/{node.name}", node
