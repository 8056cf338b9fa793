"""A SavedModel of a frozen graph: one graph, which has no variables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import TensorInfo
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from pipeline.foreign.freezing.freeze import Frozen
from pipeline.graphdef.interface import TensorSpec

v1 = tf.compat.v1

FILE = "saved_model.pb"
SERVE = v1.saved_model.tag_constants.SERVING
DEFAULT = v1.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY

# Version of the format; TensorFlow has no other.
_VERSION = 1


def write(
    frozen: Frozen, folder: Path, tags: Sequence[str] = (SERVE,), signature: str = DEFAULT
) -> None:
    """Write a new folder, whose bytes depend on the graph and the version of TensorFlow alone.

    Args:
        signature: a further name of the signature, besides `serving_default`.
    """
    meta = v1.train.export_meta_graph(graph_def=frozen.graph, graph=tf.Graph())
    meta.meta_info_def.tags.extend(tags)
    interface = frozen.interface
    definition = v1.saved_model.build_signature_def(
        *map(_describe, (interface.inputs, interface.outputs)), "tensorflow/serving/predict"
    )
    for name in (DEFAULT, signature):
        meta.signature_def[name].CopyFrom(definition)
    saved = SavedModel(saved_model_schema_version=_VERSION, meta_graphs=[meta])
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(saved.SerializeToString(deterministic=True))


def _describe(specs: Sequence[TensorSpec]) -> dict[str, Any]:
    """Return the `TensorInfo` of each tensor by its name."""
    return {
        spec.name: TensorInfo(
            name=spec.tensor,
            dtype=tf.as_dtype(spec.dtype).as_datatype_enum,
            tensor_shape=tf.TensorShape(spec.shape).as_proto(),
        )
        for spec in specs
    }
