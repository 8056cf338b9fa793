"""Networks of images: LeNet-5 and a small VGG."""

import tensorflow as tf

from pipeline.graph import layers
from pipeline.graph.layers import Training
from pipeline.graph.networks.registry import network
from pipeline.graph.variables import Variables
from pipeline.schema.training.model import Lenet, Vgg


@network("lenet", images=True)
def lenet(
    settings: Lenet, features: tf.Tensor, outputs: int, variables: Variables, training: Training
) -> tf.Tensor:
    """Two convolutions, each with a pooling, then dense layers."""
    values = features
    for block, filters in enumerate(settings.filters, start=1):
        name = f"convolution_{block}"
        values = layers.convolve(values, 5, filters, name, settings, variables)
        # A bias and ReLU keep the order of values, so they can wait for the quarter that is left.
        values = layers.max_pool(values, f"pooling_{block}", variables, training)
        values = layers.add_bias(values, name, settings, variables)
        values = layers.activation(values, "relu", name, variables)
    return _head(settings, values, outputs, variables, training)


@network("vgg", images=True)
def vgg(
    settings: Vgg, features: tf.Tensor, outputs: int, variables: Variables, training: Training
) -> tf.Tensor:
    """Blocks of two convolutions and a pooling, then dense layers."""
    values = features
    for block, filters in enumerate(settings.filters, start=1):
        for part in (1, 2):
            name = f"convolution_{block}_{part}"
            values = layers.conv2d(values, 3, filters, name, settings, variables)
            if settings.batch_normalization:
                normalization = f"normalization_{block}_{part}"
                values = layers.batch_norm(values, normalization, variables, training)
            values = layers.activation(values, "relu", name, variables)
        values = layers.max_pool(values, f"pooling_{block}", variables, training)
    return _head(settings, values, outputs, variables, training)


def _head(
    settings: Lenet | Vgg, values: tf.Tensor, outputs: int, variables: Variables, training: Training
) -> tf.Tensor:
    values = layers.flatten(values)
    for layer, width in enumerate(settings.hidden, start=1):
        values = layers.dense(values, width, f"hidden_{layer}", settings, variables)
        values = layers.activation(values, "relu", f"hidden_{layer}", variables)
        values = layers.dropout(values, settings.dropout, f"hidden_{layer}", training)
    return layers.dense(values, outputs, "output", settings, variables)
