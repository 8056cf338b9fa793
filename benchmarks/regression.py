"""The article's regression by several hands: same data, same start, same steps, same loss."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from pipeline import composition
from pipeline.data.prepared import Split
from pipeline.data.scaling import Scaling
from pipeline.graph import devices, start, training
from pipeline.graph.inference import Model
from pipeline.graph.loop import loop

v1 = tf.compat.v1

ROWS, COLUMNS, STEPS, RATE = 4000, 4, 1000, 0.2


def contenders() -> dict[str, Callable[[], float]]:
    """Return functions that train once, from the start, and return the final loss."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    label = features @ generator.normal(size=(COLUMNS, 1)) + generator.normal(size=(ROWS, 1))
    label = label.astype(np.float32)
    return {
        "pipeline": _pipeline(features, label),
        "the article's loop, feed_dict": _feed_dict(features, label),
        "tf.function, a step a call": _function(features, label),
        "NumPy by hand": _numpy(features, label),
    }


def _pipeline(features: np.ndarray, label: np.ndarray) -> Callable[[], float]:
    settings, _ = composition.composed(
        ["model=linear", "device=cpu", f"train.steps={STEPS}", "train.checkpoint_every=100000"]
    )
    unscaled = Scaling((0.0,) * COLUMNS, (1.0,) * COLUMNS, 0.0, 1.0)
    model = Model(settings.model, unscaled, (COLUMNS,), 1, "values")
    graph = training.build(settings, model, "regression", ROWS, "/device:CPU:0")
    plan = start.plan(graph.graph, graph.weights, settings.train.start)
    session = devices.open_session(graph.graph, settings.device, "/device:CPU:0")
    plan.run(session)
    training.load(graph, session, Split(features, label, np.arange(ROWS)))

    def run() -> float:
        plan.run(session)
        *_, last = loop(graph, session, settings, ROWS)
        return float(last.losses[-1])

    return run


def _feed_dict(features: np.ndarray, label: np.ndarray) -> Callable[[], float]:
    graph = tf.Graph()
    with graph.as_default():
        x = v1.placeholder(tf.float32, [None, COLUMNS])
        y = v1.placeholder(tf.float32, [None, 1])
        weights = v1.Variable(tf.random.stateless_normal([COLUMNS, 1], [0, 1]))
        bias = v1.Variable(tf.ones([1]))
        loss = tf.reduce_mean(tf.square(tf.matmul(x, weights) + bias - y))
        step = v1.train.GradientDescentOptimizer(RATE).minimize(loss)
        initialize = v1.global_variables_initializer()
    session = v1.Session(graph=graph)

    def run() -> float:
        session.run(initialize)
        for _ in range(STEPS):
            _, value = session.run([step, loss], {x: features, y: label})
        return float(value)

    return run


def _function(features: np.ndarray, label: np.ndarray) -> Callable[[], float]:
    x, y = tf.constant(features), tf.constant(label)
    weights, bias = tf.Variable(tf.zeros([COLUMNS, 1])), tf.Variable(tf.ones([1]))

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.matmul(x, weights) + bias - y))
        for variable, gradient in zip(
            (weights, bias), tape.gradient(loss, [weights, bias]), strict=True
        ):
            variable.assign_sub(RATE * gradient)
        return loss

    def run() -> float:
        weights.assign(tf.random.stateless_normal([COLUMNS, 1], [0, 1]))
        bias.assign(tf.ones([1]))
        for _ in range(STEPS):
            value = step()
        return float(value)

    return run


def _numpy(features: np.ndarray, label: np.ndarray) -> Callable[[], float]:
    def run() -> float:
        weights = np.random.default_rng(0).normal(size=(COLUMNS, 1)).astype(np.float32)
        bias = np.ones(1, np.float32)
        for _ in range(STEPS):
            error = features @ weights + bias - label
            loss = np.mean(np.square(error))
            weights -= RATE * 2 / ROWS * (features.T @ error)
            bias -= RATE * 2 * error.mean(0)
        return float(loss)

    return run
