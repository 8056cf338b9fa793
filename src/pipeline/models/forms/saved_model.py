"""The SavedModel: several graphs around the same variables, told apart by tags.

`serve` is the inference graph; `train` also has a label, a loss and an operation that takes a step
of the optimizer; `serve,cpu` and `serve,gpu`, where exported, are bound to a kind of device.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.graph.devices import plain_session, writing
from pipeline.graph.inference import LABEL, PREDICTION
from pipeline.graph.protobuf import read_saved_model
from pipeline.graph.step import LOSS, build_step_graph
from pipeline.models.forms.checkpoint import restore_variables
from pipeline.models.forms.frozen_graph import build_inference
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


def write(
    trained: Sidecar, settings: TrainSettings, workspace: Workspace, checkpoint: Path, target: Path
) -> None:
    """Write the SavedModel of a checkpoint, with its sidecar.

    Raises:
        ArtifactError: the checkpoint is missing, damaged or does not fit.
        PipelineError: the system does not let it be written.
    """
    with writing(target), files.replacing(target) as folder:
        _write_graphs(trained, settings, workspace, checkpoint, folder)
        sidecar.write(hashes.sign(trained, folder), folder / SIDECAR)


def _write_graphs(
    trained: Sidecar, settings: TrainSettings, workspace: Workspace, checkpoint: Path, folder: Path
) -> None:
    builder, recipe = v1.saved_model.Builder(str(folder)), trained.recipe
    inputs = [spec.name for spec in trained.interface.inputs]
    serving = inputs, [PREDICTION], "tensorflow/serving/predict"
    graph = build_step_graph(settings, workspace, recipe.inference, recipe.task)
    with graph.as_default(), plain_session(graph) as session:
        restore_variables(session, checkpoint, v1.global_variables())
        method = "tensorflow/supervised/train"
        training = _signature(graph, [*inputs, LABEL], [LOSS, PREDICTION], method)
        signatures = {SERVING_DEFAULT: _signature(graph, *serving), TRAIN: training}
        builder.add_meta_graph_and_variables(session, [TRAIN], signatures, clear_devices=True)
    for kind in (None, *settings.export.devices):
        device = f"/device:{kind.upper()}:0" if kind else None
        graph = build_inference(recipe.inference, workspace, device)
        with graph.as_default():
            tags = [SERVE, kind] if kind else [SERVE]
            signatures = {SERVING_DEFAULT: _signature(graph, *serving)}
            builder.add_meta_graph(tags, signatures, clear_devices=kind is None)
    builder.save()


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


def require_assets_inside(folder: Path) -> None:
    """Refuse a SavedModel whose assets lie outside of its own folder.

    Assets are files that TensorFlow gives to the graphs when it loads a SavedModel.

    Raises:
        ArtifactError: the message names the first, or the file that cannot be read.
    """
    file, assets = folder / FILE, (folder / "assets").resolve()
    for meta in read_saved_model(file).meta_graphs:
        for name in (asset.filename for asset in meta.asset_file_def):
            if not (assets / name).resolve().is_relative_to(assets):
                problem = f"{file} names an asset outside of its folder, {name!r}"
                raise ArtifactError(f"{problem}; a model of this pipeline has none: do not use it")
