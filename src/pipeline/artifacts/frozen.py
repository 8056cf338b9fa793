"""The frozen graph: one `.pb` in which the variables are constants.

It is made from a rebuilt inference graph: no optimizer, no gradients, no dropout, no device names.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError

from pipeline.artifacts.checkpoint import restore_latest
from pipeline.artifacts.signature import Signature
from pipeline.errors import ArtifactError, nearest
from pipeline.graph.inference import PREDICTION, add_inference
from pipeline.graph.variables import GraphVariables

v1 = tf.compat.v1


def rebuilt(signature: Signature, device: str | None = None) -> tf.Graph:
    """Build the inference graph of a signature in code, for a device or for any."""
    graph = tf.Graph()
    with graph.as_default(), tf.device(device):
        add_inference(
            signature.network, len(signature.features), signature.scaling, GraphVariables(seed=0)
        )
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


def read(path: Path, device: str | None = None) -> tf.Graph:
    """Read a frozen graph, for a device or for any.

    Raises:
        ArtifactError: the file is missing or no graph.
    """
    definition = v1.GraphDef()
    try:
        definition.ParseFromString(path.read_bytes())
        graph = tf.Graph()
        with graph.as_default(), tf.device(device):
            tf.import_graph_def(definition, name="")
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing; make it: dvc repro freeze") from None
    except (DecodeError, ValueError, OSError, tf.errors.OpError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ArtifactError(f"{path} is no frozen graph: {reason}") from None
    return graph


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
