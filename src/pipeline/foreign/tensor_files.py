"""Arrays in files as `TensorProto`, which keeps what `.npy` loses: bfloat16 and text."""

import math
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework.tensor_pb2 import TensorProto

from pipeline.errors import ArtifactError, one_line


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array of any dtype of TensorFlow; text is `bytes` in an array of objects."""
    proto = tf.make_tensor_proto(array, shape=array.shape)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def read_array(path: Path, most_bytes: int) -> np.ndarray:
    """Read an array that somebody wrote.

    Raises:
        ArtifactError: the file is missing or damaged, or the array is larger than allowed.
    """
    proto = TensorProto()
    try:
        proto.ParseFromString(path.read_bytes())
        dtype = tf.as_dtype(proto.dtype)
        sizes = [dim.size for dim in proto.tensor_shape.dim]
        # A small message can describe a large array: one value, repeated.
        if min(sizes, default=0) < 0 or math.prod(sizes) * dtype.size > most_bytes:
            raise ArtifactError(f"{path} has shape {sizes}; at most {most_bytes:,} bytes are read")
        return np.asarray(tf.make_ndarray(proto))
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing; copy the whole folder again") from None
    except (DecodeError, TypeError, ValueError) as error:
        raise ArtifactError(
            f"{path} is damaged: {one_line(error)}; copy the whole folder again"
        ) from None
