"""Each form of a model comes back with the same values, or says what is wrong with it."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel as SavedModelProto

from pipeline import files
from pipeline.artifacts import frozen, saved_model, signature
from pipeline.errors import ArtifactError
from pipeline.graph.devices import plain_session
from pipeline.graph.training import model_of
from pipeline.runtimes.forms import forms, open_model
from pipeline.settings import Settings

from ..small import examples

OVERRIDES = ("model=mlp", "model.hidden=[6]", "model.dropout=0.3", "device=cpu", "train.steps=20")


def made(chosen: Settings, train, tmp_path: Path, **given) -> Path:
    """Train a small model and keep it in all its forms, in a folder."""
    home, data = tmp_path / "model", examples(**given)
    train(chosen, folder=tmp_path / "work", given=data)
    shutil.copytree(tmp_path / "work", home / "checkpoint")
    trained = signature.of(data[0], model_of(chosen, data[0]), chosen.train.steps)
    signature.write(trained, home / "checkpoint/model.json")
    (home / "frozen").mkdir()
    saved_model.write(trained, chosen, home / "checkpoint", home / "saved_model")
    with frozen.restored(trained, home / "checkpoint", plain_session) as session:
        (home / "frozen/model.pb").write_bytes(frozen.freeze(session))
    signature.write(trained, home / "saved_model/assets.extra/model.json")
    rehash(home, trained)
    return home


@pytest.fixture
def model(settings, train, tmp_path: Path) -> Path:
    """All forms of a small model that was trained with dropout."""
    return made(settings(*OVERRIDES), train, tmp_path)


def rehash(home: Path, trained: signature.Signature | None = None) -> None:
    trained = trained or signature.read(home / "frozen/model.json")
    hashes = {"model.pb": files.sha256(home / "frozen/model.pb")}
    signature.write(dataclasses.replace(trained, hashes=hashes), home / "frozen/model.json")


def folder_of(form: str) -> str:
    if form.startswith("saved_model"):
        return "saved_model"
    return "frozen" if form == "frozen_graph" else "checkpoint"


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
    ],
    ids=["mlp", "linear", "vgg", "siamese", "sinc"],
)
def test_all_forms_agree_bit_for_bit(settings, train, tmp_path, overrides, given, outputs):
    chosen = settings(*overrides, "device=cpu", "train.steps=5")
    home = made(chosen, train, tmp_path, **given)
    _, rows = examples(**given)
    kinds = forms(chosen.export.devices)
    assert set(kinds) >= {"eager", "frozen_graph", "saved_model", "saved_model_train"}
    found = {}
    for name, (_, restore) in kinds.items():
        with restore(home / folder_of(name), plain_session) as runtime:
            found[name] = runtime.predict(rows.features)
    for output in found.values():
        assert output.shape == (len(rows.label), outputs)
        assert output.tobytes() == found["eager"].tobytes()


def test_the_saved_model_trains_on_without_the_code(model: Path):
    """Tag `train`: features and label in, loss out, and an operation that takes a step."""
    _, rows = examples()
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loaded = tf.compat.v1.saved_model.load(session, ["train"], str(model / "saved_model"))
        names = loaded.signature_def["train"].inputs
        feed = {names["features"].name: rows.features, names["label"].name: rows.label}
        step = tf.compat.v1.train.get_global_step()
        before = session.run(["loss:0", step], feed)
        for _ in range(30):
            session.run("train_step", feed)
        after = session.run(["loss:0", step], feed)
    assert (before[1], after[1]) == (20, 50)
    assert after[0] < before[0]


def test_graphs_for_devices_are_told_apart_by_tags(settings, train, tmp_path: Path):
    home = made(settings(*OVERRIDES, "export.devices=[cpu,gpu]"), train, tmp_path)
    saved = SavedModelProto()
    saved.ParseFromString((home / "saved_model/saved_model.pb").read_bytes())
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
    trained = signature.read(model / "checkpoint/model.json")
    with frozen.restored(trained, model / "checkpoint", plain_session) as session:
        assert frozen.freeze(session) == (model / "frozen/model.pb").read_bytes()


def test_the_frozen_graph_holds_inference_alone(model: Path):
    graph = frozen.read(model / "frozen/model.pb")
    operations = graph.get_operations()
    kinds = {operation.type for operation in operations}
    assert kinds == {
        "Placeholder", "Const", "Sub", "Mul", "MatMul", "AddV2", "Relu", "Identity",
    }  # fmt: skip
    assert not any(operation.device for operation in operations)


@pytest.mark.parametrize("path", ["frozen/model.pb", "frozen", "saved_model", "checkpoint"])
def test_a_model_is_opened_by_its_path(model: Path, path: str):
    _, rows = examples()
    with open_model(model / path) as runtime:
        assert runtime.predict(rows.features).shape == (64, 1)
        assert runtime.signature.features == ("f0", "f1", "f2")


def test_rows_may_be_many_few_or_none(model: Path, monkeypatch):
    monkeypatch.setattr("pipeline.runtimes.forms.ROWS_AT_ONCE", 7)
    _, rows = examples()
    with open_model(model / "frozen") as runtime:
        whole = runtime.predict(rows.features)
        assert whole.shape == (64, 1)
        assert runtime.predict(rows.features[:0]).shape == (0, 1)
        np.testing.assert_allclose(runtime.predict(rows.features[:1]), whole[:1], rtol=1e-6)


@pytest.mark.parametrize(
    ("form", "damage", "expected"),
    [
        ("frozen_graph", lambda m: (m / "frozen/model.pb").write_bytes(b"\xff" * 50), "SHA-256"),
        ("frozen_graph", lambda m: (m / "frozen/model.pb").unlink(), "model.pb is missing"),
        ("frozen_graph", lambda m: (m / "frozen/model.json").unlink(), "model.json is missing"),
        ("frozen_graph", lambda m: (m / "frozen/model.json").write_text("{"), "is damaged"),
        (
            "saved_model",
            lambda m: (m / "saved_model/saved_model.pb").write_bytes(b"x"),
            "cannot be",
        ),
        ("saved_model", lambda m: shutil.rmtree(m / "saved_model/variables"), "cannot be loaded"),
        ("checkpoint_code", lambda m: (m / "checkpoint/checkpoint").unlink(), "has no checkpoint"),
        ("eager", lambda m: (m / "checkpoint/checkpoint").unlink(), "has no checkpoint"),
        (
            "checkpoint_meta_graph",
            lambda m: (m / "checkpoint/model.ckpt-20.meta").write_bytes(b"\xff" * 9),
            "cannot be restored",
        ),
        (
            "checkpoint_code",
            lambda m: (m / "checkpoint/model.ckpt-20.data-00000-of-00001").write_bytes(b"x"),
            "cannot be",
        ),
    ],
)
def test_a_damaged_form_is_one_message(model: Path, form: str, damage, expected: str):
    damage(model)
    with pytest.raises(ArtifactError, match=expected):
        forms([])[form][1](model / folder_of(form), plain_session).close()


def test_a_saved_model_is_used_as_its_serving_default_says(model: Path):
    path = model / "saved_model/saved_model.pb"
    saved = SavedModelProto()
    saved.ParseFromString(path.read_bytes())
    (served,) = (graph for graph in saved.meta_graphs if "serve" in graph.meta_info_def.tags)
    serving = served.signature_def["serving_default"]
    serving.outputs["prediction"].name = "network/output/bias:0"
    path.write_bytes(saved.SerializeToString())
    _, rows = examples()
    with open_model(model / "checkpoint") as one, open_model(model / "saved_model") as other:
        right, wrong = one.predict(rows.features), other.predict(rows.features)
    assert right.shape != wrong.shape
    del served.signature_def["serving_default"]
    path.write_bytes(saved.SerializeToString())
    with pytest.raises(ArtifactError, match="has no signature serving_default"):
        open_model(model / "saved_model")


def test_a_broken_graph_with_a_fitting_hash_is_one_message(model: Path):
    (model / "frozen/model.pb").write_bytes(b"\xff" * 50)
    rehash(model)
    with pytest.raises(ArtifactError, match="is no frozen graph"):
        open_model(model / "frozen")


def test_a_tensor_that_is_not_there_is_named_with_the_nearest(model: Path):
    graph = frozen.read(model / "frozen/model.pb")
    with pytest.raises(ArtifactError, match="no tensor 'predictions:0'; nearest: prediction:0"):
        frozen.tensor(graph, "predictions:0", "model.pb")


def test_a_checkpoint_that_does_not_fit_lists_the_differences(model: Path):
    values = json.loads((model / "checkpoint/model.json").read_text())
    values["network"]["hidden"] = [6, 4]
    (model / "checkpoint/model.json").write_text(json.dumps(values))
    with pytest.raises(ArtifactError) as caught:
        open_model(model / "checkpoint")
    assert "network/hidden_2/weights is not in the checkpoint" in str(caught.value)
    assert "network/output/weights is [6, 1] in the checkpoint, [4, 1] in the graph" in str(
        caught.value
    )


@pytest.mark.parametrize("path", ["nowhere", "frozen/model.json"])
def test_what_is_no_model_is_refused(model: Path, path: str):
    with pytest.raises(ArtifactError, match="is no model; give a frozen graph"):
        open_model(model / path)


def test_the_meta_graph_trains_without_the_code(model: Path):
    """`label:0` and `loss:0` are in the meta graph, as the tutorial's second way back needs."""
    _, rows = examples()
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session() as session:
        prefix = str(model / "checkpoint/model.ckpt-20")
        tf.compat.v1.train.import_meta_graph(f"{prefix}.meta").restore(session, prefix)
        feed = {"features:0": rows.features, "label:0": rows.label}
        assert np.isfinite(session.run("loss:0", feed))
