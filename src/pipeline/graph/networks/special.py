"""Networks for special tasks: pairs of examples, the search of a minimum, a user's own function."""

import inspect
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from pipeline.graph.layers import Training, activation, dense, flatten
from pipeline.graph.networks.registry import network
from pipeline.graph.own_variables import leading_get_variable
from pipeline.graph.variables import Variables
from pipeline.schema.training.model import Custom, Siamese, Sinc
from pipeline.workspace import user_code

# What a function takes that creates its variables with `get_variable`.
PLAIN_ARGUMENTS = ("options", "features", "outputs", "training")


@network("siamese", tasks=("similarity",))
def siamese(
    settings: Siamese, features: tf.Tensor, outputs: int, variables: Variables, training: Training
) -> tf.Tensor:
    """The Euclidean distance of two embeddings, from one tower that is applied twice.

    The second application finds the variables of the first: `variable_scope` with reuse.
    """

    def tower(values: tf.Tensor) -> tf.Tensor:
        for layer, width in enumerate(settings.hidden, start=1):
            values = dense(values, width, f"tower/hidden_{layer}", settings, variables)
            values = activation(values, "relu", f"tower/hidden_{layer}", variables)
        return dense(values, settings.embedding, "tower/embedding", settings, variables)

    one, other = (tower(flatten(features[:, side])) for side in (0, 1))
    squares = tf.reduce_sum(tf.square(one - other), axis=1, keepdims=True)
    return tf.sqrt(squares + 1e-12)  # the root has no slope at 0


@network("sinc", tasks=("minimization",))
def sinc(
    settings: Sinc, features: tf.Tensor, outputs: int, variables: Variables, training: Training
) -> tf.Tensor:
    """y = 1 - sin(x)/x at the variable x plus the offset that is fed."""
    x = variables("x", [1], settings.x) + flatten(features)
    is_zero = tf.equal(x, 0)  # `==` compares identities in a graph
    nonzero = tf.where(is_zero, tf.ones_like(x), x)
    return tf.where(is_zero, tf.zeros_like(x), 1 - tf.sin(nonzero) / nonzero)


@network("custom", tasks=("regression", "classification", "similarity", "minimization"))
def custom(
    settings: Custom, features: tf.Tensor, outputs: int, variables: Variables, training: Training
) -> tf.Tensor:
    """Call the user's function with `model.options` in place of the settings.

    One without an argument `variables` creates its variables with `get_variable`.
    """
    function = user_code.function(settings.target, variables.workspace)
    if _takes_variables(function):
        return function(settings.options, features, outputs, variables, training)
    with leading_get_variable(variables):
        return function(settings.options, features, outputs, training)


def _takes_variables(function: Callable[..., Any]) -> bool:
    """Tell whether a function takes what networks of this pipeline take, by number or by name."""
    arguments = inspect.signature(function).parameters
    return "variables" in arguments or len(arguments) != len(PLAIN_ARGUMENTS)
