"""The frozen graph: one `.pb` in which the variables are constants.

It is made from a rebuilt inference graph: no optimizer, no gradients, no dropout, no device names.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.errors import ArtifactError, one_line
from pipeline.graph.devices import plain_session
from pipeline.graph.inference import PREDICTION, InferenceSpec, add_inference
from pipeline.graph.variables import GraphVariables
from pipeline.graphdef.reading import read_graph_def
from pipeline.models.forms import checkpoint
from pipeline.models.metadata import sidecar
from pipeline.models.metadata.sidecar import Sidecar
from pipeline.workspace import Workspace, files

v1 = tf.compat.v1

FILE = "model.pb"


def write(inference: InferenceSpec, workspace: Workspace, folder: Path, target: Path) -> None:
    """Write the frozen graph of the checkpoint in a folder, as a `.pb`.

    Raises:
        ArtifactError: the checkpoint is missing, damaged or does not fit.
    """
    with open_restored(inference, workspace, folder, plain_session) as session:
        definition = v1.graph_util.convert_variables_to_constants(
            session, session.graph.as_graph_def(), [PREDICTION]
        )
    for node in definition.node:
        node.device = ""
    with files.replacing(target) as partial:
        partial.write_bytes(definition.SerializeToString(deterministic=True))


def build_inference(
    inference: InferenceSpec, workspace: Workspace, device: str | None = None
) -> tf.Graph:
    """Build an inference graph, for a device or for any."""
    graph = tf.Graph()
    with graph.as_default(), tf.device(device):
        add_inference(inference, GraphVariables(workspace))
    return graph


def open_restored(
    inference: InferenceSpec,
    workspace: Workspace,
    folder: Path,
    open_session: Callable[[tf.Graph], Any],
    device: str | None = None,
) -> Any:
    """Open a session with the inference graph, into which a folder's checkpoint is restored.

    Raises:
        ArtifactError: the checkpoint is missing, damaged or does not fit.
    """
    graph = build_inference(inference, workspace, device)
    session = open_session(graph)
    with graph.as_default():
        checkpoint.restore_variables(session, folder, v1.global_variables())
    return session


def read_sidecar(path: Path) -> Sidecar:
    """Read the sidecar of a frozen graph, given its file or its folder."""
    return sidecar.read(locate(path).with_name(sidecar.FILE))


def locate(path: Path) -> Path:
    """Return the `.pb` of a frozen graph, given its file or its folder."""
    return path if path.suffix == ".pb" else path / FILE


def read_graph(path: Path, device: str | None = None) -> tf.Graph:
    """Read a frozen graph, for a device or for any.

    Raises:
        ArtifactError: the file is missing or is not a graph.
    """
    definition, graph = read_graph_def(path), tf.Graph()
    try:
        with graph.as_default(), tf.device(device):
            tf.import_graph_def(definition, name="")
    except (ValueError, tf.errors.OpError) as error:
        raise ArtifactError(f"{path} is not a frozen graph: {one_line(error)}") from None
    return graph


def read_constants(path: Path) -> dict[str, np.ndarray]:
    """Return the constants of a frozen graph by name: its variables, among others.

    Raises:
        ArtifactError: the file is missing or is not a graph.
    """
    nodes = (node for node in read_graph_def(path).node if node.op == "Const")
    return {node.name: tf.make_ndarray(node.attr["value"].tensor) for node in nodes}
