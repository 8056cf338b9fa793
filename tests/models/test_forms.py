"""Each form of a model comes back with the same values, or says what is wrong with it."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel as SavedModelProto

from pipeline.data.examples import TextCells
from pipeline.errors import ArtifactError
from pipeline.graph.tensors import find_tensor
from pipeline.models.forms import frozen_graph, saved_model
from pipeline.models.metadata import sidecar
from pipeline.models.run.form import Runtime, predict_in_pieces
from pipeline.models.run.registry import list_forms, open_model, read_sidecar
from pipeline.workspace import Workspace

from ..failures import Failure
from ..small import examples
from .made import copied, made, resign, small

pytestmark = pytest.mark.slow

# A column of few levels with gaps.
TEXT = TextCells(
    ("kind",),
    np.arange(64, dtype=np.int32)[:, None] % 3,
    (np.array(["", "ant", "bée"], object),),
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    """All forms of a small model that was trained with dropout; tests only look at it."""
    return small(tmp_path_factory.mktemp("forms") / "model")


@pytest.fixture
def model(kept: Path, tmp_path: Path) -> Path:
    """A copy of that model, to change at will."""
    return copied(kept, tmp_path / "model")


@pytest.mark.parametrize(
    ("overrides", "given", "outputs"),
    [
        (("model=mlp", "model.dropout=0.3", "model.batch_normalization=true"), {}, 1),
        (("optimizer=ftrl", "schedule=cosine", "export.devices=[cpu]"), {}, 1),
        (
            ("model=vgg", "model.filters=[4]", "optimizer=adam"),
            {"shape": (8, 8, 1), "task": "classification", "scaling": "unit"},
            3,
        ),
        (("model=siamese",), {"shape": (2, 2, 2, 1), "task": "similarity"}, 1),
        (
            ("experiment=sinc",),
            {"task": "minimization", "shape": (1,), "scaling": "none"},
            1,
        ),
        (("model=mlp", "export.devices=[cpu]"), {"text": TEXT}, 1),
        (("model=softmax",), {"text": TEXT, "task": "classification"}, 3),
        (("model=linear",), {"text": TEXT, "shape": (0,)}, 1),
    ],
    ids=["mlp", "linear", "vgg", "siamese", "sinc", "text", "text and classes", "text alone"],
)
def test_all_forms_agree_bit_for_bit(settings, tmp_path, overrides, given, outputs):
    chosen = settings(*overrides, "device=cpu", "train.steps=5")
    home = made(chosen, tmp_path / "model", **given)
    _, rows = examples(**given)
    forms = list_forms(chosen.export.devices)
    assert {form.name for form in forms} >= {
        "eager",
        "frozen_graph",
        "saved_model",
        "saved_model_tagged",
        "saved_model_train",
    }
    found = {}
    for form in forms:
        with form.open(home / form.reads, Runtime(Workspace.here())) as runner:
            found[form.name] = predict_in_pieces(runner, rows.inputs())
    for output in found.values():
        assert output.shape == (len(rows.label), outputs)
        assert output.tobytes() == found["eager"].tobytes()


# As the guides of TensorFlow 2 and Keras 3 have it, in a process without this package.
READERS = {
    "TensorFlow": """
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
given = served(features=tf.constant(features))
""",
    "Keras": """
