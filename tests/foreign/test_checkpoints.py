"""Checkpoints as others left them: no graph, odd names, other machines' paths, other savers."""

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.foreign.loading import Choice, Loaded, load
from pipeline.graphdef.locate import Kind, locate

from .scripts import SCRIPTS, dense, features, variable
from .written import feeds, write

pytestmark = pytest.mark.slow  # make check leaves it to make test

v1 = tf.compat.v1


def opened(path: Path, **choice: Any) -> Loaded:
    return load(locate(path), Choice(**choice))


def outputs(path: Path, **choice: Any) -> dict[str, np.ndarray]:
    with opened(path, **choice) as model:
        given = feeds(model.interface)
        found = model.runner().run(given)
        expected = model.reference().run(given)
        assert all((found[name] == expected[name]).all() for name in found)
        return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(SCRIPTS["averaged"], tmp_path_factory.mktemp("averaged"))


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained / "checkpoint", tmp_path / "copy"))


def test_values_are_named_as_variables(folder: Path):
    model = opened(folder, outputs=("prediction",))
    assert model.variables == {"out/kernel", "out/bias"}
    assert model.values.keys() >= model.variables
    assert model.values["out/kernel"].shape == (4, 1)
    assert [spec.name for spec in model.interface.inputs] == ["x"]
    assert [spec.name for spec in model.interface.outputs] == ["prediction"]


def test_without_a_graph_there_are_values_alone(folder: Path):
    (folder / "model.meta").unlink()
    model = opened(folder)
    assert (model.graph, model.interface.inputs, model.interface.outputs) == (None, (), ())
    assert model.values.keys() == model.variables
    assert model.values.keys() > {"out/kernel", "out/bias"}
    with pytest.raises(ArtifactError, match="values and no graph"):
        model.runner()


def test_a_graph_without_values_says_what_is_missing(folder: Path):
    for file in [*folder.glob("*.index"), *folder.glob("*.data*"), folder / "checkpoint"]:
        file.unlink()
    model = opened(folder / "model.meta")
    assert model.files.kind is Kind.META
    assert sorted(model.missing) == ["out/bias", "out/kernel"]
    with pytest.raises(ArtifactError, match=r"no value of .*out/kernel"):
        model.reference()


def test_base_names_can_be_empty(folder: Path):
    expected = outputs(folder)
    for file in folder.glob("model.*"):
        file.rename(folder / file.name.removeprefix("model"))
    (folder / "checkpoint").write_text('model_checkpoint_path: "E:\\\\models\\\\"\n')
    assert (outputs(folder)["prediction"] == expected["prediction"]).all()


def test_the_path_of_another_machine_does_not_matter(folder: Path):
    (folder / "checkpoint").write_text('model_checkpoint_path: "/home/ann/run/model"\n')
    assert outputs(folder)


def test_a_saver_may_call_variables_otherwise(tmp_path: Path):
    with tf.Graph().as_default(), v1.Session() as session:
        tf.identity(dense(features(), 2, "out"), name="y")
        session.run(v1.global_variables_initializer())
        kernel, bias = v1.global_variables()
        saver = v1.train.Saver({"weights": kernel, "shift": bias})
        saver.save(session, str(tmp_path / "model"))
        expected = session.run(kernel)
    model = opened(tmp_path)
    assert model.missing == ()
    assert (model.values["out/kernel"] == expected).all()


def test_parts_of_a_variable_are_read(tmp_path: Path):
    write(SCRIPTS["partitions"], tmp_path)
    model = opened(tmp_path / "checkpoint")
    sizes = {name: model.values[name].shape for name in model.variables}
    assert sizes == {f"parts/table/part_{i}": (n, 3) for i, n in enumerate((4, 4, 3))}
    assert outputs(tmp_path / "checkpoint")


def test_savers_of_several_files(tmp_path: Path):
    write(SCRIPTS["resources"], tmp_path, sharded=True)
    assert outputs(tmp_path / "checkpoint")


def test_the_old_format_is_read(tmp_path: Path):
    write(SCRIPTS["references"], tmp_path, write_version=v1.train.SaverDef.V1)
    assert outputs(tmp_path / "checkpoint")


def test_what_a_saver_left_out_is_missing(tmp_path: Path):
    with tf.Graph().as_default(), v1.Session() as session:
        tf.identity(dense(features(), 2, "out"), name="y")
        session.run(v1.global_variables_initializer())
        v1.train.Saver(v1.global_variables()[:1]).save(session, str(tmp_path / "model"))
    assert opened(tmp_path).missing == ("out/bias",)


