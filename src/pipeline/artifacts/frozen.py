"""The frozen graph: one `.pb` in which the variables are constants.

It is made from a rebuilt inference graph: no optimizer, no gradients, no dropout, no device names.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from pipeline.artifacts.checkpoint import restore_latest
from pipeline.artifacts.signature import Signature
from pipeline.errors import ArtifactError, nearest
from pipeline.graph.inference import PREDICTION, add_inference
from pipeline.graph.variables import GraphVariables

v1 = tf.compat.v1

FILE = "model.pb"


def rebuilt(signature: Signature, device: str | None = None) -> tf.Graph:
    """Build the inference graph of a signature in code, for a device or for any."""
    graph = tf.Graph()
    with graph.as_default(), tf.device(device):
        add_inference(signature.model, GraphVariables())
    return graph


def freeze(session: Any) -> bytes:
    """Return the frozen graph of a session that holds a rebuilt, restored inference graph."""
    definition = v1.graph_util.convert_variables_to_constants(
        session, session.graph.as_graph_def(), [PREDICTION]
    )
    for node in definition.node:
        node.device = ""
    return bytes(definition.SerializeToString(deterministic=True))


def restored(
    signature: Signature,
    checkpoint: Path,
    open_session: Callable[[tf.Graph], Any],
    device: str | None = None,
) -> Any:
    """Open a session with the inference graph rebuilt in code and the latest checkpoint restored.

    Raises:
        ArtifactError: the checkpoint is missing, damaged or does not fit.
    """
    graph = rebuilt(signature, device)
    session = open_session(graph)
    with graph.as_default():
        restore_latest(session, checkpoint, v1.global_variables())
    return session


def definition(path: Path) -> Any:
    """Read a frozen graph as a `GraphDef`.

    Raises:
        ArtifactError: the file is missing or no graph.
    """
    found = v1.GraphDef()
    try:
        found.ParseFromString(path.read_bytes())
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing; make it: dvc repro freeze") from None
    except (DecodeError, OSError) as error:
        raise _no_graph(path, error) from None
    return found


def read(path: Path, device: str | None = None) -> tf.Graph:
    """Read a frozen graph, for a device or for any.

    Raises:
        ArtifactError: the file is missing or no graph.
    """
    graph = tf.Graph()
    try:
        with graph.as_default(), tf.device(device):
            tf.import_graph_def(definition(path), name="")
    except (ValueError, tf.errors.OpError) as error:
        raise _no_graph(path, error) from None
    return graph


def constants(path: Path) -> dict[str, np.ndarray]:
    """Return the constants of a frozen graph by name: its variables, among others.

    Raises:
        ArtifactError: the file is missing or no graph.
    """
    nodes = (node for node in definition(path).node if node.op == "Const")
    return {node.name: tf.make_ndarray(node.attr["value"].tensor) for node in nodes}


def _no_graph(path: Path, error: Exception) -> ArtifactError:
    return ArtifactError(f"{path} is no frozen graph: {' '.join(str(error).split())[:300]}")


def tensor(graph: tf.Graph, name: str, where: Path | str) -> tf.Tensor:
    """Return the tensor of a graph by its name, such as `prediction:0`.

    Raises:
        ArtifactError: the graph has no such tensor; the message has the nearest name.
    """
    try:
        return graph.get_tensor_by_name(name)
    except (KeyError, ValueError):
        names = [
            output.name for operation in graph.get_operations() for output in operation.outputs
        ]
        raise ArtifactError(f"{where} has no tensor {name!r}{nearest(name, names)}") from None