layer = tf.keras.layers.TFSMLayer(
    sys.argv[1], call_endpoint="serving_default", dtype="float64"
)
given = layer(tf.constant(features))
""",
}


@pytest.mark.parametrize("reader", READERS)
def test_the_saved_model_is_read_by_its_folder_alone(model: Path, reader: str):
    _, rows = examples()
    np.save(model / "features.npy", rows.features)
    begin = "import sys, numpy as np, tensorflow as tf\nfeatures = np.load(sys.argv[2])"
    end = "np.save(sys.argv[3], given['prediction'].numpy())"
    script = f"{begin}{READERS[reader]}{end}"
    files = [str(model / name) for name in ("saved_model", "features.npy", "given.npy")]
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    subprocess.run([sys.executable, "-c", script, *files], env=environment, check=True)
    with open_model(model / "frozen", Workspace.here()) as runner:
        expected = predict_in_pieces(runner, rows.inputs())
    np.testing.assert_allclose(np.load(files[2]), expected, rtol=1e-5, atol=1e-6)


def test_the_saved_model_trains_on_without_the_code(model: Path):
    """Tag `train`: features and label in, loss out, and an operation that takes a step."""
    _, rows = examples()
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loaded = tf.compat.v1.saved_model.load(
            session, ["train"], str(model / "saved_model_tagged")
        )
        names = loaded.signature_def["train"].inputs
        feed = {names["features"].name: rows.features, names["label"].name: rows.label}
        step = tf.compat.v1.train.get_global_step()
        before = session.run(["loss:0", step], feed)
        for _ in range(30):
            session.run("train_step", feed)
        after = session.run(["loss:0", step], feed)
    assert (before[1], after[1]) == (20, 50)
    assert after[0] < before[0]


def test_graphs_for_devices_are_told_apart_by_tags(tmp_path: Path):
    home = small(tmp_path / "model", "export.devices=[cpu,gpu]")
    saved = SavedModelProto()
    saved.ParseFromString((home / "saved_model_tagged/saved_model.pb").read_bytes())
    devices = {
        ",".join(graph.meta_info_def.tags): {
            node.device for node in graph.graph_def.node if node.name == "features"
        }
        for graph in saved.meta_graphs
    }
    assert devices == {
        "train": {""},
        "serve": {""},
        "serve,cpu": {"/device:CPU:0"},
        "serve,gpu": {"/device:GPU:0"},
    }


def test_freezing_again_gives_the_same_bytes(model: Path):
    trained = sidecar.read(model / "checkpoint/model.json")
    again = model / "again.pb"
    frozen_graph.write(trained.recipe.inference, Workspace.here(), model / "checkpoint", again)
    assert again.read_bytes() == (model / "frozen/model.pb").read_bytes()


def test_the_frozen_graph_holds_inference_alone(model: Path):
    graph = frozen_graph.read_graph(model / "frozen/model.pb")
    operations = graph.get_operations()
    kinds = {operation.type for operation in operations}
    assert kinds == {
        "Placeholder", "Const", "Sub", "Mul", "MatMul", "AddV2", "Relu", "Identity",
        "Cast",
    }  # fmt: skip
    assert not any(operation.device for operation in operations)


@pytest.mark.parametrize(
    "path", ["frozen/model.pb", "frozen", "saved_model", "saved_model_tagged", "checkpoint"]
)
def test_a_model_is_opened_by_its_path(model: Path, path: str):
    _, rows = examples()
    with open_model(model / path, Workspace.here()) as runner:
        assert predict_in_pieces(runner, rows.inputs()).shape == (64, 1)
        assert [spec.name for spec in runner.interface.inputs] == ["features"]
    assert read_sidecar(model / path).recipe.features == ("f0", "f1", "f2")


def test_a_checkpoint_with_absolute_paths_in_its_state_is_opened(model: Path):
    """As when somebody saves it again with TensorFlow, and then moves the folder."""
    paths = 'model_checkpoint_path: "/there/run/model.ckpt-20"\n'
    (model / "checkpoint/checkpoint").write_text(paths)
    resign(model / "checkpoint")
    _, rows = examples()
    with open_model(model / "checkpoint", Workspace.here()) as runner:
        assert predict_in_pieces(runner, rows.inputs()).shape == (64, 1)


def test_rows_may_be_many_few_or_none(model: Path, monkeypatch):
    monkeypatch.setattr("pipeline.models.run.form.ROWS_AT_ONCE", 7)
    _, rows = examples()
    with open_model(model / "frozen", Workspace.here()) as runner:
        whole = predict_in_pieces(runner, rows.inputs())
        assert whole.shape == (64, 1)
        assert predict_in_pieces(runner, rows.select(slice(0)).inputs()).shape == (0, 1)
        one = predict_in_pieces(runner, rows.select(slice(1)).inputs())
        np.testing.assert_allclose(one, whole[:1], rtol=1e-6)


def test_a_saved_model_is_used_as_its_serving_default_says(model: Path, failure: Failure):
    path = model / "saved_model/saved_model.pb"
    saved = SavedModelProto()
    saved.ParseFromString(path.read_bytes())
    (served,) = (graph for graph in saved.meta_graphs if "serve" in graph.meta_info_def.tags)
    serving = served.signature_def["serving_default"]
    (centered,) = (node.name for node in served.graph_def.node if node.op == "Sub")
    serving.outputs["prediction"].name = f"{centered}:0"  # `[rows, 3] float64`
    path.write_bytes(saved.SerializeToString())
    resign(model / "saved_model", saved_model.SIDECAR)
    _, rows = examples()
    with (
        open_model(model / "checkpoint", Workspace.here()) as one,
        open_model(model / "saved_model", Workspace.here()) as other,
    ):
        right, wrong = (predict_in_pieces(runner, rows.inputs()) for runner in (one, other))
    assert right.shape != wrong.shape
    del served.signature_def["serving_default"]
    path.write_bytes(saved.SerializeToString())
    resign(model / "saved_model", saved_model.SIDECAR)
    with failure.raises(
        "SavedModel without serving_default", ArtifactError, match="has no signature"
    ):
        open_model(model / "saved_model", Workspace.here())


def test_a_tensor_that_is_not_there_is_named_with_the_nearest(model: Path, failure: Failure):
    graph = frozen_graph.read_graph(model / "frozen/model.pb")
    with failure.raises(
        "tensor that the graph does not have",
        ArtifactError,
        match="no tensor 'predictions:0'; nearest: prediction:0",
    ):
        find_tensor(graph, "predictions:0", "model.pb")


def test_a_checkpoint_that_does_not_fit_lists_the_differences(model: Path, failure: Failure):
    inference = sidecar.read(model / "checkpoint/model.json").recipe.inference
    network = inference.network.model_copy(update={"hidden": [6, 4]})
    resign(model / "checkpoint", inference=dataclasses.replace(inference, network=network))
    expected = (
        "network/hidden_2/weights is not in the checkpoint;"
        r".*network/output/weights is \[6, 1\] in the checkpoint, \[4, 1\] in the graph"
    )
    with failure.raises("checkpoint of another network", ArtifactError, match=expected):
        open_model(model / "checkpoint", Workspace.here())


@pytest.mark.parametrize(
    ("what", "path"), [("path of nothing", "nowhere"), ("path of no model", "frozen/model.json")]
)
def test_what_is_no_model_is_refused(model: Path, what: str, path: str, failure: Failure):
    with failure.raises(what, ArtifactError, match="is not a model; give a frozen graph"):
        open_model(model / path, Workspace.here())


def test_features_of_another_number_are_refused(model: Path, failure: Failure):
    with (
        open_model(model / "frozen", Workspace.here()) as runner,
        failure.raises("rows of another model", ArtifactError, match="takes 3 features.*given 4"),
    ):
        predict_in_pieces(runner, {"features": np.zeros((2, 4))})


def test_the_meta_graph_trains_without_the_code(model: Path):
    """`label:0` and `loss:0` are in the meta graph, as the tutorial's second way back needs."""
    _, rows = examples()
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session() as session:
        prefix = str(model / "checkpoint/model.ckpt-20")
        tf.compat.v1.train.import_meta_graph(f"{prefix}.meta").restore(session, prefix)
        feed = {"features:0": rows.features, "label:0": rows.label}
        assert np.isfinite(session.run("loss:0", feed))
