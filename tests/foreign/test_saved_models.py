"""SavedModels: both versions, tags, signatures, tables, assets, text."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

from pipeline.errors import ArtifactError
from pipeline.foreign.loading import Choice, Loaded, load
from pipeline.graphdef.locate import locate
from pipeline.graphdef.reading import read_saved_model

from .scripts import SCRIPTS, dense, features
from .written import feeds, write

pytestmark = pytest.mark.slow  # make check leaves it to make test

v1 = tf.compat.v1


def opened(path: Path, **choice: Any) -> Loaded:
    return load(locate(path), Choice(**choice))


def outputs(path: Path, given: Any = None, **choice: Any) -> dict[str, np.ndarray]:
    """Return what a model computes in a session, after comparing it with execution op by op."""
    with opened(path, **choice) as model:
        given = given or feeds(model.interface)
        found, reference = model.runner().run(given), model.reference()
        expected = reference.run(given)
        assert reference.describe == "op by op"
        assert all(found[name].tolist() == expected[name].tolist() for name in found)
        return found


class Module(tf.Module):
    """A model of version 2 with branches, loops, a table and two signatures."""

    def __init__(self) -> None:
        self.kernel = tf.Variable(np.random.default_rng(0).normal(size=(4, 3)), name="dense/kernel")
        self.bias = tf.Variable(np.ones(3), name="dense/bias")
        keys = tf.constant(["a", "b"])
        initial = tf.lookup.KeyValueTensorInitializer(keys, tf.constant([1.0, 2.0], tf.float64))
        self.table = tf.lookup.StaticHashTable(initial, -1.0)

    @tf.function(
        input_signature=[tf.TensorSpec([None, 4], tf.float64), tf.TensorSpec([None], tf.string)]
    )
    def predict(self, x, word):
        y = tf.matmul(x, self.kernel) + self.bias
        for _ in tf.range(3):
            y = y * 0.5 if tf.reduce_sum(y) > 0 else y + 1.0
        return {"y": y, "weight": self.table.lookup(word)}

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float64)])
    def total(self, x):
        return {"total": tf.reduce_sum(tf.matmul(x, self.kernel))}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    module, folder = Module(), tmp_path_factory.mktemp("module")
    tf.saved_model.save(
        module, str(folder), {"serving_default": module.predict, "sum": module.total}
    )
    return folder


def test_functions_run_op_by_op(saved: Path):
    x, word = np.random.default_rng(1).normal(size=(2, 4)), np.array([b"b", b"?"], object)
    found = outputs(saved, {"x": x, "word": word})
    module = tf.saved_model.load(str(saved))
    expected = module.signatures["serving_default"](x=tf.constant(x), word=tf.constant(word))
    assert {name: array.tolist() for name, array in found.items()} == {
        name: tensor.numpy().tolist() for name, tensor in expected.items()
    }


def test_variables_have_the_names_of_the_training(saved: Path):
    model = opened(saved)
    assert model.variables == {"dense/kernel", "dense/bias"}
    assert model.missing == ()


def test_signatures_are_chosen(saved: Path):
    model = opened(saved, signature="sum")
    assert [spec.name for spec in model.interface.outputs] == ["total"]
    assert model.variables == {"dense/kernel"}
    assert outputs(saved, signature="sum")
    with pytest.raises(ArtifactError, match="no signature 'summ'; nearest: sum; it has"):
        opened(saved, signature="summ")


def test_several_signatures_are_asked_for(tmp_path: Path):
    module = Module()
    tf.saved_model.save(module, str(tmp_path), {"one": module.predict, "two": module.total})
    with pytest.raises(
        ArtifactError, match="several signatures: one, two; choose with --signature"
    ):
        opened(tmp_path)


def test_one_signature_needs_no_name(tmp_path: Path):
    module = Module()
    tf.saved_model.save(module, str(tmp_path), {"sum": module.total})
    assert outputs(tmp_path).keys() == {"total"}


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return write(SCRIPTS["names_of_classes"], tmp_path) / "saved_model"


def test_text_is_read(plain: Path):
    expected = outputs(plain)
    file = plain / "saved_model.pb"
    text = text_format.MessageToString(read_saved_model(file))
    file.with_suffix(".pbtxt").write_text(text)
    file.unlink()
    assert {name: array.tolist() for name, array in outputs(plain).items()} == {
        name: array.tolist() for name, array in expected.items()
    }


def test_versions_that_are_no_numbers_do_not_matter(plain: Path):
    message = read_saved_model(plain / "saved_model.pb")
    message.meta_graphs[0].meta_info_def.tensorflow_version = "0.12.head"
    (plain / "saved_model.pb").write_bytes(message.SerializeToString())
    assert outputs(plain)


def test_tags_are_chosen(tmp_path: Path):
    builder = v1.saved_model.Builder(str(tmp_path / "model"))
    for tag in ("train", "other"):
        with tf.Graph().as_default(), v1.Session() as session:
            x = features()
            y = tf.identity(dense(x, 2, "out") + len(tag), name="y")
            session.run(v1.global_variables_initializer())
            signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
            signatures = {"serving_default": signature}
            if tag == "train":
                builder.add_meta_graph_and_variables(session, [tag], signatures)
            else:
                builder.add_meta_graph([tag], signatures)
    builder.save()
    with pytest.raises(ArtifactError, match="several graphs: train; other; choose with --tags"):
        opened(tmp_path / "model")
    with pytest.raises(ArtifactError, match="no graph with tags serve; it has train; other"):
        opened(tmp_path / "model", tags=("serve",))
    assert outputs(tmp_path / "model", tags=("other",))


def words(folder: Path) -> Path:
    """Write a SavedModel whose table is read from a file beside it."""
    file = folder / "words.txt"
    file.write_text("red\ngreen\nblue\n")
    with tf.Graph().as_default(), v1.Session() as session:
        asset = tf.constant(str(file))
        v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, asset)
        lines, numbers = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        columns = (tf.string, lines, tf.int64, numbers)
        initial = v1.lookup.TextFileInitializer(asset, *columns)
        table = v1.lookup.StaticVocabularyTable(initial, 2)
        x = v1.placeholder(tf.string, [None], "x")
        y = tf.identity(table.lookup(x), name="y")
        session.run(v1.tables_initializer())
        builder = v1.saved_model.Builder(str(folder / "model"))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {"serving_default": v1.saved_model.predict_signature_def({"x": x}, {"y": y})},
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            main_op=v1.tables_initializer(),
        )
        builder.save()
    file.unlink()
    return folder / "model"


def test_tables_are_filled_from_assets(tmp_path: Path):
    folder = words(tmp_path)
    given = {"x": np.array([b"blue", b"red", b"black"], object)}
    assert outputs(folder, given)["y"].tolist()[:2] == [2, 0]
    assert opened(folder).values["assets/words.txt"].item() == b"red\ngreen\nblue\n"


def test_assets_outside_of_the_folder_are_refused(tmp_path: Path):
    folder = words(tmp_path)
    message = read_saved_model(folder / "saved_model.pb")
    message.meta_graphs[0].asset_file_def.add(filename="../../secret.txt")
    (folder / "saved_model.pb").write_bytes(message.SerializeToString())
    with pytest.raises(ArtifactError, match=re.escape("outside of its folder, '../../secret")):
        opened(folder)


def test_assets_that_are_missing_are_named(tmp_path: Path):
    folder = words(tmp_path)
    (folder / "assets/words.txt").unlink()
    with pytest.raises(ArtifactError, match=r"words\.txt cannot be read: No such file"):
        opened(folder)


def test_inputs_that_nothing_uses_stay(tmp_path: Path):
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        x, unused = features(), features(2, tf.int32, "unused")
        y = tf.identity(x * 2.0, name="y")
        signature = v1.saved_model.predict_signature_def({"a": x, "b": unused, "c": x}, {"y": y})
        builder = v1.saved_model.Builder(str(tmp_path / "model"))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    given = {"a": np.ones((1, 4), "f"), "b": np.ones((1, 2), np.int32), "c": np.ones((1, 4), "f")}
    assert outputs(tmp_path / "model", given)["y"].tolist() == [[2.0] * 4]


def test_sparse_inputs_are_three(tmp_path: Path):
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        x = v1.sparse_placeholder(tf.float32, name="x")
        y = tf.sparse.reduce_sum(x, 1)
        builder = v1.saved_model.Builder(str(tmp_path / "model"))
        signature = v1.saved_model.build_signature_def(
            {"x": v1.saved_model.build_tensor_info(x)}, {"y": v1.saved_model.build_tensor_info(y)}
        )
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    given = {
        "x/indices": np.array([[0, 1], [1, 0]]),
        "x/values": np.array([2.0, 3.0], "f"),
        "x/dense_shape": np.array([2, 2]),
    }
    assert outputs(tmp_path / "model", given)["y"].tolist() == [2.0, 3.0]


def test_a_fed_tensor_can_be_an_output(tmp_path: Path):
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        x = v1.placeholder(tf.string, [None], "x")
        signature = v1.saved_model.predict_signature_def({"x": x}, {"same": x, "again": x})
        builder = v1.saved_model.Builder(str(tmp_path / "model"))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    found = outputs(tmp_path / "model", {"x": np.array([b"a\0"], object)})
    assert {name: array.tolist() for name, array in found.items()} == {
        "same": [b"a\0"],
        "again": [b"a\0"],
    }
