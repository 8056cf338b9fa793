"""Two SavedModels: one with a single graph, one with several that are told apart by tags.

`tf.saved_model.load` and Keras have no way to choose a graph, so the first has the inference graph
`serve` alone. The tagged one has several graphs around the same variables: `serve`, `train` with a
label, a loss and an operation that takes a step of the optimizer, and, where exported, `serve,cpu`
and `serve,gpu`, which are bound to a kind of device.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.graph.devices import plain_session, writing
from pipeline.graph.inference import LABEL, PREDICTION
from pipeline.graph.step import LOSS, build_step_graph
from pipeline.models.forms.checkpoint import restore_variables
from pipeline.models.forms.frozen_graph import build_inference, open_restored
from pipeline.models.metadata import hashes, sidecar
from pipeline.models.metadata.sidecar import Sidecar
from pipeline.schema.training import TrainSettings
from pipeline.workspace import Workspace, files

v1 = tf.compat.v1

FILE = "saved_model.pb"
SIDECAR = f"assets.extra/{sidecar.FILE}"
SERVE = v1.saved_model.tag_constants.SERVING
TRAIN = v1.saved_model.tag_constants.TRAINING
SERVING_DEFAULT = v1.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY


def write(trained: Sidecar, workspace: Workspace, checkpoint: Path, target: Path) -> None:
    """Write the SavedModel of a checkpoint that has the graph `serve` alone, with its sidecar.

    Raises:
        ArtifactError: the checkpoint is missing, damaged or does not fit.
        PipelineError: the system does not let it be written.
    """
    inference = trained.recipe.inference
    with (
        _building(trained, target) as builder,
        open_restored(inference, workspace, checkpoint, plain_session) as session,
    ):
        signatures = {SERVING_DEFAULT: _serving(trained, session.graph)}
        builder.add_meta_graph_and_variables(session, [SERVE], signatures, clear_devices=True)


def write_tagged(
    trained: Sidecar, settings: TrainSettings, workspace: Workspace, checkpoint: Path, target: Path
) -> None:
    """Write the SavedModel of a checkpoint that has all graphs, with its sidecar.

    Raises:
        ArtifactError: the checkpoint is missing, damaged or does not fit.
        PipelineError: the system does not let it be written.
    """
    recipe = trained.recipe
    with _building(trained, target) as builder:
        graph = build_step_graph(settings, workspace, recipe.inference, recipe.task)
        with graph.as_default(), plain_session(graph) as session:
            restore_variables(session, checkpoint, v1.global_variables())
            inputs, method = [*_inputs(trained), LABEL], "tensorflow/supervised/train"
            training = _signature(graph, inputs, [LOSS, PREDICTION], method)
            signatures = {SERVING_DEFAULT: _serving(trained, graph), TRAIN: training}
            builder.add_meta_graph_and_variables(session, [TRAIN], signatures, clear_devices=True)
        for kind in (None, *settings.export.devices):
            device = f"/device:{kind.upper()}:0" if kind else None
            graph = build_inference(recipe.inference, workspace, device)
            with graph.as_default():
                tags = [SERVE, kind] if kind else [SERVE]
                signatures = {SERVING_DEFAULT: _serving(trained, graph)}
                builder.add_meta_graph(tags, signatures, clear_devices=kind is None)


@contextmanager
def _building(trained: Sidecar, target: Path) -> Iterator[Any]:
    """Yield the builder of a SavedModel, which replaces `target` when the block ends."""
    with writing(target), files.replacing(target) as folder:
        builder = v1.saved_model.Builder(str(folder))
        yield builder
        builder.save()
        sidecar.write(hashes.sign(trained, folder), folder / SIDECAR)


def _serving(trained: Sidecar, graph: tf.Graph) -> Any:
    return _signature(graph, _inputs(trained), [PREDICTION], "tensorflow/serving/predict")


def _inputs(trained: Sidecar) -> list[str]:
    return [spec.name for spec in trained.interface.inputs]


def _signature(graph: tf.Graph, inputs: Sequence[str], outputs: Sequence[str], method: str) -> Any:
    info = {
        name: v1.saved_model.build_tensor_info(graph.get_tensor_by_name(f"{name}:0"))
        for name in (*inputs, *outputs)
    }
    sides = ({name: info[name] for name in names} for names in (inputs, outputs))
    return v1.saved_model.build_signature_def(*sides, method)


def read_sidecar(folder: Path) -> Sidecar:
    """Read the sidecar of a SavedModel, as `sidecar.read` does."""
    return sidecar.read(folder / SIDECAR)
