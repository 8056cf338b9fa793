"""The checkpoint in a session: its graph is built in code, or comes from its `.meta` file."""

from functools import partial
from pathlib import Path

import tensorflow as tf

from pipeline.errors import ArtifactError, one_line
from pipeline.graph.runner import Runner
from pipeline.graph.tensors import UNREADABLE
from pipeline.graphdef.reading import read_meta_graph
from pipeline.models.forms import checkpoint
from pipeline.models.forms.frozen_graph import open_restored
from pipeline.models.metadata import sidecar
from pipeline.models.run.form import Form, Runtime
from pipeline.models.run.session import SessionRunner

v1 = tf.compat.v1


def open_by_code(folder: Path, runtime: Runtime) -> Runner:
    """Restore a checkpoint into an inference graph that is built in code."""
    found = checkpoint.read_sidecar(folder)
    session = open_restored(
        found.recipe.inference, runtime.workspace, folder, runtime.open_session, runtime.device
    )
    return SessionRunner(session, found.interface, folder)


def open_by_meta_graph(folder: Path, runtime: Runtime) -> Runner:
    """Restore a checkpoint into the training graph that its `.meta` file holds."""
    path = checkpoint.find_latest(folder)
    definition, graph = read_meta_graph(Path(f"{path}.meta")), tf.Graph()
    try:
        with graph.as_default(), tf.device(runtime.device):
            saver = v1.train.import_meta_graph(definition, clear_devices=True)
            if saver is None:
                raise ValueError("it names no variables")
            session = runtime.open_session(graph)
            saver.restore(session, path)
    except UNREADABLE as error:
        raise ArtifactError(f"{path}.meta cannot be restored: {one_line(error)}") from None
    return SessionRunner(session, checkpoint.read_sidecar(folder).interface, folder)


BY_CODE = Form(
    name="checkpoint_code",
    restored_by="checkpoint, graph rebuilt in code",
    reads="checkpoint",
    open=open_by_code,
    read_sidecar=checkpoint.read_sidecar,
    matches=partial(sidecar.belongs, checkpoint.STATE),
)
BY_META_GRAPH = Form(
    name="checkpoint_meta_graph",
    restored_by="checkpoint, import_meta_graph",
    reads="checkpoint",
    open=open_by_meta_graph,
    read_sidecar=checkpoint.read_sidecar,
)