def test_names_of_objects_are_names_of_variables(tmp_path: Path):
    module = tf.Module()
    module.layer = tf.Module()
    module.layer.kernel = tf.Variable([[1.0, 2.0]], name="dense/kernel")
    module.twice = [tf.Variable(1.0, name="v"), tf.Variable(2.0, name="v")]
    tf.train.Checkpoint(model=module).save(str(tmp_path / "ckpt"))
    values = opened(tmp_path).values
    assert values.keys() == {"dense/kernel", "model/twice/0", "model/twice/1"}


def test_tables_of_a_checkpoint_are_filled(tmp_path: Path):
    with tf.Graph().as_default(), v1.Session() as session:
        table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1, name="table")
        word = v1.placeholder(tf.string, [None], "word")
        tf.identity(table.lookup(word), name="number")
        insert = table.insert(tf.constant(["b", "a"]), tf.constant([5, 6], tf.int64))
        tf.identity(variable("v", 1), name="v_again")
        session.run([v1.global_variables_initializer(), insert])
        v1.train.Saver().save(session, str(tmp_path / "model"))
    with opened(tmp_path, outputs=("number",)) as model:
        for runner in (model.runner(), model.reference()):
            found = runner.run({"word": np.array([b"a", b"b", b"c"], object)})
            assert found["number"].tolist() == [6, 5, -1]
        assert model.values["table/keys"].tolist() == [b"a", b"b"]
        assert model.values["table/values"].tolist() == [6, 5]


def swap(folder: Path, rename: dict[str, str], shapes: dict[str, Any] | None = None) -> None:
    """Write the values of a checkpoint again under other names, beside the graph as it was."""
    reader = tf.train.load_checkpoint(str(folder / "model"))
    values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    with tf.Graph().as_default(), v1.Session() as session:
        for name, value in values.items():
            value = value.reshape((shapes or {}).get(name, value.shape))
            v1.get_variable(rename.get(name, name), initializer=value, use_resource=False)
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(folder / "model"), write_meta_graph=False)


def test_other_names_are_shown_and_renamed(folder: Path):
    expected = outputs(folder)
    swap(folder, {"out/kernel": "dense/kernel", "out/bias": "dense/bias"})
    with pytest.raises(ArtifactError) as caught:
        opened(folder)
    text = str(caught.value)
    assert re.search(r"missing +out/kernel \[4, 1\]; nearest: dense/kernel", text)
    assert re.search(r"extra +dense/bias \[1\]", text)
    assert "--rename OLD=NEW" in text
    for pairs in [
        (("dense/*", "out/*"),),
        (("dense/kernel", "out/kernel"), ("dense/bias", "out/bias")),
    ]:
        assert (outputs(folder, rename=pairs)["prediction"] == expected["prediction"]).all()


def test_other_shapes_are_shown(folder: Path):
    swap(folder, {}, {"out/kernel": (2, 2)})
    with pytest.raises(
        ArtifactError, match=r"misshapen +out/kernel \[2, 2\], the graph needs \[4,"
    ):
        opened(folder)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("out/kernle", "w")], "has no 'out/kernle'; nearest: out/kernel"),
        ([("out/*", "same")], "makes 'same' of"),
    ],
)
def test_renaming_that_does_not_fit_is_refused(folder: Path, pairs, message: str):
    (folder / "model.meta").unlink()
    with pytest.raises(ArtifactError, match=message):
        opened(folder, rename=tuple(pairs))


def test_averages_take_the_place_of_raw_values(folder: Path):
    swap(folder, {})
    raw, average = opened(folder), opened(folder, ema=True)
    assert raw.averages.keys() == {"out/kernel", "out/bias"}
    assert (average.values["out/kernel"] == raw.averages["out/kernel"]).all()
    assert outputs(folder, ema=True)


def test_averages_that_are_not_there_are_refused(tmp_path: Path):
    write(SCRIPTS["resources"], tmp_path)
    with pytest.raises(ArtifactError, match="has no moving averages"):
        opened(tmp_path / "checkpoint", ema=True)


def test_devices_and_shapes_of_other_versions_do_not_matter(tmp_path: Path):
    with tf.Graph().as_default(), v1.Session() as session:
        with tf.device("/job:ps/replica:0/task:3/device:TPU:0"):
            kernel = variable("kernel", 4, 2)
        tf.matmul(features(), kernel, name="y")
        meta = v1.train.export_meta_graph()
    for node in meta.graph_def.node:
        node.attr["_output_shapes"].list.shape.add().unknown_rank = True
        node.attr["_class"].list.s.append(b"loc:@nowhere")
    with tf.Graph().as_default(), v1.Session() as session:
        kernel = variable("kernel", 4, 2)
        session.run(kernel.initializer)
        v1.train.Saver().save(session, str(tmp_path / "model"))
    (tmp_path / "model.meta").write_bytes(meta.SerializeToString())
    assert outputs(tmp_path)
