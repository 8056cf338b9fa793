"""What a script of 2017 leaves: placeholders, layers by hand, an optimizer, and its checkpoint."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from pipeline.graph.devices import without_op_determinism

v1 = tf.compat.v1


@dataclass(frozen=True)
class Script:
    """What the script does besides a hidden layer and a mean squared error.

    Attributes:
        columns: of the placeholder `x`.
        resource: variables are resources, not references.
        dropout: the hidden layer has dropout, by the placeholder `keep_prob`.
        normalized: it has batch normalization, by the placeholder `is_training`.
        steps: it takes before it saves; None: it saves the graph alone.
        is_iterator: there are no placeholders, rows come from a data set.
        has_fixed_rows: these rows come four at a time, which the gradients know.
        is_older: branches are those of before functions: Switch and Merge.
        overflows: the loss is infinite after the steps that the script takes.
        acts: the hidden layer passes through Python.
        classes: the output is logits of so many classes, and the label the number of one.
    """

    columns: int = 10
    resource: bool = False
    dropout: bool = False
    normalized: bool = False
    steps: int | None = 5
    is_iterator: bool = False
    has_fixed_rows: bool = False
    classes: int = 0
    acts: bool = False
    overflows: bool = False
    is_older: bool = False


def run(folder: Path, script: Script) -> str:
    """Run a script; returns the prefix of its checkpoint, or its `.meta` file."""
    folder.mkdir()
    with without_op_determinism(), tf.Graph().as_default() as graph:
        if script.is_older:
            v1.disable_control_flow_v2()
        try:
            train = build(script)
        finally:
            v1.enable_control_flow_v2()
        saver = v1.train.Saver()
        if script.steps is None:
            v1.train.export_meta_graph(f"{folder}/model.meta", saver_def=saver.as_saver_def())
            return f"{folder}/model.meta"
        with v1.Session(graph=graph) as session:
            session.run(v1.global_variables_initializer())
            draw = np.random.default_rng(0)
            for variable in v1.trainable_variables():
                if variable.shape.rank == 2:
                    variable.load(draw.normal(0, 0.1, variable.shape), session)
            for _ in range(script.steps):
                label = draw.integers(script.classes, size=8) if script.classes else np.zeros(8)
                feeds = {"x:0": draw.normal(size=(8, script.columns)), "y:0": label}
                feeds |= {"keep_prob:0": 0.5} if script.dropout else {}
                feeds |= {"is_training:0": True} if script.normalized else {}
                session.run(train, {} if script.is_iterator else feeds)
            return str(saver.save(session, f"{folder}/model", global_step=script.steps))


def build(script: Script) -> tf.Operation:
    """Build the graph in the default graph; returns the operation that takes a step."""
    if script.is_iterator:
        rows = np.zeros((8, script.columns), "f"), np.zeros(8, "f")
        rows = tf.data.Dataset.from_tensor_slices(rows).repeat().batch(4, script.has_fixed_rows)
        x, y = v1.data.make_one_shot_iterator(rows).get_next()
    else:
        x = v1.placeholder(tf.float32, [None, script.columns], name="x")
        y = v1.placeholder(tf.int64 if script.classes else tf.float32, [None], name="y")
    w = v1.Variable(
        v1.truncated_normal([script.columns, 16], stddev=0.1),
        name="w", use_resource=script.resource,
    )  # fmt: skip
    b = v1.Variable(tf.zeros([16]), name="b", use_resource=script.resource)
    hidden = tf.matmul(x, w) + b
    if script.normalized:
        hidden = _normalize(hidden, v1.placeholder(tf.bool, [], name="is_training"))
    hidden = tf.nn.relu(hidden)
    if script.acts:
        hidden = tf.reshape(v1.py_func(np.abs, [hidden], tf.float32), [-1, 16])
    if script.dropout:
        hidden = v1.nn.dropout(hidden, v1.placeholder(tf.float32, name="keep_prob"))
    with v1.variable_scope("out", use_resource=script.resource):
        last = v1.get_variable("w", [16, script.classes or 1])
        start = v1.constant_initializer(0.0 if script.classes else 150.0)
        bias = v1.get_variable("b", [script.classes or 1], initializer=start)
    output = tf.add(tf.matmul(hidden, last), bias, name="pred")
    if script.overflows:
        y *= 1e30
    if script.classes:
        tf.nn.softmax(output, name="probabilities")
        entropies = tf.nn.sparse_softmax_cross_entropy_with_logits(y, output)
        loss = tf.reduce_mean(entropies, name="loss")
    else:
        loss = tf.reduce_mean(tf.square(output[:, 0] - y), name="loss")
    step = v1.Variable(0, trainable=False, name="global_step", use_resource=script.resource)
    with tf.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
        return v1.train.AdamOptimizer(0.01).minimize(loss, global_step=step, name="train")


def _normalize(values: tf.Tensor, is_training: tf.Tensor) -> tf.Tensor:
    """Normalize by the batch or by moving averages, as `tf.cond` chooses."""
    mean = v1.Variable(tf.zeros([16]), trainable=False, name="mean", use_resource=False)
    batch = tf.reduce_mean(values, axis=0)
    update = v1.assign(mean, 0.9 * mean + 0.1 * batch)
    v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, update)
    return values - v1.cond(is_training, lambda: tf.identity(batch), lambda: tf.identity(mean))
