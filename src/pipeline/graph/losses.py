"""Loss functions, and how the output of a network trained with one becomes the prediction."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import tensorflow as tf

from pipeline.errors import ConfigError
from pipeline.schema.training.train import Train

Head = Literal["values", "softmax", "sigmoid"]
Compute = Callable[..., tf.Tensor]


@dataclass(frozen=True)
class LossFunction:
    """A loss function of a task.

    Attributes:
        head: how an output becomes a prediction: as it is, or as probabilities of classes.
        compute: of the settings, output and label, `[rows, outputs]` and `[rows, targets]
            float32`, to a scalar. A label is scaled as the output is, or the number of a class. A
            fourth argument `weight`, `[rows, 1] float32` or None, weighs the rows.
        records_variables: whether the learning curve has the variables that are one number, too.
        curvature: the largest second derivative of a row's loss by its output; 0: no bound is used.
    """

    task: str
    head: Head
    compute: Compute
    records_variables: bool = False
    curvature: float = 0.0

    @property
    def takes_weights(self) -> bool:
        """Tell whether rows can have weights."""
        return "weight" in inspect.signature(self.compute).parameters

    def of_rows(
        self, settings: Train, output: tf.Tensor, label: tf.Tensor, weight: tf.Tensor | None
    ) -> tf.Tensor:
        """Return the mean over rows, each times its weight, `[rows, 1] float32`, or None.

        It is the weighted mean of rows whose weights have the mean 1, as all training rows do. In
        a batch the weights are not divided by their sum, so that a row counts the same whatever is
        in its batch, and the mean over batches is that over rows.
        """
        if weight is None:
            return self.compute(settings, output, label)
        return self.compute(settings, output, label, weight)


# The first loss function of a task is its default.
LOSSES: dict[str, LossFunction] = {}


def loss(
    name: str,
    *,
    task: str,
    head: Head = "values",
    records_variables: bool = False,
    curvature: float = 0.0,
) -> Callable[[Compute], Compute]:
    """Register a function as the loss function `name`; see `LossFunction`."""

    def register(compute: Compute) -> Compute:
        LOSSES[name] = LossFunction(task, head, compute, records_variables, curvature)
        return compute

    return register


def choose_loss(settings: Train, task: str, *, weighted: bool = False) -> LossFunction:
    """Return the loss function that the configuration names; `auto` is the first for the task.

    Args:
        weighted: rows have weights.

    Raises:
        ConfigError: it is for another task, or takes no weights.
    """
    suitable = [name for name, known in LOSSES.items() if known.task == task]
    name = suitable[0] if settings.loss == "auto" else settings.loss
    if name not in suitable:
        raise ConfigError(
            f"train.loss={name} is for {LOSSES[name].task}, and the data is for {task}; allowed:"
            f" auto, {', '.join(suitable)}"
        )
    if weighted and not LOSSES[name].takes_weights:
        taking = [other for other in suitable if LOSSES[other].takes_weights]
        raise ConfigError(
            f"train.loss={name} takes no weights of rows; leave out data.weight and"
            f" data.class_weight, or choose another loss: {', '.join(taking) or 'there is none'}"
        )
    return LOSSES[name]


def weight_penalty(settings: Train, variables: list[Any]) -> tf.Tensor | float:
    """Return the penalty for large weights: of variables with two dimensions or more."""
    weights = [variable for variable in variables if variable.shape.rank >= 2]
    factors, total = settings.regularization, 0.0
    if factors.l1 and weights:
        total += factors.l1 * tf.add_n([tf.reduce_sum(tf.abs(weight)) for weight in weights])
    if factors.l2_factor and weights:
        total += factors.l2_factor * tf.add_n([tf.nn.l2_loss(weight) for weight in weights])
    return total


@loss("mse", task="regression", curvature=2.0)
def mean_squared_error(
    _: Train, output: tf.Tensor, label: tf.Tensor, weight: tf.Tensor | None = None
) -> tf.Tensor:
    """Return the mean of the squared differences."""
    return _mean(tf.square(output - label), weight)


@loss("mae", task="regression")
def mean_absolute_error(
    _: Train, output: tf.Tensor, label: tf.Tensor, weight: tf.Tensor | None = None
) -> tf.Tensor:
    """Return the mean of the absolute differences."""
    return _mean(tf.abs(output - label), weight)


@loss("huber", task="regression", curvature=1.0)
def huber(
    settings: Train, output: tf.Tensor, label: tf.Tensor, weight: tf.Tensor | None = None
) -> tf.Tensor:
    """Return the mean Huber loss, quadratic for small differences, linear for large ones."""
    difference = tf.abs(output - label)
    small = tf.minimum(difference, settings.huber_delta)
    return _mean(small * (difference - 0.5 * small), weight)


@loss("softmax_cross_entropy", task="classification", head="softmax", curvature=0.5)
def softmax_cross_entropy(
    _: Train, output: tf.Tensor, label: tf.Tensor, weight: tf.Tensor | None = None
) -> tf.Tensor:
    """Return the mean cross entropy of one class among several."""
    entropies = tf.nn.softmax_cross_entropy_with_logits(_one_hot(output, label), output)
    return _mean(entropies, weight)


@loss("sigmoid_cross_entropy", task="classification", head="sigmoid", curvature=0.25)
def sigmoid_cross_entropy(
    _: Train, output: tf.Tensor, label: tf.Tensor, weight: tf.Tensor | None = None
) -> tf.Tensor:
    """Return the mean over rows of the cross entropies of each class against the rest, summed."""
    entropies = tf.nn.sigmoid_cross_entropy_with_logits(_one_hot(output, label), output)
    return _mean(tf.reduce_sum(entropies, axis=1), weight)


@loss("contrastive", task="similarity")
def contrastive(
    settings: Train, output: tf.Tensor, label: tf.Tensor, weight: tf.Tensor | None = None
) -> tf.Tensor:
    """Pull equal pairs (label 1) together, push others to the margin (Hadsell et al., 2006)."""
    apart = tf.maximum(settings.margin - output, 0.0)
    return _mean(label * tf.square(output) + (1 - label) * tf.square(apart), weight)


@loss("value", task="minimization", records_variables=True)
def value(_: Train, output: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Return the mean of the output itself."""
    return tf.reduce_mean(output)


def _one_hot(output: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    return tf.one_hot(tf.cast(label[:, 0], tf.int32), output.shape[1])


def _mean(values: tf.Tensor, weight: tf.Tensor | None) -> tf.Tensor:
    """Return the mean of `[rows]` or `[rows, targets]`, each row times its weight."""
    if weight is None:
        return tf.reduce_mean(values)
    return tf.reduce_mean(values * (weight[:, 0] if values.shape.rank == 1 else weight))
