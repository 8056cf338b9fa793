"""One network function gives the same values in a graph and eagerly."""

import numpy as np
import pytest
import tensorflow as tf

from pipeline.data.examples import TextCells
from pipeline.data.fitting import MAX_COMPARED
from pipeline.errors import ArtifactError, ConfigError
from pipeline.graph import devices
from pipeline.graph.inference import add_inference, predict
from pipeline.graph.layers import TrainingPass, dropout
from pipeline.graph.networks import apply_network
from pipeline.graph.variables import CheckpointVariables, GraphVariables
from pipeline.training.job import specify_inference
from pipeline.workspace import Workspace

from ..small import examples

v1 = tf.compat.v1

IMAGES = {"shape": (8, 8, 1), "task": "classification", "scaling": "unit"}
PAIRS = {"shape": (2, 4, 4, 1), "task": "similarity", "scaling": "unit"}

# Of few levels, and of many, which are hashed and embedded, except in a linear network.
LEVELS, ROWS = (3, MAX_COMPARED + 50), 300
CELLS = TextCells(
    ("few", "many"),
    np.stack([np.arange(ROWS, dtype=np.int32) % count for count in LEVELS], axis=1),
    tuple(np.array(["", *map(str, range(1, count))], object) for count in LEVELS),
)
TEXT = {"text": CELLS, "rows": ROWS}

NETWORKS = [
    (["model=linear"], {}),
    (["model=polynomial"], {}),
    (["model=mlp", "model.dropout=0.5"], {}),
    (["model=mlp", "model.activation=tanh", "model.hidden=[5]"], {}),
    (["model=mlp", "model.activation=sigmoid", "model.hidden=[3,2,4]"], {}),
    (["model=mlp", "model.batch_normalization=true"], {}),
    (["model=linear"], {"scaling": "none"}),
    (["model=linear"], TEXT),
    (["model=polynomial"], TEXT),
    (["model=mlp"], TEXT),
    (["model=softmax"], {**TEXT, "task": "classification"}),
    (["model=linear"], {**TEXT, "shape": (0,)}),
    (["model=mlp"], {**TEXT, "shape": (0,)}),
    (["model=softmax"], {"task": "classification"}),
    (["model=mlp", "train.loss=sigmoid_cross_entropy"], {"task": "classification"}),
    (["model=lenet", "model.dropout=0.2"], IMAGES),
    (["model=vgg"], IMAGES),
    (["model=siamese"], PAIRS),
    (["model=sinc"], {"task": "minimization", "scaling": "none", "shape": (1,)}),
]


def in_graph(chosen, dataset, rows):
    """Build, initialize and run the inference graph; values of variables get some noise."""
    graph = tf.Graph()
    with graph.as_default():
        variables = GraphVariables(Workspace.here(), seed=0)
        model = specify_inference(chosen, dataset)
        add_inference(model, variables)
        with devices.open_session(graph, chosen.device, "/device:CPU:0") as session:
            session.run(v1.global_variables_initializer())
            for count, variable in enumerate(variables.by_name.values()):
                noise = np.random.default_rng(count).uniform(0, 0.1, variable.shape.as_list())
                variable.load(session.run(variable) + noise.astype(np.float32), session)
            feeds = {f"{name}:0": array for name, array in rows.inputs().items()}
            output = session.run("prediction:0", feeds)
            values = {f"network/{n}": session.run(v) for n, v in variables.by_name.items()}
    return model, output, values


@pytest.mark.slow
@pytest.mark.parametrize(("overrides", "given"), NETWORKS)
def test_graph_and_eager_execution_agree_bit_for_bit(settings, overrides, given):
    dataset, rows = examples(**given)
    model, output, values = in_graph(settings(*overrides), dataset, rows)
    assert output.shape == (len(rows.label), model.outputs)
    is_embedded = bool(dataset.text) and model.network.name == "mlp"
    assert ("network/code_2/embedding" in values) == is_embedded
    eager = predict(
        model,
        tf.constant(rows.features),
        tf.constant(rows.text, tf.string) if dataset.text else None,
        CheckpointVariables(Workspace.here(), values),
    )
    assert output.tobytes() == eager.numpy().tobytes()
    if dataset.classes:
        np.testing.assert_allclose(output.sum(1), 1, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("extra", ["model.dropout=0.5", "model.batch_normalization=true"])
def test_training_and_inference_are_different_passes(settings, extra):
    chosen = settings("model=mlp", extra)
    dataset, rows = examples()
    outputs = specify_inference(chosen, dataset).outputs

    def run(seed):
        with tf.Graph().as_default(), v1.Session() as session:
            variables = GraphVariables(Workspace.here(), seed=0)
            training = None if seed is None else TrainingPass(tf.constant(seed))
            features = tf.constant(rows.encode(dataset.encoding).features)
            output = apply_network(chosen.model, features, (), outputs, variables, training)
            session.run(v1.global_variables_initializer())
            return session.run(output)

    assert not np.array_equal(run(None), run([0, 1]))
    np.testing.assert_array_equal(run([0, 1]), run([0, 1]))
    if "dropout" in extra:
        assert not np.array_equal(run([0, 1]), run([0, 2]))


def test_a_dropout_mask_depends_on_seed_step_and_the_name_of_the_layer():
    def mask(name: str, seed: int = 3, step: int = 7) -> bytes:
        training = TrainingPass(tf.constant([seed, step]))
        return dropout(tf.ones([4, 16]), 0.5, name, training).numpy().tobytes()

    masks = {mask("hidden_1"), mask("hidden_2"), mask("hidden_1", 4), mask("hidden_1", 3, 8)}
    assert len(masks) == 4
    assert mask("hidden_1") in masks
    kept = np.frombuffer(mask("hidden_1"), np.float32) > 0
    assert np.packbits(kept).tobytes().hex() == "6d887f44b6270994"


def test_the_towers_of_a_siamese_network_share_their_variables(settings):
    dataset, rows = examples(**PAIRS)
    model, _, values = in_graph(settings("model=siamese"), dataset, rows)
    assert sorted(values) == [
        f"network/tower/{layer}/{part}"
        for layer in ("embedding", "hidden_1", "hidden_2")
        for part in ("bias", "weights")
    ]
    same = np.tile(rows.features[:, :16], 2)
    distance = predict(
        model, tf.constant(same), None, CheckpointVariables(Workspace.here(), values)
    ).numpy()
    np.testing.assert_allclose(distance, 0, atol=1e-5)


def test_a_variable_the_checkpoint_lacks_is_named_with_the_nearest(settings):
    dataset, rows = examples()
    model, _, values = in_graph(settings(), dataset, rows)
    values["network/weight"] = values.pop("network/weights")
    with pytest.raises(ArtifactError, match="nearest: network/weight"):
        predict(
            model,
            tf.constant(rows.features),
            None,
            CheckpointVariables(Workspace.here(), values),
        )


@pytest.mark.parametrize(
    ("overrides", "given", "message"),
    [
        (
            ["model=softmax"],
            {},
            "model=softmax does classification, and the data is for regression",
        ),
        (["model=lenet"], {"task": "classification"}, r"an example has shape \(3,\)"),
        (["model=linear"], PAIRS, "choose one of custom, siamese"),
        (["train.loss=softmax_cross_entropy"], {}, "allowed: auto, mse, mae, huber"),
    ],
)
def test_what_does_not_fit_together_is_refused(settings, overrides, given, message):
    with pytest.raises(ConfigError, match=message):
        specify_inference(settings(*overrides), examples(**given)[0])
