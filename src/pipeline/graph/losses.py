"""Losses: functions of prediction and label, `[rows, 1] float32` both, to a scalar."""

from collections.abc import Callable

import tensorflow as tf


def mean_squared_error(prediction: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Return the mean of the squared differences."""
    return tf.reduce_mean(tf.square(prediction - label))


def mean_absolute_error(prediction: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Return the mean of the absolute differences."""
    return tf.reduce_mean(tf.abs(prediction - label))


LOSSES: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "mse": mean_squared_error,
    "mae": mean_absolute_error,
}
