"""Networks: each is one function of tensors and variables.

The training graph, the inference graph, eager inference, and so the frozen graph, all come from
the same function. It gets `[rows, …] float32`, scaled, and returns `[rows, outputs]`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError

from pipeline import custom
from pipeline.errors import ArtifactError, ConfigError, listing, nearest, one_line
from pipeline.graph.layers import (
    Training,
    activated,
    batch_normalized,
    convolution,
    dense,
    dropped,
    flat,
    pooled,
)
from pipeline.graph.variables import Variables
from pipeline.settings import model as schema
from pipeline.settings.model import Network

v1 = tf.compat.v1


def linear(
    settings: schema.Linear | schema.Softmax,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: Training | None,
) -> tf.Tensor:
    """y = xW + b."""
    return _affine(flat(features), outputs, settings, variables)


def _affine(
    values: tf.Tensor, outputs: int, settings: schema.Weighted, variables: Variables
) -> tf.Tensor:
    weights = variables("weights", [values.shape[1], outputs], settings.weights)
    return tf.matmul(values, weights) + variables("bias", [outputs], settings.bias)


def polynomial(
    settings: schema.Polynomial,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: Training | None,
) -> tf.Tensor:
    """A linear function of the features' powers; `weights` has those of x first, then of x², …"""
    powers = [flat(features)]
    for _ in range(settings.degree - 1):
        powers.append(powers[-1] * powers[0])
    return _affine(tf.concat(powers, axis=1), outputs, settings, variables)


def mlp(
    settings: schema.Mlp,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: Training | None,
) -> tf.Tensor:
    """Dense hidden layers with batch normalization, activation and dropout."""
    values = flat(features)
    for layer, width in enumerate(settings.hidden, start=1):
        values = dense(values, width, f"hidden_{layer}", settings, variables)
        if settings.batch_normalization:
            values = batch_normalized(values, f"normalization_{layer}", variables, training)
        values = activated(values, settings.activation, f"hidden_{layer}", variables)
        values = dropped(values, settings.dropout, f"hidden_{layer}", training)
    return dense(values, outputs, "output", settings, variables)


def lenet(
    settings: schema.Lenet,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: Training | None,
) -> tf.Tensor:
    """Two convolutions, each with a pooling, then dense layers."""
    values = features
    for block, filters in enumerate(settings.filters, start=1):
        name = f"convolution_{block}"
        values = convolution(values, 5, filters, name, settings, variables)
        values = pooled(activated(values, "relu", name, variables), f"pooling_{block}", variables)
    return _head(settings, values, outputs, variables, training)


def vgg(
    settings: schema.Vgg,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: Training | None,
) -> tf.Tensor:
    """Blocks of two convolutions and a pooling, then dense layers."""
    values = features
    for block, filters in enumerate(settings.filters, start=1):
        for part in (1, 2):
            name = f"convolution_{block}_{part}"
            values = convolution(values, 3, filters, name, settings, variables)
            if settings.batch_normalization:
                normalization = f"normalization_{block}_{part}"
                values = batch_normalized(values, normalization, variables, training)
            values = activated(values, "relu", name, variables)
        values = pooled(values, f"pooling_{block}", variables)
    return _head(settings, values, outputs, variables, training)


def _head(
    settings: schema.Lenet | schema.Vgg,
    values: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: Training | None,
) -> tf.Tensor:
    values = flat(values)
    for layer, width in enumerate(settings.hidden, start=1):
        values = dense(values, width, f"hidden_{layer}", settings, variables)
        values = activated(values, "relu", f"hidden_{layer}", variables)
        values = dropped(values, settings.dropout, f"hidden_{layer}", training)
    return dense(values, outputs, "output", settings, variables)


def siamese(
    settings: schema.Siamese,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: Training | None,
) -> tf.Tensor:
    """The Euclidean distance of two embeddings, made by one tower that is run twice.

    The second run finds the variables of the first: `variable_scope` with reuse.
    """

    def tower(values: tf.Tensor) -> tf.Tensor:
        for layer, width in enumerate(settings.hidden, start=1):
            values = dense(values, width, f"tower/hidden_{layer}", settings, variables)
            values = activated(values, "relu", f"tower/hidden_{layer}", variables)
        return dense(values, settings.embedding, "tower/embedding", settings, variables)

    one, other = (tower(flat(features[:, side])) for side in (0, 1))
    squares = tf.reduce_sum(tf.square(one - other), axis=1, keepdims=True)
    return tf.sqrt(squares + 1e-12)  # the root has no slope at 0


