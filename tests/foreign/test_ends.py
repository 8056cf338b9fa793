"""Inputs and outputs: found at the ends of a graph, or chosen by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.foreign.loading import Choice, Loaded, load
from pipeline.graphdef.locate import locate

from .scripts import SCRIPTS
from .written import write

pytestmark = pytest.mark.slow  # make check leaves it to make test

v1 = tf.compat.v1


def opened(path: Path, **choice: Any) -> Loaded:
    return load(locate(path), Choice(**choice))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def graph_of(name: str, folder: Path) -> Path:
    if not (folder / name).exists():
        write(SCRIPTS[name], folder / name)
    return folder / name / "graph.pbtxt"


def names(specs: Any) -> list[str]:
    return [spec.name for spec in specs]


ENDS = {
    "several": (["x"], ["thirds", "thirds:1", "thirds:2", "top", "top:1"]),
    "unique": (["x"], [f"UniqueWithCounts{place}" for place in ("", ":1", ":2")]),
    "training": (["x", "label"], ["prediction", "loss"]),
    "mixed_inputs": (["x", "scale", "chosen"], ["y"]),
    "only_a_default": (["x"], ["y"]),
    "nothing_to_feed": ([], ["product"]),
    "recurrent_v1": (["x"], ["outputs", "state"]),
    "recurrent": (["x"], ["outputs", "state"]),
    "condition_v1": (["x"], ["y"]),
    "asserted": (["x"], ["y"]),
    "batch_norm_in_training": (["image"], ["y"]),
    "queue": (["batch"], ["y"]),
    "iterator": (["IteratorGetNext"], ["y"]),
    "table_of_words": (["words"], ["y"]),
}


@pytest.mark.parametrize("name", ENDS)
def test_ends_are_found(name: str, folder: Path):
    interface = opened(graph_of(name, folder)).interface
    assert (names(interface.inputs), names(interface.outputs)) == ENDS[name]


def test_rows_of_a_queue_have_the_shape_that_it_declares(folder: Path):
    (rows,) = opened(graph_of("queue", folder)).interface.inputs
    assert (rows.dtype, rows.shape) == ("float32", (None, 4))


def test_tensors_inside_a_graph_are_chosen(folder: Path):
    path = graph_of("resources", folder)
    model = opened(path, inputs=("hidden/add",), outputs=("out/add:0",))
    (given,), (found,) = model.interface.inputs, model.interface.outputs
    assert (given.name, given.dtype, given.shape) == ("hidden/add", "float32", (None, 8))
    assert (found.name, found.shape) == ("out/add", (None, 3))
    assert {node.name for node in model.graph.node}.isdisjoint({"x", "hidden/kernel"})


def test_a_chosen_output_limits_the_inputs(folder: Path):
    interface = opened(graph_of("training", folder), outputs=("prediction",)).interface
    assert names(interface.inputs) == ["x"]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"outputs": ("predictoin",)}, "no tensor 'predictoin'; nearest: prediction"),
        ({"inputs": ("X",)}, "no tensor 'X'; nearest: x"),
        ({"outputs": ("prediction:3",)}, "no tensor 'prediction:3'"),
        ({"inputs": ("x",), "outputs": ("loss",)}, "needs label, which is not fed; add --input"),
    ],
)
def test_a_choice_that_does_not_fit_is_explained(choice, message: str, folder: Path):
    with pytest.raises(ArtifactError, match=message):
        opened(graph_of("training", folder), **choice)


@pytest.mark.parametrize(("producer", "shape"), [(21, None), (24, ()), (1000, ())])
def test_an_empty_shape_was_unknown_once(producer: int, shape: Any, tmp_path: Path):
    with tf.Graph().as_default() as graph:
        tf.negative(v1.placeholder(tf.float32, [], "x"), name="y")
    definition = graph.as_graph_def()
    definition.versions.producer = producer
    (tmp_path / "graph.pb").write_bytes(definition.SerializeToString())
    model = opened(tmp_path / "graph.pb")
    assert model.interface.inputs[0].shape == shape
    assert model.interface.outputs[0].shape == shape
    if shape is None:
        found = model.runner().run({"x": np.ones((2, 3), "f")})
        assert found["y"].shape == (2, 3)


def test_a_file_may_be_called_anything(folder: Path, tmp_path: Path):
    path = graph_of("resources", folder)
    (tmp_path / "saved_model.pb").write_bytes((path.parent / "frozen.pb").read_bytes())
    model = opened(tmp_path)
    assert model.files.kind == "graph"
    assert names(model.interface.outputs) == ["probability"]


def test_variables_without_values_are_missing(folder: Path):
    model = opened(graph_of("references", folder))
    assert set(model.missing) == {"hidden/kernel", "hidden/bias", "out/kernel", "out/bias"}


def test_a_table_that_nothing_fills_is_missing(folder: Path, tmp_path: Path):
    definition = opened(graph_of("table_of_words", folder)).graph
    kept = [node for node in definition.node if not node.op.startswith("LookupTableImport")]
    del definition.node[:]
    definition.node.extend(kept)
    (tmp_path / "graph.pb").write_bytes(definition.SerializeToString())
    assert any("hash_table" in name for name in opened(tmp_path / "graph.pb").missing)
