"""The bytes of a meta graph depend on its graph alone."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pipeline.training import meta_graph

from ..small import examples

pytestmark = pytest.mark.slow

v1 = tf.compat.v1


def something_else():
    """Build functions and differentiate one, which counts up what TensorFlow numbers them by."""

    @tf.function
    def other(x):
        return tf.while_loop(lambda i: i < 3, lambda i: i + 1, [x])[0]

    other(tf.constant(0))


def inner():
    """A function of the same name as others."""

    @tf.function(autograph=False)
    def f(x):
        return tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2, lambda: tf.tanh(x))

    return f


def nested() -> tuple[tf.Graph, v1.train.Saver]:
    """A graph with functions of equal names, their gradient, and one named as an operation."""
    one, two = inner(), inner()

    @tf.function(autograph=False)
    def f_2(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(two(one(x)) ** 2)
        return tape.gradient(y, x)

    @tf.function(autograph=False)
    def MatMul(x):  # noqa: N802
        return x + 1

    with tf.Graph().as_default() as graph:
        weights = v1.get_variable("w", initializer=[1.0, -3.0])
        tf.identity(MatMul(f_2(weights)), "found")
        saver = v1.train.Saver()
    return graph, saver


def meta_of(content: bytes) -> v1.MetaGraphDef:
    meta = v1.MetaGraphDef()
    meta.ParseFromString(content)
    return meta


@pytest.mark.parametrize(
    "overrides",
    [
        ("model=mlp", "model.dropout=0.3", "optimizer=adam"),
        ("train=minibatch", "train.batch_size=16", "schedule=cosine"),
        ("train=minibatch", "train.batch_size=16", "train.xla=true"),
    ],
    ids=["mlp", "batches", "xla"],
)
def test_a_second_training_in_a_process_writes_the_same_bytes(
    settings, train, tmp_path: Path, overrides: tuple[str, ...]
):
    chosen = settings(*overrides, "device=cpu", "train.steps=3")
    for name in ("one", "other"):
        train(chosen, folder=tmp_path / name, given=examples())
        something_else()
    one, other = (tmp_path / name / "model.ckpt-3.meta" for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    functions = meta_of(one.read_bytes()).graph_def.library.function
    assert [f.signature.name for f in functions] == ["train_steps", "while_body", "while_cond"]


def test_functions_of_equal_names_are_numbered_by_first_use():
    one = meta_graph.export(*nested())
    something_else()
    assert one == meta_graph.export(*nested())
    names = [f.signature.name for f in meta_of(one).graph_def.library.function]
    assert len(names) == len(set(names))
    assert names.index("f") < names.index("f_1")
    assert "MatMul_1" in names


def test_nothing_but_functions_is_changed():
    graph, saver = nested()
    with graph.as_default():
        original = saver.export_meta_graph()
    canonical = meta_of(meta_graph.export(graph, saver))
    counts = [len(meta.graph_def.library.function) for meta in (original, canonical)]
    assert counts[0] == counts[1]
    for meta in (original, canonical):
        meta.graph_def.ClearField("library")
        for node in meta.graph_def.node:
            node.attr.pop("f", None)
    assert original == canonical


def test_an_imported_graph_computes_the_same(tmp_path: Path):
    graph, saver = nested()
    with v1.Session(graph=graph) as session:
        session.run("w/Assign")
        expected = session.run("found:0")
        saver.save(session, str(tmp_path / "model"), write_meta_graph=False)
    (tmp_path / "model.meta").write_bytes(meta_graph.export(graph, saver))
    with tf.Graph().as_default() as imported, v1.Session(graph=imported) as session:
        v1.train.import_meta_graph(str(tmp_path / "model.meta")).restore(
            session, str(tmp_path / "model")
        )
        np.testing.assert_array_equal(session.run("found:0"), expected)
