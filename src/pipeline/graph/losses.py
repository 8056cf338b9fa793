"""Losses: what is minimized for a task, and what makes a network's output the prediction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import tensorflow as tf

from pipeline.errors import ConfigError
from pipeline.settings.train import Train

Head = Literal["values", "softmax", "sigmoid"]


@dataclass(frozen=True)
class Loss:
    """A loss.

    Attributes:
        task: what it is for.
        head: how an output becomes a prediction: as it is, or as probabilities of classes.
        function: of the settings, output and label, `[rows, outputs]` and `[rows, 1] float32`, to
            a scalar. A label is scaled as the output is, or the number of a class.
    """

    task: str
    head: Head
    function: Callable[[Train, tf.Tensor, tf.Tensor], tf.Tensor]


def mean_squared_error(_: Train, output: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Return the mean of the squared differences."""
    return tf.reduce_mean(tf.square(output - label))


def mean_absolute_error(_: Train, output: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Return the mean of the absolute differences."""
    return tf.reduce_mean(tf.abs(output - label))


def huber(settings: Train, output: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Return half the square of small differences, and what grows like large ones (Huber, 1964)."""
    difference = tf.abs(output - label)
    small = tf.minimum(difference, settings.huber_delta)
    return tf.reduce_mean(small * (difference - 0.5 * small))


def softmax_cross_entropy(_: Train, output: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Return the mean cross entropy of one class in several."""
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(_one_hot(output, label), output))


def sigmoid_cross_entropy(_: Train, output: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Return the mean over rows of the cross entropies of each class against the rest, summed."""
    entropies = tf.nn.sigmoid_cross_entropy_with_logits(_one_hot(output, label), output)
    return tf.reduce_mean(tf.reduce_sum(entropies, axis=1))


def _one_hot(output: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    return tf.one_hot(tf.cast(label[:, 0], tf.int32), output.shape[1])


def contrastive(settings: Train, output: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Pull equal pairs (label 1) together, push others to the margin (Hadsell et al., 2006)."""
    apart = tf.maximum(settings.margin - output, 0.0)
    return tf.reduce_mean(label * tf.square(output) + (1 - label) * tf.square(apart))


def value(_: Train, output: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Return the mean of the output itself."""
    return tf.reduce_mean(output)


LOSSES = {
    "mse": Loss("regression", "values", mean_squared_error),
    "mae": Loss("regression", "values", mean_absolute_error),
    "huber": Loss("regression", "values", huber),
    "softmax_cross_entropy": Loss("classification", "softmax", softmax_cross_entropy),
    "sigmoid_cross_entropy": Loss("classification", "sigmoid", sigmoid_cross_entropy),
    "contrastive": Loss("similarity", "values", contrastive),
    "value": Loss("minimization", "values", value),
}


def loss(settings: Train, task: str) -> Loss:
    """Return the loss that the configuration names; `auto` is the first for the task.

    Raises:
        ConfigError: it is for another task.
    """
    fitting = [name for name, known in LOSSES.items() if known.task == task]
    name = fitting[0] if settings.loss == "auto" else settings.loss
    if name not in fitting:
        raise ConfigError(
            f"train.loss={name} is for {LOSSES[name].task}, and the data is for {task}; allowed:"
            f" auto, {', '.join(fitting)}"
        )
    return LOSSES[name]


def penalty(settings: Train, variables: list[Any]) -> tf.Tensor | float:
    """Return the penalty for large weights: of variables with two dimensions and more."""
    weights = [variable for variable in variables if variable.shape.rank >= 2]
    given = settings.regularization
    total: tf.Tensor | float = 0.0
    if given.l1 and weights:
        total += given.l1 * tf.add_n([tf.reduce_sum(tf.abs(weight)) for weight in weights])
    if given.l2 and weights:
        total += given.l2 * tf.add_n([tf.nn.l2_loss(weight) for weight in weights])
    return total