def sinc(
    settings: schema.Sinc,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: Training | None,
) -> tf.Tensor:
    """y = 1 - sin(x)/x at the variable x plus the offset that is fed."""
    x = variables("x", [1], settings.x) + flat(features)
    elsewhere = tf.where(x == 0, tf.ones_like(x), x)
    return tf.where(x == 0, tf.zeros_like(x), 1 - tf.sin(elsewhere) / elsewhere)


def transfer(
    settings: schema.Transfer,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: Training | None,
) -> tf.Tensor:
    """A new head on a layer of a frozen graph; the graph itself is not trained."""
    values = flat(tf.stop_gradient(_layer_of(Path(settings.graph), settings.layer, features)))
    for layer, width in enumerate(settings.hidden, start=1):
        values = dense(values, width, f"head_{layer}", settings, variables)
        values = activated(values, "relu", f"head_{layer}", variables)
    return dense(values, outputs, "output", settings, variables)


def _layer_of(path: Path, layer: str, features: tf.Tensor) -> tf.Tensor:
    """Return a tensor of a frozen graph that is fed with features."""
    definition = v1.GraphDef()
    try:
        definition.ParseFromString(path.read_bytes())
    except (OSError, DecodeError) as error:
        raise ArtifactError(f"model.graph={path} cannot be read: {error}") from None
    names = {f"{node.name}:0" for node in definition.node}
    if layer not in names or "features:0" not in names:
        wanted = layer if layer not in names else "features:0"
        raise ConfigError(
            f"model.layer: {path} has no tensor {wanted!r}{nearest(wanted, names)}; `pipeline"
            f" inspect --ops {path}` lists them"
        )

    def imported(values: tf.Tensor) -> tf.Tensor:
        (found,) = tf.import_graph_def(
            definition, {"features:0": values}, [layer], name="network/base"
        )
        return found

    values = flat(features)
    try:
        if not tf.executing_eagerly():
            found = imported(values)
        else:
            found = v1.wrap_function(imported, [tf.TensorSpec([None, values.shape[1]])])(values)
    except ValueError as error:
        raise ConfigError(
            f"model.graph={path} does not take {values.shape[1]} features: {one_line(error)}"
        ) from None
    rows = found.shape[0] if found.shape.rank else None
    if found.shape.rank in (0, 1) or rows not in (None, values.shape[0]):
        raise ConfigError(
            f"model.layer={layer} has shape {found.shape}, and no row for each row of features;"
            " take the output of a layer"
        )
    return found


def of_the_user(
    settings: schema.Custom,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: Training | None,
) -> tf.Tensor:
    """A function from a module of the user's own."""
    network = custom.function(settings.target)
    return network(settings.options, features, outputs, variables, training)


NetworkFunction = Callable[[Any, tf.Tensor, int, Variables, Training | None], tf.Tensor]

NETWORKS: dict[str, NetworkFunction] = {
    "linear": linear,
    "softmax": linear,
    "polynomial": polynomial,
    "mlp": mlp,
    "lenet": lenet,
    "vgg": vgg,
    "siamese": siamese,
    "sinc": sinc,
    "transfer": transfer,
    "custom": of_the_user,
}

# What a network can be trained for, where that is not any prediction of numbers or classes.
TASKS = {
    "softmax": ("classification",),
    "siamese": ("similarity",),
    "sinc": ("minimization",),
    "custom": ("regression", "classification", "similarity", "minimization"),
}
IMAGES = ("lenet", "vgg")


def require_fit(settings: Network, task: str, shape: Sequence[int]) -> None:
    """Refuse a network that cannot do the task on examples of this shape.

    Raises:
        ConfigError: naming the networks that can.
    """
    tasks = {name: TASKS.get(name, ("regression", "classification")) for name in NETWORKS}
    if task not in tasks[settings.name]:
        able = [name for name, known in tasks.items() if task in known]
        raise ConfigError(
            f"model={settings.name} does {' and '.join(tasks[settings.name])}, and the data is for"
            f" {task}; choose one of {listing(able, 12)}"
        )
    if settings.name in IMAGES and len(shape) != 3:
        raise ConfigError(
            f"model={settings.name} takes images, and an example has shape {tuple(shape)}; choose"
            " data=digits, data=mnist or another model"
        )
    if settings.name == "transfer" and not Path(settings.graph).is_file():
        raise ConfigError(f"model.graph={settings.graph}: no such file")


def network(
    settings: Network,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: Training | None = None,
) -> tf.Tensor:
    """Run the network that the configuration names; without `training`, in its inference form."""
    output = NETWORKS[settings.name](settings, features, outputs, variables, training)
    if not isinstance(output, tf.Tensor) or not output.shape.is_compatible_with([None, outputs]):
        given = f"shape {output.shape}" if isinstance(output, tf.Tensor) else repr(output)
        raise ConfigError(
            f"model={settings.name} returns {given}, and [rows, {outputs}] is needed for this data"
        )
    return output
