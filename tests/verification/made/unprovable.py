"""Models whose outputs are random, or change what they compute with."""

import tensorflow.compat.v1 as tf

from .layers import dense
from .model import Ends, ends, model


@model(old=True, unprovable="RandomStandardNormal")
def sampling() -> Ends:
    """The decoder of a variational autoencoder, which draws its code."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    mean, deviation = dense(x, 3, "mean"), tf.exp(dense(x, 3, "log_deviation"))
    code = mean + deviation * tf.random_normal(tf.shape(mean), seed=5)
    return ends([x], [dense(code, 4, "out")])


@model(unprovable="RandomUniform")
def dropout_left_on() -> Ends:
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    return ends([x], [dense(tf.nn.dropout(dense(x, 8, "hidden"), rate=0.5), 2, "out")])


@model(unprovable="Multinomial")
def sampled_class() -> Ends:
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    return ends([x], [tf.random.categorical(dense(x, 3, "out"), 1, name="class")])


@model(unprovable="AssignAddVariableOp", freeze=False)
def counter() -> Ends:
    """Each call counts itself."""
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    calls = tf.get_variable("calls", [], initializer=tf.zeros_initializer(), trainable=False)
    return ends([x], [tf.add(x, calls.assign_add(1.0), name="y")])


@model(old=True, unprovable="Assign", freeze=False)
def remembering() -> Ends:
    """A recurrent state that is kept between calls, in a ref variable."""
    x = tf.placeholder(tf.float32, [1, 3], name="x")
    state = tf.get_variable("state", [1, 3], initializer=tf.zeros_initializer(), trainable=False)
    kept = tf.assign(state, tf.tanh(dense(tf.concat([x, state], 1), 3, "cell")))
    return ends([x], [tf.identity(kept, name="y")])


@model(unprovable="Empty")
def uninitialized() -> Ends:
    x = tf.placeholder(tf.float32, [2, 2], name="x")
    memory = tf.raw_ops.Empty(shape=[2, 2], dtype=tf.float32, init=False)
    return ends([x], [tf.add(dense(x, 2, "out"), 0.0 * memory, name="y")])
