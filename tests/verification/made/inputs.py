"""Inputs that are not placeholders: queues, iterators, constants, defaults."""

import numpy as np
import tensorflow.compat.v1 as tf

from .layers import dense
from .model import Ends, ends, model

ROWS = np.random.default_rng(9).normal(size=(16, 4)).astype(np.float32)


@model(old=True)
def queue_of_rows() -> Ends:
    """A FIFO queue that threads would fill; rows are taken in batches."""
    queue = tf.FIFOQueue(32, [tf.float32], [[4]], name="queue")
    runner = tf.train.QueueRunner(queue, [queue.enqueue_many([tf.constant(ROWS)])])
    tf.train.add_queue_runner(runner)
    rows = queue.dequeue_many(8, name="batch")
    return ends([rows], [dense(rows, 2, "out")])


@model(old=True)
def batched_slices() -> Ends:
    """`tf.train.batch`, as in the tutorials of 2016."""
    row = tf.train.slice_input_producer([tf.constant(ROWS)], shuffle=False)
    batch = tf.train.batch(row, 4)
    return ends([batch], [dense(batch, 3, "out")])


@model()
def iterator() -> Ends:
    """An initializable iterator of a data set."""
    rows = tf.data.Dataset.from_tensor_slices(ROWS).repeat().batch(4, drop_remainder=True)
    batch = tf.data.make_initializable_iterator(rows).get_next()
    return ends([batch], [dense(batch, 2, "out")])


@model()
def default_temperature() -> Ends:
    """An input that may be left out."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    temperature = tf.placeholder_with_default(2.0, [], name="temperature")
    return ends([x], [tf.nn.softmax(dense(x, 3, "out") / temperature, name="softmax")])


@model(old=True)
def unknown_rank() -> Ends:
    """A placeholder without a shape."""
    x = tf.placeholder(tf.float32, name="x")
    scale = tf.get_variable("scale", [3], initializer=tf.random_normal_initializer(seed=4))
    return ends([x], [tf.reduce_sum(tf.reshape(x, [-1, 1]) * scale, 0, name="sums")])


@model()
def nothing_to_feed() -> Ends:
    """Outputs that depend on variables alone."""
    kernel = tf.get_variable("kernel", [3, 3])
    return ends([], [tf.linalg.inv(kernel, name="inverse"), tf.linalg.norm(kernel, name="norm")])
