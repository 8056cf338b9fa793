"""What networks are made of: layers, and the pass that trains.

A layer opens its scope, so that its operations bear its name and can be placed on a device.
"""

import zlib
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from pipeline.graph.variables import Variables

ACTIVATIONS = {"relu": tf.nn.relu, "tanh": tf.nn.tanh, "sigmoid": tf.nn.sigmoid}

# Of the running means of batch normalization: what is left of them after a step.
DECAY = 0.99
EPSILON = 1e-3


@dataclass(frozen=True)
class Training:
    """A pass that trains. Its random numbers depend on (seed, step) and nothing else.

    Attributes:
        seed: `[2] int32`: the seed and the step.
        updates: of running means; the step does them with its own.
    """

    seed: tf.Tensor
    updates: list[Any] = field(default_factory=list)


def flat(values: tf.Tensor) -> tf.Tensor:
    """Return `[rows, everything else]`."""
    size = values.shape[1:].num_elements()
    return values if values.shape.rank == 2 else tf.reshape(values, [-1, size])


def dense(
    values: tf.Tensor, width: int, name: str, settings: Any, variables: Variables
) -> tf.Tensor:
    """Return `values · weights + bias`, `[rows, width]`."""
    with variables.layer(name):
        weights = variables(f"{name}/weights", [values.shape[1], width], settings.weights)
        return tf.matmul(values, weights) + variables(f"{name}/bias", [width], settings.bias)


def convolution(
    images: tf.Tensor, size: int, filters: int, name: str, settings: Any, variables: Variables
) -> tf.Tensor:
    """Convolve `[rows, height, width, channels]` with `size` × `size` filters; the area stays."""
    with variables.layer(name):
        shape = [size, size, images.shape[3], filters]
        weights = variables(f"{name}/weights", shape, settings.weights)
        bias = variables(f"{name}/bias", [filters], settings.bias)
        return tf.nn.conv2d(images, weights, strides=1, padding="SAME") + bias


def activated(values: tf.Tensor, activation: str, name: str, variables: Variables) -> tf.Tensor:
    """Return the activation; its tensor is `network/NAME/activation:0`."""
    with variables.layer(name):
        return ACTIVATIONS[activation](values, name="activation")


def pooled(images: tf.Tensor, name: str, variables: Variables) -> tf.Tensor:
    """Halve height and width, rounded up: the largest of each 2 × 2 pixels."""
    with variables.layer(name):
        return tf.nn.max_pool2d(images, ksize=2, strides=2, padding="SAME")


def dropped(values: tf.Tensor, rate: float, name: str, training: Training | None) -> tf.Tensor:
    """Drop a share of the values and scale up the others, in a pass that trains.

    The mask depends on (seed, step) and the layer's name, so that no other layer changes it.
    """
    if training is None or rate == 0:
        return values
    number = zlib.crc32(name.encode()) & 0x7FFFFFFF  # int32
    seed = tf.random.experimental.stateless_fold_in(training.seed, number)
    return tf.nn.experimental.stateless_dropout(values, rate, seed, "philox")


def batch_normalized(
    values: tf.Tensor, name: str, variables: Variables, training: Training | None
) -> tf.Tensor:
    """Normalize the last axis: by the batch in a pass that trains, by running means afterwards.

    Ioffe and Szegedy, 2015.
    """
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
        training.updates.extend(
            [
                running_mean.assign_sub((1 - DECAY) * (running_mean - mean)),
                running_variance.assign_sub((1 - DECAY) * (running_variance - variance)),
            ]
        )
        return (values - mean) * (gamma * tf.math.rsqrt(variance + EPSILON)) + beta
