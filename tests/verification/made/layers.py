"""Layers as scripts had them before, and beside, `tf.layers`."""

from typing import Any

import tensorflow.compat.v1 as tf


def dense(x: Any, size: int, scope: str, activation: Any = None, dtype: Any = tf.float32) -> Any:
    with tf.variable_scope(scope, reuse=tf.AUTO_REUSE):
        weights = tf.get_variable("weights", [x.shape[-1], size], dtype)
        bias = tf.get_variable("biases", [size], dtype, tf.zeros_initializer())
        y = tf.nn.bias_add(tf.matmul(x, weights), bias)
        return activation(y) if activation else y


def conv(x: Any, size: int, scope: str, kernel: int = 3, **options: Any) -> Any:
    with tf.variable_scope(scope):
        filters = tf.get_variable("kernel", [kernel, kernel, x.shape[-1], size])
        bias = tf.get_variable("bias", [size], initializer=tf.zeros_initializer())
        return tf.nn.bias_add(tf.nn.conv2d(x, filters, padding="SAME", **options), bias)


def fused_batch_norm(x: Any, training: bool, scope: str) -> Any:
    """Batch norm of images; in training, it writes the moving values as an update."""
    size = [x.shape[-1]]
    with tf.variable_scope(scope):
        gamma = tf.get_variable("gamma", size, initializer=tf.ones_initializer())
        beta = tf.get_variable("beta", size, initializer=tf.zeros_initializer())
        mean, variance = moving(size)
        if not training:
            return tf.nn.fused_batch_norm(x, gamma, beta, mean, variance, is_training=False)[0]
        y, batch_mean, batch_variance = tf.nn.fused_batch_norm(x, gamma, beta)
        for variable, value in ((mean, batch_mean), (variance, batch_variance)):
            update = tf.assign(variable, 0.9 * variable + 0.1 * value)
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
        return y


def moving(size: list[int]) -> tuple[Any, Any]:
    """Variables for the moving mean and variance of batch norm."""
    zeros, ones = tf.zeros_initializer(), tf.ones_initializer()
    mean = tf.get_variable("moving_mean", size, initializer=zeros, trainable=False)
    return mean, tf.get_variable("moving_variance", size, initializer=ones, trainable=False)


def lstm_cell(x: Any, state: tuple[Any, Any], size: int) -> tuple[Any, Any]:
    """One step of an LSTM; returns the new (c, h)."""
    c, h = state
    gates = dense(tf.concat([x, h], 1), 4 * size, "lstm_cell")
    i, j, f, o = tf.split(gates, 4, axis=1)
    c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
    return c, tf.tanh(c) * tf.sigmoid(o)
