"""A small model by plain scripts, in the forms that the tests of verification need."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

v1 = tf.compat.v1


@pytest.fixture(scope="session")
def forms(tmp_path_factory) -> dict[str, Path]:
    """A perceptron with two outputs: its checkpoint, frozen graph and SavedModel."""
    folder = tmp_path_factory.mktemp("forms")
    rng = np.random.default_rng(0)
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        x = v1.placeholder(tf.float32, [None, 4], "x")
        w = v1.get_variable(
            "w", initializer=rng.normal(size=[4, 3]).astype("f"), use_resource=False
        )
        b = v1.get_variable("b", initializer=rng.normal(size=[3]).astype("f"), use_resource=False)
        logits = tf.add(tf.matmul(x, w), b, name="logits")
        tf.argmax(logits, 1, name="best")
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(folder / "checkpoint" / "model.ckpt"), 7)
        frozen = v1.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), ["logits", "best"]
        )
        outputs = {name: graph.get_tensor_by_name(f"{name}:0") for name in ("logits", "best")}
        v1.saved_model.simple_save(session, str(folder / "saved_model"), {"x": x}, outputs)
    (folder / "model.pb").write_bytes(frozen.SerializeToString())
    return {path.name: path for path in folder.iterdir()}


def read_graph(path: Path) -> v1.GraphDef:
    """Read a frozen graph, to damage it."""
    graph = v1.GraphDef()
    graph.ParseFromString(path.read_bytes())
    return graph
