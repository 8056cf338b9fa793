"""One network function gives the same values in a graph and eagerly."""

import numpy as np
import pytest
import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.graph import devices
from pipeline.graph.inference import add_inference, predict
from pipeline.graph.networks import Training, network
from pipeline.graph.variables import INITIALIZERS, GivenVariables, GraphVariables

from .conftest import examples

v1 = tf.compat.v1


def in_graph(settings, rows, scaling, seed=0):
    graph = tf.Graph()
    with graph.as_default():
        variables = GraphVariables(seed)
        features, prediction = add_inference(
            settings.model, rows.features.shape[1], scaling, variables
        )
        with devices.open_session(graph, settings.device, "/device:CPU:0") as session:
            session.run(v1.global_variables_initializer())
            output = session.run(prediction, {features: rows.features})
            values = {f"network/{n}": session.run(v) for n, v in variables.made.items()}
    return graph, output, values


@pytest.mark.parametrize(
    "overrides",
    [
        ["model=linear"],
        ["model=mlp", "model.dropout=0.5"],
        ["model=mlp", "model.activation=tanh", "model.hidden=[5]"],
        ["model=mlp", "model.activation=sigmoid", "model.hidden=[3,2,4]"],
        ["model=linear", "data.scaling=none"],
    ],
)
def test_graph_and_eager_execution_agree_bit_for_bit(settings, overrides):
    chosen = settings(*overrides)
    rows, scaling = examples()
    graph, output, values = in_graph(chosen, rows, scaling)
    assert graph.get_tensor_by_name("prediction:0").shape.as_list() == [None, 1]
    eager = predict(chosen.model, tf.constant(rows.features), GivenVariables(values), scaling)
    assert output.tobytes() == eager.numpy().tobytes()


def test_dropout_drops_while_training_and_depends_on_the_step(settings):
    chosen = settings("model=mlp", "model.dropout=0.5")
    rows, scaling = examples()
    _, _, values = in_graph(chosen, rows, scaling)
    features = tf.constant(rows.features)

    def run(seed):
        training = None if seed is None else Training(tf.constant(seed))
        return network(chosen.model, features, GivenVariables(values), training).numpy()

    assert not np.array_equal(run(None), run([0, 1]))
    assert not np.array_equal(run([0, 1]), run([0, 2]))
    np.testing.assert_array_equal(run([0, 1]), run([0, 1]))


def test_a_variable_the_checkpoint_lacks_is_named_with_the_nearest(settings):
    rows, scaling = examples()
    _, _, values = in_graph(settings(), rows, scaling)
    values["network/weight"] = values.pop("network/weights")
    with pytest.raises(ArtifactError, match="nearest: network/weight"):
        predict(settings().model, tf.constant(rows.features), GivenVariables(values), scaling)


@pytest.mark.parametrize(
    ("name", "mean", "deviation"),
    [
        ("zeros", 0, 0),
        ("ones", 1, 0),
        ("random_normal", 0, 1),
        ("truncated_normal", 0, 0.8796),
        ("glorot_uniform", 0, (6 / 500 / 3) ** 0.5),
    ],
)
def test_initial_values_have_the_stated_mean_and_spread(name, mean, deviation):
    values = INITIALIZERS[name]((200, 300), (0, 1)).numpy()
    assert values.mean() == pytest.approx(mean, abs=0.02)
    assert values.std() == pytest.approx(deviation, rel=0.02)
