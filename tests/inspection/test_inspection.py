"""A model is described from its files alone, whoever made it."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from pipeline import cli
from pipeline.errors import ArtifactError
from pipeline.inspection.model import ModelSummary, inspect

from ..failures import Failure

pytestmark = pytest.mark.slow  # make check leaves it to make test

v1 = tf.compat.v1


def dense(values: Any, width: int, name: str) -> Any:
    with v1.variable_scope(name, use_resource=True):
        weights = v1.get_variable("weights", [values.shape[1], width])
        bias = v1.get_variable("bias", [width])
    return tf.matmul(values, weights) + bias  # not in the scope, as in this project


def mlp() -> Any:
    """3 → 5 → 2, with ReLU between."""
    features = v1.placeholder(tf.float32, [None, 3], "features")
    return tf.identity(dense(tf.nn.relu(dense(features, 5, "one")), 2, "two"), "prediction")


def conv() -> Any:
    """`[rows, 8, 8, 3]` → convolution 3×3 to 4 maps → 2×2 max → 10 classes."""
    images = v1.placeholder(tf.float32, [None, 8, 8, 3], "images")
    with v1.variable_scope("conv"):
        kernel = v1.get_variable("kernel", [3, 3, 3, 4], use_resource=False)
        maps = tf.nn.relu(tf.nn.conv2d(images, kernel, 1, "SAME"))
        pooled = tf.nn.max_pool2d(maps, 2, 2, "VALID")
    flat = tf.reshape(pooled, [-1, 64], "flat/reshape")
    return tf.nn.softmax(dense(flat, 10, "classes"), name="prediction")


def freeze(build: Any, path: Path) -> Path:
    """Write a frozen graph, without any stored shapes."""
    with tf.Graph().as_default() as graph, v1.Session() as session:
        output = build()
        session.run(v1.global_variables_initializer())
        definition = v1.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), [output.op.name]
        )
    path.write_bytes(definition.SerializeToString())
    return path


def save(folder: Path, meta: bool = True) -> str:
    """Write a checkpoint of a training graph with Adam; returns its prefix."""
    with tf.Graph().as_default(), v1.Session() as session:
        loss = tf.reduce_mean(mlp(), name="loss")
        v1.train.AdamOptimizer().minimize(loss, v1.train.get_or_create_global_step())
        session.run(v1.global_variables_initializer())
        return v1.train.Saver().save(
            session, str(folder / "model.ckpt"), global_step=7, write_meta_graph=meta
        )


def export(folder: Path) -> Path:
    """Write a SavedModel with two MetaGraphs."""
    builder = v1.saved_model.Builder(str(folder))
    for number, tags in enumerate((["serve"], ["serve", "gpu"])):
        with tf.Graph().as_default() as graph, v1.Session() as session:
            output = mlp()
            session.run(v1.global_variables_initializer())
            signature = v1.saved_model.predict_signature_def(
                {"x": graph.get_tensor_by_name("features:0")}, {"y": output}
            )
            if number:
                builder.add_meta_graph(tags, {"wide": signature})
            else:
                builder.add_meta_graph_and_variables(session, tags, {"serving_default": signature})
    builder.save()
    return folder


def acting(model: ModelSummary) -> set[tuple[str, str]]:
    return {(one["op"], one["function"]) for graph in model.graphs for one in graph.acting}


def numbers(model: ModelSummary) -> dict[str, tuple[int, int, int, Any]]:
    (graph,) = model.graphs
    return {x.name: (x.parameters, x.bytes, x.cost, x.output_shape) for x in graph.layers}


def test_an_mlp_is_counted_as_by_hand(tmp_path: Path):
    model = inspect(freeze(mlp, tmp_path / "mlp.pb"))
    assert numbers(model) == {
        "": (0, 0, 0, None),
        "one": (3 * 5 + 5, 4 * 20, 2 * 3 * 5 + 5 + 5, (None, 5)),
        "two": (5 * 2 + 2, 4 * 12, 2 * 5 * 2 + 2, (None, 2)),
    }
    (graph,) = model.graphs
    assert [(t.name, t.dtype, t.shape) for t in graph.inputs + graph.outputs] == [
        ("features:0", "float32", (None, 3)),
        ("prediction:0", "float32", (None, 2)),
    ]
    assert graph.op_types["MatMul"] == 2
    assert graph.acting == []
    assert graph.uncounted == 0
    assert model.bytes == (tmp_path / "mlp.pb").stat().st_size


def test_a_convolution_is_counted_as_by_hand(tmp_path: Path):
    found = numbers(inspect(freeze(conv, tmp_path / "conv.pb")))
    maps = 8 * 8 * 4
    cost = 2 * maps * 3 * 3 * 3 + maps + (4 * 4 * 4) * (2 * 2)
    assert found["conv"] == (108, 432, cost, (None, 64))  # reshaping has no layer of its own
    assert found["classes"] == (650, 2600, 2 * 64 * 10 + 10 + 10, (None, 10))


def test_costs_agree_with_tensorflow_s_profiler(tmp_path: Path):
    freeze(conv, tmp_path / "conv.pb")
    definition = v1.GraphDef.FromString((tmp_path / "conv.pb").read_bytes())
    definition.node[0].attr["shape"].shape.dim[0].size = 1
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(definition, name="")
        options = v1.profiler.ProfileOptionBuilder.float_operation() | {"output": "none"}
        profiled = v1.profiler.profile(graph, options=options).total_float_ops
    layers = inspect(tmp_path / "conv.pb").graphs[0].layers
    # It counts no ReLU (256), a softmax as 5 a value, and sees rows × 640 in the product.
    assert profiled == sum(layer.cost for layer in layers) - 256 + 4 * 10


@pytest.mark.parametrize("transposed", [False, True])
def test_products_are_counted_by_their_shared_dimension(tmp_path: Path, transposed: bool):
    def build() -> Any:
        shape = [7, 3, 4] if transposed else [7, 4, 3]
        left = v1.placeholder(tf.float32, shape)
        right = v1.placeholder(tf.float32, [7, 3, 5])
        return tf.matmul(left, right, transpose_a=transposed, name="product")

    (layer,) = inspect(freeze(build, tmp_path / "product.pb")).graphs[0].layers
    assert layer.cost == 2 * 7 * 4 * 3 * 5


def test_what_could_act_is_listed_also_inside_functions(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes([2, 3]))

    @tf.function
    def inner(path: Any) -> Any:
        tf.io.write_file(path + ".new", "x")
        return tf.io.read_file(path)

    def build() -> Any:
        path = tf.constant(str(secret))
        shape = tf.cast(tf.io.decode_raw(tf.io.read_file(path), tf.uint8), tf.int32)
        values = tf.reshape(v1.placeholder(tf.float32, [None]), tf.reshape(shape, [2]))
        called = v1.py_func(lambda x: x, [inner(path)], tf.string)
        return tf.tuple([values, tf.strings.length(called)], name="out")[0]

    with tf.Graph().as_default() as graph:
        build()
    (tmp_path / "bad.pb").write_bytes(graph.as_graph_def().SerializeToString())
    model = inspect(tmp_path / "bad.pb")
    found = {(op, bool(function)) for op, function in acting(model)}
    assert found >= {("ReadFile", False), ("ReadFile", True), ("WriteFile", True)}
    assert ("PyFunc", False) in found
    # An import would have read the file: it is the shape.
    shapes = {x.name: x.shape for x in model.graphs[0].operations}
    assert shapes["Reshape_1"] is None
    assert not secret.with_name("secret.new").exists()


def test_an_unknown_operation_could_act(tmp_path: Path):
    definition = v1.GraphDef()
    definition.node.add(name="x", op="Placeholder").attr["dtype"].type = 1
    definition.node.add(name="new\x1b[2J", op="Strange", input=["x"])
    (tmp_path / "g.pb").write_bytes(definition.SerializeToString())
    model = inspect(tmp_path / "g.pb")
    assert acting(model) == {("Strange", "")}
    text = model.to_text(operations=True)
    assert "1 operations that could act on the machine:\n" in text
    assert "\x1b" not in text


def test_a_call_of_what_is_not_in_the_file_could_act(tmp_path: Path):
    definition = v1.GraphDef()
    call = definition.node.add(name="x", op="PartitionedCall")
    call.attr["f"].func.name = "elsewhere"
    (tmp_path / "g.pb").write_bytes(definition.SerializeToString())
    assert acting(inspect(tmp_path / "g.pb")) == {("PartitionedCall", "")}


@pytest.mark.parametrize("name", ["", "saved_model.pb"])
def test_a_saved_model_has_its_graphs_with_tags_and_signatures(tmp_path: Path, name: str):
    model = inspect(export(tmp_path / "model") / name)
    assert model.kind == "SavedModel"
    one, other = model.graphs
    assert (one.tags, other.tags) == (["serve"], ["serve", "gpu"])
    assert one.version == f"TensorFlow {tf.__version__}"
    assert list(other.signatures) == ["wide"]
    assert one.signatures["serving_default"] == {
        "inputs": {"x": "features:0"},
        "outputs": {"y": "prediction:0"},
    }
    for graph in model.graphs:
        assert [t.name for t in graph.inputs + graph.outputs] == ["features:0", "prediction:0"]
        assert [(x.name, x.parameters, x.cost) for x in graph.layers] == [
            ("", 0, 0),
            ("one", 20, 40),
            ("two", 12, 22),
        ]
    assert acting(model) == set()


@pytest.mark.parametrize("name", ["", "model.ckpt-7", "model.ckpt-7.meta", "model.ckpt-7.index"])
def test_a_checkpoint_with_its_graph(tmp_path: Path, name: str):
    save(tmp_path)
    model = inspect(tmp_path / name)
    assert model.kind == "checkpoint with its graph"
    found = numbers(model)
    # Adam keeps two values beside each parameter: bytes, but no parameters.
    assert found["one"][:2] == (20, 3 * 4 * 20)
    assert found["two"][:2] == (12, 3 * 4 * 12)
    assert found["one"][2] == 40  # without gradients
    assert [t.name for t in model.graphs[0].outputs] == ["loss:0"]


def test_a_moved_checkpoint_whose_state_has_an_absolute_path(tmp_path: Path, failure: Failure):
    prefix = save(tmp_path)
    state = tmp_path / "checkpoint"
    state.write_text('model_checkpoint_path: "/there/run/model.ckpt-7"\n')
    assert inspect(tmp_path).path == prefix
    state.write_text('model_checkpoint_path: "/there/run/model.ckpt-8"\n')
    with failure.raises(
        "a folder without the checkpoint that its state names",
        ArtifactError,
        match="has no checkpoint model.ckpt-8",
    ):
        inspect(tmp_path)


def test_functions_are_said_to_be_uncounted(tmp_path: Path):
    module = tf.Module()
    module.kernel = tf.Variable(tf.ones([3, 2]), name="dense/kernel")
    module.run = tf.function(
        lambda x: tf.nn.relu(x @ module.kernel), input_signature=[tf.TensorSpec([None, 3])]
    )
    tf.saved_model.save(module, str(tmp_path), {"serving_default": module.run})
    model = inspect(tmp_path)
    (graph,) = model.graphs
    assert [(x.name, x.parameters) for x in graph.layers] == [("", 0), ("dense", 6)]
    assert (graph.uncounted, graph.op_types["MatMul"]) == (1, 1)
    assert [(t.dtype, t.shape) for t in graph.outputs] == [("float32", (None, 2))]
    assert all(function for _, function in acting(model))


def test_a_damaged_state_file_is_one_message(tmp_path: Path, failure: Failure):
    prefix = save(tmp_path)
    (tmp_path / "checkpoint").write_bytes(b"\xff\xfe")
    with failure.raises(
        "a stranger's state of checkpoints that is no text",
        ArtifactError,
        match="checkpoint is damaged: it names no checkpoint",
    ):
        inspect(tmp_path)
    assert inspect(Path(prefix)).graphs


def test_a_checkpoint_without_its_graph(tmp_path: Path):
    save(tmp_path, meta=False)
    model = inspect(tmp_path)
    assert model.kind == "checkpoint without a graph (no .meta)"
    assert numbers(model)["two"] == (12, 3 * 4 * 12, 0, None)
    lines = model.to_text(operations=True).splitlines()
    assert any(line.split() == ["one/bias", "float32", "[5]"] for line in lines)


def test_a_truncated_file_is_one_message_or_a_smaller_graph(tmp_path: Path):
    whole = freeze(mlp, tmp_path / "mlp.pb").read_bytes()
    refused = 0
    for length in range(0, len(whole), 7):
        (tmp_path / "mlp.pb").write_bytes(whole[:length])
        try:
            inspect(tmp_path / "mlp.pb").to_text(operations=True)
        except ArtifactError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > len(whole) // 7 * 0.9


@pytest.mark.slow
def test_a_flipped_byte_raises_nothing_else(tmp_path: Path):
    whole = freeze(mlp, tmp_path / "mlp.pb").read_bytes()
    for place in range(0, len(whole), 5):
        for flip in (1, 0x80):
            damaged = bytearray(whole)
            damaged[place] ^= flip
            (tmp_path / "mlp.pb").write_bytes(damaged)
            with suppress(ArtifactError):
                inspect(tmp_path / "mlp.pb").to_text(operations=True)


@pytest.mark.parametrize("name", ["m.pb", "saved_model.pb", "m.index"])
def test_garbage_is_one_message(tmp_path: Path, name: str, capsys, failure: Failure):
    for content in (b"", b"<html>", b"node {\n  name: 'x'\n}\n", b"\xff" * 50):
        (tmp_path / name).write_bytes(content)
        assert cli.main(["inspect", str(tmp_path / name)]) == 6
        said = capsys.readouterr().err
        assert said.startswith("pipeline: ")
    failure.said(f"{name} to inspect that is none", said, "pipeline: ", 6)


def test_a_node_that_is_missing_is_named(tmp_path: Path, failure: Failure):
    definition = v1.GraphDef()
    definition.ParseFromString(freeze(mlp, tmp_path / "mlp.pb").read_bytes())
    del definition.node[0]
    (tmp_path / "mlp.pb").write_bytes(definition.SerializeToString())
    with failure.raises(
        "a stranger's graph without one of its operations",
        ArtifactError,
        match="truncated or damaged: 'MatMul' needs 'features'",
    ):
        inspect(tmp_path / "mlp.pb")


def test_a_checkpoint_whose_values_are_cut_is_refused(tmp_path: Path, failure: Failure):
    file = Path(save(tmp_path) + ".data-00000-of-00001")
    file.write_bytes(file.read_bytes()[:100])
    expected = "is truncated: it has 100 bytes of"
    with failure.raises("a stranger's checkpoint that is cut", ArtifactError, match=expected):
        inspect(tmp_path)


@pytest.mark.parametrize("damage", ["index", "meta"])
def test_a_damaged_checkpoint_is_one_message(tmp_path: Path, damage: str):
    file = Path(f"{save(tmp_path)}.{damage}")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ArtifactError):
        inspect(tmp_path)


@pytest.mark.parametrize(
    ("what", "name", "expected"),
    [
        ("path of nothing", "no", "no is missing"),
        ("folder without a model", "empty", "is not a model"),
    ],
)
def test_what_is_no_model_is_refused(
    tmp_path: Path, what: str, name: str, expected: str, failure: Failure
):
    (tmp_path / "empty").mkdir()
    with failure.raises(f"{what}, to inspect", ArtifactError, match=expected):
        inspect(tmp_path / name)


def test_the_verb_prints_a_table_or_json(tmp_path: Path, capsys):
    path = str(freeze(mlp, tmp_path / "mlp.pb"))
    assert cli.main(["inspect", path]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["total", "32", "128", "62"] in lines
    assert ["0", "operations", "that", "could", "act", "on", "the", "machine"] in lines
    assert cli.main(["inspect", path, "--ops"]) == 0
    out = capsys.readouterr().out
    assert ["MatMul", "MatMul", "[?,", "5]"] in [line.split() for line in out.splitlines()]
    assert cli.main(["inspect", path, "--json"]) == 0
    (graph,) = json.loads(capsys.readouterr().out)["graphs"]
    assert graph["layers"][1]["parameters"] == 20
    assert "operations" not in graph
    assert cli.main(["inspect", path, "--json", "--ops"]) == 0
    (graph,) = json.loads(capsys.readouterr().out)["graphs"]
    assert {"name": "MatMul", "dtype": "MatMul", "shape": [None, 5]} in graph["operations"]
