"""Graphs that use variables through their handles, in loops, branches and functions."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from .scripts import features, old_control_flow, variable

v1 = tf.compat.v1

Build = Callable[[], Any]

READING: dict[str, Build] = {}
WRITING: dict[str, Build] = {}  # by the operation that is to blame


def reads(build: Build) -> Build:
    READING[build.__name__] = build
    return build


def reads_in_both_ways(build: Build) -> Build:
    """Keep a graph also with the control flow of version 1."""

    def before() -> None:
        with old_control_flow():
            build()

    READING[f"{build.__name__}_v1"] = before
    return reads(build)


def writes(op: str) -> Callable[[Build], Build]:
    def keep(build: Build) -> Build:
        WRITING[f"{build.__name__}: {op}"] = build
        return build

    return keep


@reads_in_both_ways
def gather_in_a_loop():
    table = variable("table", 5, 4)
    _, y = v1.while_loop(
        lambda i, _: i < 4,
        lambda i, y: (i + 1, tf.tanh(tf.matmul(y, variable_again("kernel"))) + gathered(table, i)),
        (0, features()),
    )
    tf.identity(y, name="y")


def gathered(table: Any, row: Any) -> tf.Tensor:
    return tf.raw_ops.ResourceGather(resource=table.handle, indices=row, dtype=tf.float32)


def variable_again(name: str) -> Any:
    with tf.init_scope(), v1.variable_scope("", reuse=v1.AUTO_REUSE):
        return variable(name, 4, 4)


@reads_in_both_ways
def question_in_a_loop():
    kernel = variable("kernel", 4, 4)

    def turn(i, y):
        has_value = tf.raw_ops.VarIsInitializedOp(resource=kernel.handle)
        return i + tf.cast(has_value, tf.int32), tf.matmul(y, kernel)

    tf.identity(v1.while_loop(lambda i, _: i < 3, turn, (0, features()))[1], name="y")


@reads_in_both_ways
def branches_that_choose_a_variable():
    x, chosen = features(), v1.placeholder(tf.bool, [], "chosen")
    a, b = variable("a", 4, 4, resource=False), variable("b", 4, 4)
    kernel = v1.cond(chosen, lambda: v1.cond(x[0, 0] > 0, lambda: a, lambda: b), lambda: b)
    tf.matmul(x, kernel, name="y")


@reads
def two_calls_of_one_function():
    first, second = variable("first", 4, 4), variable("second", 4, 4)
    wide = variable("wide", 4, 4, dtype=tf.float64)
    handle = tf.TensorSpec([], tf.resource)

    @tf.function(input_signature=[tf.TensorSpec([None, 4]), handle])
    def layer(x, kernel):
        return tf.matmul(x, tf.raw_ops.ReadVariableOp(resource=kernel, dtype=tf.float32))

    @tf.function(input_signature=[handle])
    def size(kernel):
        return tf.cast(tf.raw_ops.VariableShape(input=kernel), tf.float32)

    y = layer(layer(features(), first.handle), second.handle)
    tf.identity(y + size(first.handle)[0] + size(wide.handle)[1], name="y")


@reads
def questions():
    kernel, other = variable("kernel", 4, 3), variable("other", 4, 3, resource=False)
    has_value = tf.raw_ops.VarIsInitializedOp(resource=kernel.handle)
    with tf.control_dependencies([v1.debugging.Assert(has_value, ["no value"])]):
        tf.matmul(features(), kernel + other, name="y")
    tf.raw_ops.VariableShape(input=kernel.handle, out_type=tf.int64, name="size")
    tf.logical_and(has_value, v1.is_variable_initialized(other), name="has_value")


@reads
def gathers():
    table = variable("table", 2, 5, 3)

    @tf.function
    def rows(ids):
        by_batch = tf.raw_ops.ResourceGather(
            resource=table.handle, indices=ids, dtype=tf.float32, batch_dims=1
        )
        return by_batch[:, 0] + tf.gather_nd(table, [[0, 1], [1, 2]])

    tf.identity(rows(v1.placeholder(tf.int32, [2, 1], "ids")), name="y")


@writes("AssignAddVariableOp")
def write_before_reading():
    kernel = variable("kernel", 4, 4)
    with tf.control_dependencies([kernel.assign_add(tf.ones([4, 4]))]):
        tf.matmul(features(), kernel.read_value(), name="y")


@writes("AssignAdd")
def write_to_a_reference():
    kernel = variable("kernel", 4, 4, resource=False)
    with tf.control_dependencies([v1.assign_add(kernel, tf.ones([4, 4]))]):
        tf.matmul(features(), kernel, name="y")


@writes("AssignAddVariableOp")
def write_in_a_function():
    kernel = variable("kernel", 4, 4)

    @tf.function
    def layer(x):
        kernel.assign_add(tf.ones([4, 4]))
        return tf.matmul(x, kernel)

    tf.identity(layer(features()), name="y")


@writes("AssignSubVariableOp")
def value_while_training():
    x, training = features(), v1.placeholder(tf.bool, [], "training")
    mean = variable("mean", 4)
    changed = v1.cond(
        training, lambda: mean.assign_sub(tf.reduce_mean(x, 0)).read_value(), mean.read_value
    )
    tf.subtract(x, changed, name="y")


@writes("RngReadAndSkip")
def numbers_that_count_on():
    generator = tf.random.Generator.from_seed(1)
    tf.add(features(), generator.normal([4]), name="y")
