"""The inference graph: from raw features to a prediction in the target's own units."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from pipeline.data.prepared.dataset import FEATURES, TEXT
from pipeline.data.prepared.encoding import Encoding
from pipeline.graph.encoding import (
    ENCODED_CODES,
    ENCODED_FEATURES,
    encode_codes,
    encode_numbers,
)
from pipeline.graph.layers import Codes, Training
from pipeline.graph.losses import Head
from pipeline.graph.networks import apply_network
from pipeline.graph.variables import GraphVariables, Variables
from pipeline.schema.training.model import Network

v1 = tf.compat.v1

LABEL = "label"
PREDICTION = "prediction"


@dataclass(frozen=True)
class InferenceSpec:
    """All that the inference graph is built from, besides the variables' values.

    Attributes:
        shape: of one example; its product is the number of features.
        head: how the network's outputs become the prediction.
    """

    network: Network
    encoding: Encoding
    shape: tuple[int, ...]
    outputs: int
    head: Head

    @property
    def columns(self) -> int:
        """The number of features."""
        return int(np.prod(self.shape))

    @property
    def label_dtype(self) -> str:
        """The dtype of labels, and of a prediction that is not a probability."""
        return self.encoding.dtype if self.head == "values" else "float32"


class Encoded(NamedTuple):
    """What a network gets: `[rows, features] float32`, and codes, `[rows, columns] int32`."""

    numbers: tf.Tensor
    codes: tf.Tensor | None = None


def encode(model: InferenceSpec, features: tf.Tensor, text: tf.Tensor | None) -> Encoded:
    """Encode raw features, `[rows, features]`, and text, `[rows, columns]`."""
    codes = encode_codes(features, text, model.encoding)
    return Encoded(encode_numbers(features, model.encoding), codes)


def compute_output(
    model: InferenceSpec, encoded: Encoded, variables: Variables, training: Training = None
) -> tf.Tensor:
    """Run the network on encoded features, → `[rows, outputs]`."""
    values, depths = encoded.numbers, model.encoding.depths
    if len(model.shape) > 1:
        values = tf.reshape(values, [-1, *model.shape])
    columns = () if encoded.codes is None else tf.unstack(encoded.codes, len(depths), axis=1)
    codes = tuple(Codes(*pair) for pair in zip(columns, depths, strict=True))
    return apply_network(model.network, values, codes, model.outputs, variables, training)


def compute_prediction(model: InferenceSpec, output: tf.Tensor) -> tf.Tensor:
    """Turn a network's output into the prediction, `[rows, outputs]`."""
    if model.head == "softmax":
        return tf.nn.softmax(output)
    if model.head == "sigmoid":
        return tf.nn.softmax(tf.math.log_sigmoid(output))  # shares of the sigmoids, never 0/0
    scaling, dtype = model.encoding.scaling, model.label_dtype
    scale, mean = (tf.constant(v, dtype) for v in (scaling.label_scale, scaling.label_mean))
    return tf.cast(output, dtype) * scale + mean


def predict(
    model: InferenceSpec, features: tf.Tensor, text: tf.Tensor | None, variables: Variables
) -> tf.Tensor:
    """Return the prediction; the same operations in a graph and eagerly."""
    output = compute_output(model, encode(model, features, text), variables)
    return compute_prediction(model, output)


class Placeholders(NamedTuple):
    """The inputs of an inference graph; no text where the model has no column of it."""

    features: tf.Tensor
    text: tf.Tensor | None = None

    @classmethod
    def add(cls, model: InferenceSpec) -> "Placeholders":
        """Add them to the default graph."""
        features = v1.placeholder(model.encoding.dtype, [None, model.columns], FEATURES)
        columns = len(model.encoding.text)
        return cls(features, v1.placeholder(tf.string, [None, columns], TEXT) if columns else None)


def add_inference(model: InferenceSpec, variables: GraphVariables) -> tuple[Encoded, tf.Tensor]:
    """Add the inputs and `prediction:0` to the default graph.

    Returns the encoded features and the network's output, `[rows, outputs]`.
    """
    numbers, codes = encode(model, *Placeholders.add(model))
    numbers = tf.identity(numbers, ENCODED_FEATURES)
    encoded = Encoded(numbers, None if codes is None else tf.identity(codes, ENCODED_CODES))
    output = compute_output(model, encoded, variables)
    tf.identity(compute_prediction(model, output), PREDICTION)
    return encoded, output
