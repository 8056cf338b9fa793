"""Networks: each is one function of tensors and variables.

The training graph, the inference graph, eager inference, and so the frozen graph, all come from
the same function. It gets `[rows, features] float32`, scaled, and returns `[rows, outputs]`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from pipeline.graph.variables import Variables
from pipeline.settings import Linear, Mlp, Network


@dataclass(frozen=True)
class Training:
    """A pass that trains. Its random numbers depend on (seed, step) and nothing else.

    Attributes:
        seed: `[2] int32`: the seed and the step.
    """

    seed: tf.Tensor

    def dropout(self, values: tf.Tensor, rate: float, layer: int) -> tf.Tensor:
        """Drop a share of the values and scale up the others."""
        if rate == 0:
            return values
        return tf.nn.experimental.stateless_dropout(
            values, rate, self.seed + tf.constant([layer, 0]), rng_alg="philox"
        )


def linear(
    settings: Linear, features: tf.Tensor, variables: Variables, training: Training | None
) -> tf.Tensor:
    """y = xW + b."""
    weights = variables("weights", [features.shape[1], 1], settings.weights)
    bias = variables("bias", [1], settings.bias)
    return tf.matmul(features, weights) + bias


def mlp(
    settings: Mlp, features: tf.Tensor, variables: Variables, training: Training | None
) -> tf.Tensor:
    """Dense hidden layers with an activation, and with dropout while training."""
    activation = {"relu": tf.nn.relu, "tanh": tf.nn.tanh, "sigmoid": tf.nn.sigmoid}
    values = features
    for layer, width in enumerate(settings.hidden, start=1):
        values = activation[settings.activation](
            _dense(values, width, f"hidden_{layer}", settings, variables)
        )
        if training is not None:
            values = training.dropout(values, settings.dropout, layer)
    return _dense(values, 1, "output", settings, variables)


def _dense(
    values: tf.Tensor, width: int, name: str, settings: Mlp, variables: Variables
) -> tf.Tensor:
    weights = variables(f"{name}/weights", [values.shape[1], width], settings.weights)
    bias = variables(f"{name}/bias", [width], settings.bias)
    return tf.matmul(values, weights) + bias


NETWORKS: dict[str, Callable[[Any, tf.Tensor, Variables, Training | None], tf.Tensor]] = {
    "linear": linear,
    "mlp": mlp,
}


def network(
    settings: Network, features: tf.Tensor, variables: Variables, training: Training | None = None
) -> tf.Tensor:
    """Run the network that the configuration names; without `training`, in its inference form."""
    return NETWORKS[settings.name](settings, features, variables, training)
