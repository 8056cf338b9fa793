"""What strangers' models show of themselves: shapes, outputs, files of all kinds."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from google.protobuf import text_format

from pipeline.errors import ArtifactError
from pipeline.inspection.model import inspect

from .test_inspection import acting, freeze, mlp, save

pytestmark = pytest.mark.slow  # make check leaves it to make test

v1 = tf.compat.v1


def write(path: Path, producer: int = 1000, **nodes: Any) -> Path:
    """Write the graph of a default graph that is open, as another version wrote it."""
    definition = v1.get_default_graph().as_graph_def()
    definition.versions.producer = producer
    path.write_bytes(definition.SerializeToString())
    return path


@pytest.fixture
def graph():
    with tf.Graph().as_default() as opened:
        yield opened


def ends(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    (found,) = inspect(path).graphs
    return {x.name: x.shape for x in found.inputs}, {x.name: x.shape for x in found.outputs}


@pytest.mark.parametrize(("producer", "shape"), [(21, None), (27, ()), (0, None)])
def test_an_old_graph_writes_an_unknown_shape_as_that_of_a_scalar(
    tmp_path: Path, graph: Any, producer: int, shape: Any
):
    tf.square(v1.placeholder(tf.float32, [], "x"), "y")
    path = write(tmp_path / "g.pb", producer)
    assert ends(path) == ({"x:0": shape}, {"y:0": shape})


def test_all_outputs_of_an_operation_are_outputs(tmp_path: Path, graph: Any):
    tf.split(v1.placeholder(tf.float32, [4, 6], "x"), 3, 1, name="parts")
    assert ends(write(tmp_path / "g.pb"))[1] == {f"parts:{n}": (4, 2) for n in range(3)}


def test_inference_knows_shapes_that_depend_on_computed_ones(tmp_path: Path, graph: Any):
    x = v1.placeholder(tf.float32, [8, 3, 2], "x")
    rows = tf.shape(x)[0] // 2
    y = tf.reshape(x, tf.stack([rows, -1]))

    @tf.function
    def twice(values: Any) -> Any:
        return values + values

    tf.identity(twice(y), "y")
    assert ends(write(tmp_path / "g.pb"))[1] == {"y:0": (4, 12)}


def test_a_signature_names_an_output_that_is_consumed(tmp_path: Path):
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 3], "x")
        logits = tf.square(x, "logits")
        tf.nn.softmax(logits, name="classes")
        builder = v1.saved_model.Builder(str(tmp_path / "model"))
        unused = v1.placeholder(tf.float32, [2], "unused")
        signature = v1.saved_model.predict_signature_def(
            {"x": x, "unused": unused}, {"logits": logits}
        )
        builder.add_meta_graph_and_variables(session, ["serve"], {"one": signature})
        builder.save()
    inputs, outputs = ends(tmp_path / "model")
    assert inputs == {"unused:0": (2,), "x:0": (None, 3)}
    assert outputs == {"logits:0": (None, 3)}


@pytest.mark.parametrize("kind", ["checkpoint", "meta", "pbtxt", "meta.pb"])
def test_a_training_graph_has_the_ends_of_its_model(tmp_path: Path, kind: str):
    meta = Path(f"{save(tmp_path)}.meta")
    path = tmp_path if kind == "checkpoint" else tmp_path / f"alone/graph.{kind}"
    path.parent.mkdir(exist_ok=True)
    if kind.startswith("meta"):
        shutil.copy(meta, path)
    if kind == "pbtxt":
        read = v1.MetaGraphDef.FromString(meta.read_bytes())
        path.write_text(text_format.MessageToString(read.graph_def))
    assert ends(path) == ({"features:0": (None, 3)}, {"loss:0": ()})
    assert acting(inspect(path)) == set()


def test_a_folder_needs_no_state(tmp_path: Path):
    prefix = save(tmp_path)
    (tmp_path / "checkpoint").unlink()
    assert inspect(tmp_path).path == prefix
    for file in tmp_path.glob("model.ckpt-7.*"):
        shutil.copy(file, file.with_name(file.name.replace("7", "8")))
    with pytest.raises(ArtifactError, match=r"several models: model.ckpt-7.index, .*; give one"):
        inspect(tmp_path)


@pytest.mark.parametrize("name", ["", ".index", ".meta"])
def test_the_name_of_a_checkpoint_may_be_empty(tmp_path: Path, name: str):
    prefix = save(tmp_path)
    for file in tmp_path.glob("model.ckpt-7.*"):
        file.rename(file.with_name(file.name.removeprefix("model.ckpt-7")))
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/there/model/"\n')
    model = inspect(tmp_path / name)
    assert model.kind == "checkpoint with its graph"
    assert Path(prefix).parent == Path(model.path)
    assert model.graphs[0].variables


def test_values_of_before_2017_are_read(tmp_path: Path):
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("w", [3, 2], use_resource=False)
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(write_version=v1.train.SaverDef.V1)
        saver.save(session, str(tmp_path / "old"))
    for path in (tmp_path, tmp_path / "old"):
        model = inspect(path)
        assert [(x.name, x.shape) for x in model.graphs[0].variables] == [("w", (3, 2))]


def test_a_file_of_values_that_is_missing_is_not_truncated(tmp_path: Path):
    file = Path(save(tmp_path) + ".data-00000-of-00001")
    file.unlink()
    with pytest.raises(ArtifactError, match=rf"{file.name} is missing"):
        inspect(tmp_path)


def test_a_graph_without_a_version_is_sound(tmp_path: Path, graph: Any):
    tf.square(v1.placeholder(tf.float32, [], "x"), "y")
    text = inspect(write(tmp_path / "g.pb", 0)).to_text(operations=False)
    assert "graph version unknown; 2 operations" in text


def test_a_protobuf_of_another_kind_is_no_graph(tmp_path: Path):
    (tmp_path / "g.pb").write_bytes(v1.ConfigProto(log_device_placement=True).SerializeToString())
    with pytest.raises(ArtifactError, match="holds no graph: it has no operations"):
        inspect(tmp_path / "g.pb")


def lite(folder: Path, operations: Any) -> Path:
    function = tf.function(
        lambda x: tf.nn.relu(tf.matmul(x, tf.ones([3, 2]))),
        input_signature=[tf.TensorSpec([None, 3])],
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    converter.target_spec.supported_ops = [operations]
    (folder / "model.tflite").write_bytes(converter.convert())
    return folder / "model.tflite"


def test_a_tflite_model_is_described(tmp_path: Path):
    path = lite(tmp_path, tf.lite.OpsSet.TFLITE_BUILTINS)
    model = inspect(path)
    (graph,) = model.graphs
    assert model.kind == "TFLite"
    assert [(x.dtype, x.shape) for x in graph.inputs] == [("float32", (None, 3))]
    assert [(x.dtype, x.shape) for x in graph.outputs] == [("float32", (None, 2))]
    assert graph.op_types == {"FULLY_CONNECTED": 1}
    assert acting(model) == set()
    data = path.read_bytes()
    for tenth in range(1, 10):
        path.write_bytes(data[: len(data) * tenth // 10])
        with pytest.raises(ArtifactError):
            inspect(path)


ASK = """
import sys
from pipeline import cli
print(cli.main(["inspect", *sys.argv[1:]]), "tensorflow" in sys.modules)
"""


def ask(path: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", ASK, path.name], cwd=path.parent, capture_output=True, text=True
    )


def test_the_verb_needs_no_repository_and_no_tensorflow_of_its_own(tmp_path: Path):
    ran = ask(freeze(mlp, tmp_path / "mlp.pb"))
    assert ran.stdout.splitlines()[-1] == "0 False"
    assert "prediction:0" in ran.stdout
    assert ran.stderr == ""
    assert [file.name for file in tmp_path.iterdir()] == ["mlp.pb"]
    (tmp_path / "mlp.pb").write_bytes((tmp_path / "mlp.pb").read_bytes()[:-50])
    ran = ask(tmp_path / "mlp.pb")
    assert ran.stdout == "6 False\n"
    assert "mlp.pb is truncated, or not a GraphDef" in ran.stderr
