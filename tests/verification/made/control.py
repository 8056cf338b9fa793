"""Control flow of both kinds, and functions."""

from typing import Any

import tensorflow.compat.v1 as tf
from tensorflow.python.framework import function

from .layers import dense
from .model import Ends, ends, model


def _branches() -> Ends:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    positive = tf.get_variable("positive", [3, 2])
    negative = tf.get_variable("negative", [3, 2])
    y = tf.cond(
        tf.reduce_sum(x) >= 0,
        lambda: tf.matmul(x, positive),
        lambda: tf.matmul(x, negative) - 1.0,
    )
    return ends([x], [tf.identity(y, name="y")])


@model(old=True)
def cond_old() -> Ends:
    return _branches()


@model()
def cond_new() -> Ends:
    return _branches()


@model(old=True)
def cases_old() -> Ends:
    """Three branches by an integer that is fed."""
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    kind = tf.placeholder(tf.int32, [], name="kind")
    scale = tf.get_variable("scale", [2], initializer=tf.random_normal_initializer(seed=2))
    cases = [(tf.equal(kind, 1), lambda: x * scale), (tf.equal(kind, 0), lambda: x / scale)]
    return ends([x, kind], [tf.identity(tf.case(cases, lambda: x - scale), name="y")])


@model()
def switch_new() -> Ends:
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    kind = tf.placeholder(tf.int32, [], name="kind")
    weights = tf.get_variable("weights", [2, 2])
    branches = [lambda: tf.matmul(x, weights), lambda: x + weights[0], lambda: tf.exp(-x * x)]
    return ends([x, kind], [tf.identity(tf.switch_case(kind, branches), name="y")])


def _nested() -> Ends:
    """Powers of a matrix in two loops, one inside the other."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    weights = tf.get_variable("weights", [3, 3])

    def inner(times: Any, y: Any) -> Any:
        body = lambda at, one: (at + 1, tf.tanh(tf.matmul(one, weights)))  # noqa: E731
        return tf.while_loop(lambda at, _: at < times, body, (0, y))[1]

    _, y = tf.while_loop(lambda at, _: at < 3, lambda at, y: (at + 1, inner(at, y)), (0, x))
    return ends([x], [tf.identity(y, name="y")])


@model(old=True)
def nested_loops_old() -> Ends:
    return _nested()


@model()
def nested_loops_new() -> Ends:
    return _nested()


@model(old=True)
def map_old() -> Ends:
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    kernel = tf.get_variable("kernel", [4])
    y = tf.map_fn(lambda row: tf.reduce_sum(tf.cumsum(row) * kernel), x)
    return ends([x], [tf.identity(y, name="y")])


@model()
def scan_new() -> Ends:
    """A running, decayed sum over the rows."""
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    decay = tf.get_variable("decay", [2], initializer=tf.constant_initializer([0.5, 0.9]))
    y = tf.scan(lambda state, row: state * decay + row, x, tf.zeros([2]))
    return ends([x], [tf.identity(y, name="sums")])


@model(old=True)
def collatz() -> Ends:
    """A loop of integers whose number of turns depends on what is fed."""
    start = tf.placeholder(tf.int64, [], name="start")
    seed = tf.get_variable("seed", initializer=tf.constant(3, tf.int64), trainable=False)
    begin = tf.floormod(tf.abs(start), 50) + seed

    def turn(value: Any, turns: Any) -> tuple[Any, Any]:
        halved = tf.cond(tf.equal(value % 2, 0), lambda: value // 2, lambda: 3 * value + 1)
        return halved, turns + 1

    going = lambda value, turns: tf.logical_and(value > 1, turns < 99)  # noqa: E731
    value, turns = tf.while_loop(going, turn, (begin, tf.constant(0, tf.int64)))
    return ends([start], [tf.identity(value, name="value"), tf.identity(turns, name="turns")])


@model(old=True)
def defined_function() -> Ends:
    """A function by `Defun`, called twice, whose name is the operation's."""

    @function.Defun(tf.float32, tf.float32, func_name="Swish")
    def swish(x: Any, slope: Any) -> Any:
        return x * tf.sigmoid(slope * x)

    x = tf.placeholder(tf.float32, [None, 3], name="x")
    slope = tf.get_variable("slope", [], initializer=tf.constant_initializer(1.5))
    hidden = tf.reshape(swish(x, slope), [-1, 3])  # a function forgets shapes
    return ends([x], [swish(dense(hidden, 4, "hidden"), slope)])


@model()
def graph_function() -> Ends:
    """`tf.function` inside of a graph: a partitioned call that captures variables."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    weights = tf.get_variable("weights", [3, 3])

    @tf.function
    def inner(y: Any) -> Any:
        return tf.nn.relu(tf.matmul(y, weights)) + 0.25

    @tf.function
    def outer(y: Any) -> Any:
        return inner(inner(y)) * 0.5

    return ends([x], [tf.identity(outer(x), name="y")])


@model()
def custom_gradient() -> Ends:
    """An operation with a gradient of its own, which becomes IdentityN."""

    @tf.custom_gradient
    def clipped(x: Any) -> tuple[Any, Any]:
        return tf.clip_by_value(x, -1.0, 1.0), lambda dy: dy

    x = tf.placeholder(tf.float32, [None, 4], name="x")
    return ends([x], [tf.identity(clipped(dense(x, 3, "out")), name="y")])


@model(old=True)
def checked() -> Ends:
    """Assertions and prints beside what is computed."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    checks = [tf.debugging.assert_rank(x, 2), tf.debugging.assert_equal(tf.shape(x)[1], 4)]
    with tf.control_dependencies(checks):
        y = dense(tf.identity(x), 2, "out")
    return ends([x], [tf.identity(y, name="y")])
