"""Models of anybody are frozen: equal outputs, equal bytes, and refusals that name the node."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.foreign.freezing import rules, saved_model
from pipeline.foreign.freezing.freeze import MAX_BYTES, Frozen, freeze
from pipeline.foreign.loading import Choice, Loaded, load
from pipeline.graphdef.locate import locate

from .handles import READING, WRITING, Build, gathers, questions, two_calls_of_one_function
from .scripts import SCRIPTS, normalize
from .written import feeds, write

pytestmark = pytest.mark.slow  # make check leaves it to make test

v1 = tf.compat.v1

# Models with tables, and how what surrounds the table is frozen.
REFUSED = {
    "table_of_words": {"inputs": ["hash_table_Lookup/LookupTableFindV2"]},
    "names_of_classes": {"outputs": ["ArgMax", "probability"]},
}
KEPT = READING | {name: build for name, build in SCRIPTS.items() if name not in REFUSED}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def opened(path: Path, **choice: Any) -> Loaded:
    return load(locate(path), Choice(**choice))


def frozen_from(path: Path, **choice: Any) -> tuple[Frozen, dict[str, Any], dict[str, Any]]:
    """Freeze a model; returns it with what the model is fed and what it computes."""
    with opened(path, **choice) as model:
        given = feeds(model.interface)
        return freeze(model), given, model.runner().run(given)


def require_no_variables(frozen: Frozen) -> None:
    bodies = [frozen.graph.node, *(one.node_def for one in frozen.graph.library.function)]
    ops = {node.op for body in bodies for node in body}
    assert not {op for op in ops if "Variable" in op or "Var" in op or op.startswith("Ref")}
    kinds = {one.type for f in frozen.graph.library.function for one in f.signature.input_arg}
    assert tf.resource.as_datatype_enum not in kinds


def require_equal(path: Path, frozen: Frozen, given: Any, expected: Any, **choice: Any) -> None:
    """Run a form of a frozen model, whose inputs may have other names."""
    by_tensor = {spec.tensor: given[spec.name] for spec in frozen.interface.inputs}
    with opened(path, **choice) as model:
        fed = {spec.name: by_tensor[spec.tensor] for spec in model.interface.inputs}
        found = model.runner().run(fed)
        names = {spec.tensor: spec.name for spec in model.interface.outputs}
    for spec in frozen.interface.outputs:
        one, other = found[names[spec.tensor]], expected[spec.name]
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.tolist() == other.tolist() or one.tobytes() == other.tobytes()


@pytest.mark.parametrize(
    "name",
    [
        *READING,
        *(pytest.param(name, marks=pytest.mark.slow) for name in KEPT if name not in READING),
    ],
)
def test_a_frozen_model_has_the_bits_of_the_session(name: str, folder: Path):
    write(KEPT[name], folder / name)
    path = folder / name / "checkpoint"
    path = path if path.exists() else folder / name / "saved_model"
    frozen, given, expected = frozen_from(path)
    require_no_variables(frozen)
    file = folder / name / "made.pb"
    file.write_bytes(frozen.to_bytes())
    outputs = tuple(spec.tensor for spec in frozen.interface.outputs)
    require_equal(file, frozen, given, expected, outputs=outputs)
    saved_model.write(frozen, folder / name / "made")
    require_equal(folder / name / "made", frozen, given, expected)


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_is_refused(name: str, folder: Path):
    write(SCRIPTS[name], folder / name)
    model = folder / name / "saved_model"
    (advice,) = REFUSED[name].items()
    words = " ".join(f"--{advice[0][:-1]} {tensor}" for tensor in advice[1])
    message = rf"(?s)node '.*' \(HashTableV2\) .* a table.*keep {model}.*, with {words}$"
    with pytest.raises(ArtifactError, match=message):
        frozen_from(model)
    frozen, *_ = frozen_from(model, **{advice[0]: tuple(advice[1])})
    assert not any("Table" in node.op for node in frozen.graph.node)


def test_a_function_is_copied_for_values_of_two_types_alone(folder: Path):
    frozen, *_ = frozen_from(written(two_calls_of_one_function, folder))
    names = [one.signature.name for one in frozen.graph.library.function]
    assert [re.sub(r"^__inference_|_\d+", "", name, count=2) for name in names] == [
        "layer", "size", "size_1"
    ]  # fmt: skip


def written(build: Build, folder: Path) -> Path:
    path = folder / build.__name__ / "checkpoint"
    return path if path.exists() else write(build, folder / build.__name__) / "checkpoint"


@pytest.mark.parametrize("name", WRITING)
def test_what_writes_is_refused_with_the_name_of_the_node(name: str, folder: Path):
    path = written(WRITING[name], folder)
    op = name.partition(": ")[2]
    with pytest.raises(ArtifactError, match=rf"node '.*' \({op}\) .* variable"):
        frozen_from(path, outputs=("y",))


def test_training_goes_and_what_it_leaves_on_is_told(folder: Path):
    def network():
        x = v1.placeholder(tf.float32, [None, 5, 5, 4], "x")
        y = tf.reduce_mean(normalize(x, training=True), [1, 2])
        y = tf.identity(tf.nn.dropout(y, rate=0.5, name="dropout"), name="y")
        v1.train.AdamOptimizer().minimize(tf.reduce_mean(y))

    frozen, *_ = frozen_from(written(network, folder), outputs=("y",))
    ops = {node.op for node in frozen.graph.node}
    assert not {op for op in ops if "Apply" in op or "Assign" in op or "Grad" in op}
    assert [note.partition(":")[0] for note in frozen.notes] == [
        "batch normalization computes from each batch, as in training"
    ]
    assert "FusedBatchNorm" in frozen.notes[0]


def test_an_input_of_the_signature_that_nothing_uses_stays(folder: Path):
    model, path = tf.Module(), folder / "unused"
    model.kernel = tf.Variable(np.arange(12.0).reshape(4, 3))

    @tf.function(
        input_signature=[tf.TensorSpec([None, 4], tf.float64), tf.TensorSpec([], tf.string)]
    )
    def signature(x, unused):
        return {"y": tf.matmul(x, model.kernel), "size": tf.shape(model.kernel)}

    tf.saved_model.save(model, str(path / "given"), signatures={"other": signature})
    frozen, given, expected = frozen_from(path / "given", signature="other")
    assert [spec.name for spec in frozen.interface.inputs] == ["unused", "x"]
    saved_model.write(frozen, path / "made", ["serve"], "other")
    require_equal(path / "made", frozen, given, expected, signature="other")
    served = tf.saved_model.load(str(path / "made")).signatures["serving_default"]
    found = served(**{name: tf.constant(value) for name, value in given.items()})
    assert {name: value.numpy().tolist() for name, value in found.items()} == {
        name: value.tolist() for name, value in expected.items()
    }


ODD = np.array([0x7FC00001, 0x7F800001, 0x80000000], np.uint32).view(np.float32)


@pytest.mark.parametrize(
    "value",
    [
        ODD,
        ODD[1].reshape(()),
        ODD[:0].reshape(2, 0),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([b"a\0", b""], object),
        np.array(1 + 2j),
        np.array([True, False]),
        np.arange(3).astype(tf.bfloat16.as_numpy_dtype),
    ],
    ids=lambda value: f"{value.dtype.name}{list(value.shape)}",
)
def test_a_constant_has_all_bits_of_the_value(value: np.ndarray):
    dtype = tf.string if value.dtype == object else tf.as_dtype(value.dtype)
    found = tf.make_ndarray(rules.to_tensor(value, dtype.as_datatype_enum))
    assert (found.dtype, found.shape) == (value.dtype, value.shape)
    assert found.tobytes() == value.tobytes() or found.tolist() == value.tolist()


PRINT_DIGEST = """
import hashlib, sys
from pathlib import Path
from pipeline.graphdef.locate import locate
from pipeline.foreign.freezing import rules, saved_model
from pipeline.foreign.freezing.freeze import freeze
from pipeline.foreign.loading import Choice, load

