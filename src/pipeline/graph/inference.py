"""The inference graph: from raw features to a prediction in the target's own units."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from pipeline.data.prepared.scaling import Scaling
from pipeline.graph.layers import Training
from pipeline.graph.losses import Head
from pipeline.graph.networks import apply_network
from pipeline.graph.variables import GraphVariables, Variables
from pipeline.schema.training.model import Network

v1 = tf.compat.v1

FEATURES = "features"
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
    scaling: Scaling
    shape: tuple[int, ...]
    outputs: int
    head: Head

    @property
    def columns(self) -> int:
        """The number of features."""
        return int(np.prod(self.shape))


def scale_features(features: Any, scaling: Scaling) -> Any:
    """Scale `[rows, features] float32`, a tensor or an array; the bits are the same.

    A row may also hold the features of several examples, one after another.
    """
    return _scale(features, scaling.feature_mean, scaling.feature_scale)


def scale_label(label: Any, scaling: Scaling) -> Any:
    """Scale `[rows, 1] float32`, a tensor or an array; the bits are the same."""
    return _scale(label, scaling.label_mean, scaling.label_scale)


def _scale(values: Any, mean: ArrayLike, scale: ArrayLike) -> Any:
    # Not a division: a session's graph optimizer turns a division by a constant into this product,
    # eager execution does not, and the last bits would differ.
    width = values.shape[-1]
    factor = np.resize(np.float32(1) / np.asarray(scale, np.float32), width)
    return (values - np.resize(np.asarray(mean, np.float32), width)) * factor


def compute_output(
    model: InferenceSpec, scaled: tf.Tensor, variables: Variables, training: Training = None
) -> tf.Tensor:
    """Run the network on scaled features, `[rows, features]` → `[rows, outputs]`."""
    if len(model.shape) > 1:
        scaled = tf.reshape(scaled, [-1, *model.shape])
    return apply_network(model.network, scaled, model.outputs, variables, training)


def compute_prediction(model: InferenceSpec, output: tf.Tensor) -> tf.Tensor:
    """Turn a network's output into the prediction, `[rows, outputs] float32`."""
    if model.head == "softmax":
        return tf.nn.softmax(output)
    if model.head == "sigmoid":
        return tf.nn.softmax(tf.math.log_sigmoid(output))  # shares of the sigmoids, never 0/0
    mean = tf.constant(model.scaling.label_mean, tf.float32)
    return output * tf.constant(model.scaling.label_scale, tf.float32) + mean


def predict(model: InferenceSpec, features: tf.Tensor, variables: Variables) -> tf.Tensor:
    """Return the prediction; the same operations in a graph and eagerly."""
    scaled = scale_features(features, model.scaling)
    return compute_prediction(model, compute_output(model, scaled, variables))


def add_inference(model: InferenceSpec, variables: GraphVariables) -> tuple[tf.Tensor, tf.Tensor]:
    """Add `features:0` and `prediction:0` to the default graph; returns features and output."""
    features = v1.placeholder(tf.float32, [None, model.columns], FEATURES)
    output = compute_output(model, scale_features(features, model.scaling), variables)
    tf.identity(compute_prediction(model, output), PREDICTION)
    return features, output
