"""The layers of networks, and the training pass.

A layer opens its scope, so that its operations have its name and can be placed on a device.
"""

import math
import zlib
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import tensorflow as tf

from pipeline.graph.variables import Variables

ACTIVATIONS = {"relu": tf.nn.relu, "tanh": tf.nn.tanh, "sigmoid": tf.nn.sigmoid}

# What a step leaves of the running means of batch normalization.
DECAY = 0.99
EPSILON = 1e-3

# The most codes of a column that are one-hot, and the largest width of an embedding.
MAX_ONE_HOT, MAX_EMBEDDING = 128, 32


@dataclass(frozen=True)
class TrainingPass:
    """A forward pass that trains. Its random numbers depend on (seed, step) and nothing else.

    Attributes:
        seed: `[2] int32`: the seed and the step.
        compiled: whether XLA compiles the training.
        updates: operations that update running means; layers add them, the training step runs them.
    """

    seed: tf.Tensor
    compiled: bool = False
    updates: list[Any] = field(default_factory=list)


Training = TrainingPass | None  # None in inference


def flatten(values: tf.Tensor) -> tf.Tensor:
    """Return the values as `[rows, values of a row]`."""
    size = values.shape[1:].num_elements()
    return values if values.shape.rank == 2 else tf.reshape(values, [-1, size])


class Codes(NamedTuple):
    """A column of codes, `[rows] int32` from 0 to `depth`; 0 stands for what was never seen."""

    values: tf.Tensor
    depth: int

    def embed(self, name: str, variables: Variables) -> tf.Tensor:
        """Return `[rows, width]`: one-hot, where 0 is all zeros, or embedded if there are many."""
        if self.depth <= MAX_ONE_HOT:
            return tf.one_hot(self.values - 1, self.depth)
        width = min(MAX_EMBEDDING, 2 * round(self.depth**0.25))
        with variables.layer(name):
            # Zeros, so that a code of no training row stays neutral.
            return tf.gather(
                variables(f"{name}/embedding", [self.depth + 1, width], 0), self.values
            )

    def look_up(self, weights: tf.Tensor) -> tf.Tensor:
        """Return the one-hot codes times weights, `[depth, width]` → `[rows, width]`."""
        found = tf.gather(weights, tf.maximum(self.values - 1, 0))
        return found * tf.cast(self.values > 0, tf.float32)[:, None]


def dense(
    values: tf.Tensor, width: int, name: str, settings: Any, variables: Variables
) -> tf.Tensor:
    """Return `values · weights + bias`, `[rows, width]`."""
    with variables.layer(name):
        weights = variables(f"{name}/weights", [values.shape[1], width], settings.weights)
        return tf.matmul(values, weights) + variables(f"{name}/bias", [width], settings.bias)


def conv2d(
    images: tf.Tensor, size: int, filters: int, name: str, settings: Any, variables: Variables
) -> tf.Tensor:
    """Convolve `[rows, height, width, channels]` with `size` × `size` filters, padded."""
    values = convolve(images, size, filters, name, settings, variables)
    return add_bias(values, name, settings, variables)


def convolve(
    images: tf.Tensor, size: int, filters: int, name: str, settings: Any, variables: Variables
) -> tf.Tensor:
    """Convolve as `conv2d` does, without a bias."""
    with variables.layer(name):
        shape = [size, size, images.shape[3], filters]
        weights = variables(f"{name}/weights", shape, settings.weights)
        return tf.nn.conv2d(images, weights, strides=1, padding="SAME")


def add_bias(images: tf.Tensor, name: str, settings: Any, variables: Variables) -> tf.Tensor:
    """Add the layer's bias, one number a channel."""
    with variables.layer(name):
        # On CPUs its gradient takes a third of the time of the sum that `+` has.
        bias = variables(f"{name}/bias", [images.shape[3]], settings.bias)
        return tf.nn.bias_add(images, bias)


def activation(values: tf.Tensor, kind: str, name: str, variables: Variables) -> tf.Tensor:
    """Apply an activation function; the tensor is called `network/NAME/activation:0`."""
    with variables.layer(name):
        return ACTIVATIONS[kind](values, name="activation")


def max_pool(
    images: tf.Tensor, name: str, variables: Variables, training: Training = None
) -> tf.Tensor:
    """Return the maximum of each 2 × 2 pixels: height and width are halved, rounded up.

    The gradient goes to one pixel, the first of equal ones. Give `training` where a network is to
    be compiled by XLA, which has no deterministic gradient of TensorFlow's pooling.
    """
    with variables.layer(name):
        if training is not None and training.compiled:
            return _pool_by_maximum(images)
        return tf.nn.max_pool2d(images, ksize=2, strides=2, padding="SAME")


def _pool_by_maximum(images: tf.Tensor) -> tf.Tensor:
    """Compute the same by `maximum`, whose gradient is a choice; on CPUs it is slower."""
    _, height, width, channels = images.shape
    if height % 2 or width % 2:
        padding = [[0, 0], [0, height % 2], [0, width % 2], [0, 0]]
        images = tf.pad(images, padding, constant_values=-math.inf)
    halves = [-1, (height + 1) // 2, 2, (width + 1) // 2, 2, channels]
    upper, lower = tf.unstack(tf.reshape(images, halves), axis=2)
    # Of equal values, `maximum` gives the gradient to its first argument.
    return tf.maximum(*(tf.maximum(*tf.unstack(row, axis=3)) for row in (upper, lower)))


def dropout(values: tf.Tensor, rate: float, name: str, training: Training) -> tf.Tensor:
    """Drop a share of the values and scale up the others, in a training pass only.

    The mask depends on (seed, step) and the layer's name, so that no other layer changes it.
    """
    if training is None or rate == 0:
        return values
    number = zlib.crc32(name.encode()) & 0x7FFFFFFF  # int32
    seed = tf.random.experimental.stateless_fold_in(training.seed, number)
    return tf.nn.experimental.stateless_dropout(values, rate, seed, "philox")


def batch_norm(values: tf.Tensor, name: str, variables: Variables, training: Training) -> tf.Tensor:
    """Normalize by the batch, in inference by running means (Ioffe and Szegedy, 2015)."""
    with variables.layer(name):
        size = [values.shape[-1]]
        gamma = variables(f"{name}/gamma", size, "ones")
        beta = variables(f"{name}/beta", size, "zeros")
        running_mean = variables(f"{name}/moving_mean", size, "zeros", trainable=False)
        running_variance = variables(f"{name}/moving_variance", size, "ones", trainable=False)
        if training is None:
            factor = gamma * tf.math.rsqrt(running_variance + EPSILON)
            return values * factor + (beta - running_mean * factor)
        mean, variance = tf.nn.moments(values, list(range(values.shape.rank - 1)))
        for running, of_batch in ((running_mean, mean), (running_variance, variance)):
            training.updates.append(running.assign_sub((1 - DECAY) * (running - of_batch)))
        return (values - mean) * (gamma * tf.math.rsqrt(variance + EPSILON)) + beta
