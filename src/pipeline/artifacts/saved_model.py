"""The SavedModel: the inference graph with its variables, tag `serve`, `serving_default`."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.graph.inference import FEATURES, PREDICTION

v1 = tf.compat.v1


def write(session: Any, folder: Path) -> None:
    """Write the session's inference graph as a SavedModel into a folder that is not there yet."""
    graph = session.graph
    builder = v1.saved_model.Builder(str(folder))
    with graph.as_default():
        signature = v1.saved_model.predict_signature_def(
            inputs={FEATURES: graph.get_tensor_by_name(f"{FEATURES}:0")},
            outputs={PREDICTION: graph.get_tensor_by_name(f"{PREDICTION}:0")},
        )
        builder.add_meta_graph_and_variables(
            session,
            [v1.saved_model.tag_constants.SERVING],
            {v1.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: signature},
            clear_devices=True,
        )
    builder.save()
