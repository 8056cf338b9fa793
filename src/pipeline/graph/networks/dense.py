"""Networks of tables: linear, softmax, polynomial, and the multilayer perceptron."""

from collections.abc import Sequence

import tensorflow as tf

from pipeline.graph.layers import (
    Codes,
    TrainingPass,
    activation,
    batch_norm,
    dense,
    dropout,
    flatten,
)
from pipeline.graph.networks.registry import network
from pipeline.graph.variables import Variables
from pipeline.schema.training import model as schema


@network("softmax", tasks=("classification",), takes_codes=True)
@network("linear", takes_codes=True)
def linear(
    settings: schema.Linear | schema.Softmax,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: TrainingPass | None,
    codes: Sequence[Codes],
) -> tf.Tensor:
    """y = xW + b; codes are one-hot in x."""
    return _affine(flatten(features), codes, outputs, settings, variables)


@network("polynomial", takes_codes=True)
def polynomial(
    settings: schema.Polynomial,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: TrainingPass | None,
    codes: Sequence[Codes],
) -> tf.Tensor:
    """A linear function of the features' powers; `weights` has those of x first, then of x², …"""
    powers = [flatten(features)]
    for _ in range(settings.degree - 1):
        powers.append(powers[-1] * powers[0])
    return _affine(tf.concat(powers, axis=1), codes, outputs, settings, variables)


@network("mlp")
def mlp(
    settings: schema.Mlp,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: TrainingPass | None,
) -> tf.Tensor:
    """Dense hidden layers with batch normalization, activation and dropout."""
    values = flatten(features)
    for layer, width in enumerate(settings.hidden, start=1):
        values = dense(values, width, f"hidden_{layer}", settings, variables)
        if settings.batch_normalization:
            values = batch_norm(values, f"normalization_{layer}", variables, training)
        values = activation(values, settings.activation, f"hidden_{layer}", variables)
        values = dropout(values, settings.dropout, f"hidden_{layer}", training)
    return dense(values, outputs, "output", settings, variables)


def _affine(
    values: tf.Tensor,
    codes: Sequence[Codes],
    outputs: int,
    settings: schema.Weighted,
    variables: Variables,
) -> tf.Tensor:
    """Return `values · weights + bias`, and a weight for each code."""
    parts = []
    if values.shape[1]:  # a frozen graph with a product of no columns makes TensorFlow crash
        weights = variables("weights", [values.shape[1], outputs], settings.weights)
        parts.append(tf.matmul(values, weights))
    if codes:
        # Zeros, so that a code of no training row stays neutral.
        depths = [one.depth for one in codes]
        of_codes = tf.split(variables("code_weights", [sum(depths), outputs], 0), depths)
        parts += [one.look_up(part) for one, part in zip(codes, of_codes, strict=True)]
    # One sum: a session's graph optimizer reorders a chain of them, eager execution does not.
    output = tf.add_n(parts) if len(parts) > 1 else parts[0]
    if not values.shape[1]:  # zeros, so that a frozen graph keeps the input
        output += tf.reduce_sum(values, axis=1, keepdims=True)
    return output + variables("bias", [outputs], settings.bias)
