"""From raw feature values to a prediction in the target's own units, scaling included."""

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from pipeline.data.scaling import Scaling
from pipeline.graph.networks import network
from pipeline.graph.variables import GraphVariables, Variables
from pipeline.settings import Network

v1 = tf.compat.v1

FEATURES = "features"
LABEL = "label"
PREDICTION = "prediction"


def scaled_features(features: tf.Tensor, scaling: Scaling) -> tf.Tensor:
    """Scale `[rows, features] float32`."""
    return _scaled(features, scaling.feature_mean, scaling.feature_scale)


def scaled_label(label: tf.Tensor, scaling: Scaling) -> tf.Tensor:
    """Scale `[rows, 1] float32`."""
    return _scaled(label, scaling.label_mean, scaling.label_scale)


def _scaled(values: tf.Tensor, mean: ArrayLike, scale: ArrayLike) -> tf.Tensor:
    # Not a division: a session's graph optimizer turns a division by a constant into this product,
    # eager execution does not, and the last bits would differ.
    factor = np.float32(1) / np.asarray(scale, np.float32)
    return (values - tf.constant(mean, tf.float32)) * tf.constant(factor)


def predict(
    settings: Network, features: tf.Tensor, variables: Variables, scaling: Scaling
) -> tf.Tensor:
    """Return the prediction, `[rows, 1] float32`; the same operations in a graph and eagerly."""
    output = network(settings, scaled_features(features, scaling), variables)
    mean = tf.constant(scaling.label_mean, tf.float32)
    return output * tf.constant(scaling.label_scale, tf.float32) + mean


def add_inference(
    settings: Network, columns: int, scaling: Scaling, variables: GraphVariables
) -> tuple[tf.Tensor, tf.Tensor]:
    """Add `features:0` and `prediction:0` to the default graph and return them.

    Args:
        columns: number of features; the number of rows is left open.
    """
    features = v1.placeholder(tf.float32, [None, columns], FEATURES)
    prediction = tf.identity(predict(settings, features, variables, scaling), PREDICTION)
    return features, prediction
