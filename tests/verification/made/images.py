"""Networks of images: convolution, pooling, batch norm, dropout, resizing."""

from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

from .layers import conv, dense, fused_batch_norm, moving
from .model import Ends, ends, model


def _image(size: int = 12, channels: int = 3) -> Any:
    return tf.placeholder(tf.float32, [None, size, size, channels], name="image")


def _flat(x: Any) -> Any:
    return tf.reshape(x, [-1, int(np.prod(x.shape.as_list()[1:]))])


@model(old=True, lite=True)
def lenet() -> Ends:
    image = _image(12, 1)
    x = tf.nn.max_pool(tf.nn.relu(conv(image, 4, "conv1", 5)), 2, 2, "SAME")
    x = tf.nn.max_pool(tf.nn.relu(conv(x, 6, "conv2")), 2, 2, "VALID")
    logits = dense(dense(_flat(x), 10, "fc1", tf.nn.relu), 4, "fc2")
    return ends([image], [tf.nn.softmax(logits, name="softmax"), logits])


@model(training=True)
def residual(training: bool = False) -> Ends:
    """A residual block, with fused batch norm in both modes."""
    image = _image()
    x = tf.nn.relu(fused_batch_norm(conv(image, 8, "stem"), training, "bn0"))
    y = tf.nn.relu(fused_batch_norm(conv(x, 8, "block/conv1"), training, "block/bn1"))
    y = fused_batch_norm(conv(y, 8, "block/conv2"), training, "block/bn2")
    pooled = tf.reduce_mean(tf.nn.relu(x + y), [1, 2], name="pool")
    return ends([image], [dense(pooled, 5, "logits")])


@model(old=True, training=True)
def batch_norm_by_cond(training: bool = False) -> Ends:
    """A switch `is_training` with a default, and old control flow around the moments."""
    image = _image(8, 2)
    is_training = tf.placeholder_with_default(training, [], name="is_training")
    x = conv(image, 4, "conv")
    with tf.variable_scope("bn"):
        mean, variance = moving([4])
        chosen = tf.cond(
            is_training,
            lambda: tuple(tf.nn.moments(x, [0, 1, 2])),
            lambda: (tf.identity(mean), tf.identity(variance)),
        )
        x = tf.nn.batch_normalization(x, *chosen, None, None, 1e-3)
    return ends([image], [tf.nn.relu6(x, name="map")])


@model(old=True)
def dropout_by_default() -> Ends:
    """A dropout rate with a default of 0: random numbers are in the graph, and change nothing."""
    image = _image(6, 1)
    rate = tf.placeholder_with_default(0.0, [], name="rate")
    hidden = tf.nn.dropout(dense(_flat(image), 8, "hidden", tf.nn.relu), rate=rate)
    return ends([image], [dense(hidden, 2, "out")])


@model(old=True)
def averaged_images() -> Ends:
    """Averages of weights in a scope of their own, which gradients update."""
    image = _image(6, 1)
    logits = dense(_flat(tf.nn.relu(conv(image, 3, "conv"))), 4, "fc")
    average = tf.train.ExponentialMovingAverage(0.9, name="average")
    with tf.control_dependencies([v.initializer for v in tf.trainable_variables()]):
        tf.group(average.apply(tf.trainable_variables()), name="update_averages")
    return ends([image], [tf.nn.softmax(logits, name="softmax")])


@model(training=True)
def mobile(training: bool = False) -> Ends:
    """Depthwise and pointwise convolution, relu6, global pooling, dropout in training."""
    image = _image()
    depthwise = tf.get_variable("depthwise", [3, 3, 3, 2])
    x = tf.nn.depthwise_conv2d(image, depthwise, [1, 2, 2, 1], "SAME")
    x = tf.nn.relu6(conv(x, 8, "pointwise", 1))
    pooled = tf.reduce_mean(x, [1, 2])
    if training:
        pooled = tf.nn.dropout(pooled, rate=0.2)
    return ends([image], [dense(pooled, 3, "out")])


@model()
def autoencoder() -> Ends:
    """Strided and transposed convolution, whose output shape is computed."""
    image = _image(8, 1)
    code = tf.nn.elu(conv(image, 3, "encoder", strides=2))
    filters = tf.get_variable("decoder/kernel", [3, 3, 1, 3])
    shape = tf.stack([tf.shape(image)[0], 8, 8, 1])
    decoded = tf.nn.conv2d_transpose(code, filters, shape, [1, 2, 2, 1])
    return ends([image], [tf.sigmoid(decoded, name="decoded"), tf.identity(code, name="code")])


@model()
def segmentation() -> Ends:
    """Dilated convolution, concatenated features, resized back."""
    image = _image()
    near, far = conv(image, 4, "near"), conv(image, 4, "far", dilations=2)
    both = tf.nn.avg_pool(tf.concat([near, far], 3), 2, 2, "SAME")
    scores = tf.image.resize_bilinear(conv(both, 3, "scores", 1), tf.shape(image)[1:3])
    return ends([image], [tf.argmax(scores, 3, name="mask", output_type=tf.int32), scores])


@model(old=True)
def local_normalization() -> Ends:
    """What AlexNet did: responses normalized over neighbours."""
    image = _image(9)
    x = tf.nn.lrn(tf.nn.relu(conv(image, 6, "conv1")), 2, 1.0, 1e-2, 0.75)
    x = tf.nn.max_pool(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 2, "VALID")
    return ends([image], [dense(_flat(x), 3, "fc")])


@model()
def super_resolution() -> Ends:
    image = _image(5, 1)
    x = tf.nn.tanh(conv(image, 8, "features"))
    return ends([image], [tf.nn.depth_to_space(conv(x, 4, "shuffle"), 2, name="large")])


@model()
def video() -> Ends:
    """Convolution and pooling in three dimensions."""
    frames = tf.placeholder(tf.float32, [None, 4, 6, 6, 1], name="frames")
    filters = tf.get_variable("filters", [2, 3, 3, 1, 4])
    x = tf.nn.relu(tf.nn.conv3d(frames, filters, [1, 1, 1, 1, 1], "SAME"))
    pooled = tf.nn.max_pool3d(x, [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "VALID")
    return ends([frames], [tf.reduce_max(pooled, [1, 2, 3], name="strongest")])


@model()
def encoded_image() -> Ends:
    """A PNG file comes as a string, as for a server."""
    content = tf.placeholder(tf.string, [], name="content")
    pixels = tf.image.decode_png(content, channels=3)
    image = tf.cast(pixels, tf.float32)[tf.newaxis] / 255.0
    small = tf.image.resize_bilinear(image, [8, 8])
    small.set_shape([1, 8, 8, 3])
    return ends([content], [dense(_flat(small), 4, "scores")])


@model()
def boxes() -> Ends:
    """Detection: scores and boxes, of which overlapping ones are left out."""
    features = tf.placeholder(tf.float32, [10, 6], name="features")
    corner = dense(features, 2, "corner", tf.sigmoid)
    size = dense(features, 2, "size", tf.sigmoid)
    box = tf.concat([corner, corner + size], 1, name="box")
    score = tf.squeeze(dense(features, 1, "score", tf.sigmoid), 1)
    kept = tf.image.non_max_suppression(box, score, 4, 0.3, name="kept")
    return ends([features], [tf.gather(box, kept, name="boxes"), tf.gather(score, kept, name="s")])
