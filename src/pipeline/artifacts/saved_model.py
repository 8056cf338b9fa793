"""The SavedModel: several graphs around the same variables, told apart by tags.

`serve` is the inference graph; `train` also has a label, a loss and an operation that takes a step
of the optimizer; `serve,cpu` and `serve,gpu`, where asked for, are bound to a kind of device.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.artifacts import frozen, signature
from pipeline.artifacts.checkpoint import restore_latest
from pipeline.artifacts.signature import Signature
from pipeline.graph.devices import plain_session
from pipeline.graph.inference import FEATURES, LABEL, PREDICTION
from pipeline.graph.training import LOSS, build_fed
from pipeline.settings import Settings

v1 = tf.compat.v1

FILE = "saved_model.pb"
SIGNATURE = f"assets.extra/{signature.FILE}"
SERVE = v1.saved_model.tag_constants.SERVING
TRAIN = v1.saved_model.tag_constants.TRAINING
SERVING_DEFAULT = v1.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY


def write(trained: Signature, settings: Settings, checkpoint: Path, folder: Path) -> None:
    """Write the SavedModel of a checkpoint into a folder that is not there yet."""
    builder = v1.saved_model.Builder(str(folder))
    graph = build_fed(settings, trained.model, trained.task)
    with graph.as_default(), plain_session(graph) as session:
        restore_latest(session, checkpoint, v1.global_variables())
        builder.add_meta_graph_and_variables(
            session,
            [TRAIN],
            {SERVING_DEFAULT: _serving(graph), TRAIN: _training(graph)},
            clear_devices=True,
        )
    for kind in (None, *settings.export.devices):
        device = f"/device:{kind.upper()}:0" if kind else None
        graph = frozen.rebuilt(trained, device)
        with graph.as_default():
            tags = [SERVE, *([kind] if kind else [])]
            serving = {SERVING_DEFAULT: _serving(graph)}
            builder.add_meta_graph(tags, serving, clear_devices=kind is None)
    builder.save()


def _serving(graph: tf.Graph) -> Any:
    return _signature(graph, [FEATURES], [PREDICTION], "tensorflow/serving/predict")


def _training(graph: tf.Graph) -> Any:
    return _signature(graph, [FEATURES, LABEL], [LOSS, PREDICTION], "tensorflow/supervised/train")


def _signature(graph: tf.Graph, inputs: Sequence[str], outputs: Sequence[str], method: str) -> Any:
    described = [
        {
            name: v1.saved_model.build_tensor_info(graph.get_tensor_by_name(f"{name}:0"))
            for name in names
        }
        for names in (inputs, outputs)
    ]
    return v1.saved_model.build_signature_def(*described, method)
