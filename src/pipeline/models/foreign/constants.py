"""What a graph holds besides variables: constants, also of its functions, and asset files."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.errors import ArtifactError


def read_constants(graph: Any) -> dict[str, np.ndarray]:
    """Return constants by the names of their nodes, in functions as `function/node`."""
    return {name: tf.make_ndarray(node.attr["value"].tensor) for name, node in _constants(graph)}


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


def _constants(graph: Any) -> Iterator[tuple[str, Any]]:
    for node in graph.node:
        if node.op == "Const":
            yield node.name, node
    for function in graph.library.function:
        for node in function.node_def:
            if node.op == "Const":
                yield f"{function.signature.name}/{node.name}", node