path, to = map(Path, sys.argv[1:])
frozen = freeze(load(locate(path), Choice()))
saved_model.write(frozen, to)
for content in (frozen.to_bytes(), (to / "saved_model.pb").read_bytes()):
    print(hashlib.sha256(content).hexdigest())
"""


def test_bytes_are_equal_in_two_processes(folder: Path):
    path = written(two_calls_of_one_function, folder)
    digests = set()
    for seed in "01":
        command = [sys.executable, "-c", PRINT_DIGEST, str(path), str(folder / f"made{seed}")]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        digests.add(done.stdout)
    assert len(digests) == 1


def test_what_has_no_graph_or_not_all_values_is_refused(folder: Path):
    path = written(gathers, folder)
    no_values = pytest.raises(ArtifactError, match=r"pbtxt cannot be frozen: .* value of table")
    with opened(folder / "gathers/graph.pbtxt") as model, no_values:
        freeze(model)
    for file in path.glob("*.meta"):
        file.unlink()
    with opened(path) as model, pytest.raises(ArtifactError, match="has no graph"):
        freeze(model)


def test_a_graph_that_no_file_can_hold_is_refused(folder: Path):
    with opened(written(questions, folder)) as model:
        many = np.lib.stride_tricks.as_strided(np.zeros(1, "f"), (MAX_BYTES // 4, 4), (0, 0))
        model.values["kernel"] = many
        with pytest.raises(ArtifactError, match="a frozen graph has at most 2,"):
            freeze(model)
