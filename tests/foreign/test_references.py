"""The reference: how graphs are executed op by op, and what is said where they cannot be."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.foreign.lifting import LARGE
from pipeline.foreign.loading import Choice, Loaded, load
from pipeline.graph.execution.calls import MAX_DEPTH
from pipeline.graphdef.locate import locate

from .scripts import dense, features, old_control_flow, variable

pytestmark = pytest.mark.slow  # make check leaves it to make test

v1 = tf.compat.v1


def opened(path: Path, **choice: Any) -> Loaded:
    return load(locate(path), Choice(**choice))


def saved(definition: Any, folder: Path) -> Loaded:
    (folder / "graph.pb").write_bytes(definition.SerializeToString())
    return opened(folder / "graph.pb")


def built(build: Any, folder: Path) -> Loaded:
    with tf.Graph().as_default() as graph:
        build()
    return saved(graph.as_graph_def(), folder)


def test_depth_does_not_matter(tmp_path: Path):
    definition = v1.GraphDef()
    with tf.Graph().as_default() as graph:
        features(1)
    definition.CopyFrom(graph.as_graph_def())
    before = "x"
    for number in range(10_000):
        node = definition.node.add(name=f"n{number}", op="Neg", input=[before])
        node.attr["T"].type = tf.float32.as_datatype_enum
        before = node.name
    with saved(definition, tmp_path) as model:
        found = model.reference().run({"x": np.ones((1, 1), "f")})
    assert found == {"n9999": [[1.0]]}


def test_tensors_are_freed_after_their_last_use(tmp_path: Path):
    def build() -> None:
        y = v1.placeholder(tf.float32, [], "x")
        for _ in range(200):
            y = tf.fill([1_000_000], tf.reduce_max(y) + 1.0)
        tf.reduce_max(y, name="y")

    with built(build, tmp_path) as model, tracked() as peak:
        found = model.reference().run({"x": np.float32(0)})
    assert found["y"] == 200
    assert peak() < 400e6  # all of them would be 800 MB


class tracked:  # noqa: N801
    """Measures how far the memory of this process grows."""

    def __enter__(self) -> Any:
        self._before = _high_water()
        return lambda: _high_water() - self._before

    def __exit__(self, *_: object) -> None: ...


def _high_water() -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def test_old_loops_run_under_wrap_function(tmp_path: Path):
    def build() -> None:
        with old_control_flow():
            v1.while_loop(lambda i: i < 5, lambda i: i + 2, [v1.placeholder(tf.int32, [], "x")])

    with built(build, tmp_path) as model:
        reference = model.reference()
        assert reference.describe.startswith("under wrap_function: node 'while/")
        assert reference.run({"x": np.int32(0)}) == {"while/Exit": 6}


def test_options_of_functions_are_left_as_they_were(tmp_path: Path):
    before = tf.config.optimizer.get_experimental_options()
    test_old_loops_run_under_wrap_function(tmp_path)
    assert tf.config.optimizer.get_experimental_options() == {
        "disable_meta_optimizer": False,
        **before,
    }


def test_models_share_no_variables_and_tables(tmp_path: Path):
    def build(number: int) -> None:
        initial = v1.lookup.KeyValueTensorInitializer(["a"], [number])
        table = v1.lookup.StaticHashTable(initial, -1, name="table")
        tf.identity(table.lookup(v1.placeholder(tf.string, [None], "x")), name="y")

    folders = [tmp_path / str(number) for number in range(2)]
    for folder in folders:
        folder.mkdir()
    models = [built(lambda n=n: build(n), folder) for n, folder in enumerate(folders)]
    references = [model.reference() for model in models]
    given = {"x": np.array([b"a"], object)}
    assert [reference.run(given)["y"].item() for reference in references] == [0, 1]


def test_what_is_asked_of_variables_is_answered(tmp_path: Path):
    with tf.Graph().as_default(), v1.Session() as session:
        old, new = variable("old", 2, resource=False), variable("new", 2)
        ready = [v1.is_variable_initialized(one) for one in (old, new)]
        y = features(2) + tf.cast(tf.stack(ready), tf.float32) * (old + new)
        tf.identity(y, name="y")
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(tmp_path / "model"))
    with opened(tmp_path) as model:
        given = {"x": np.ones((1, 2), "f")}
        reference = model.reference()
        assert reference.describe == "op by op"
        assert (reference.run(given)["y"] == model.runner().run(given)["y"]).all()


@pytest.mark.parametrize("dtype", ["float32", "int8", "bfloat16", "complex64", "bool"])
def test_large_constants_are_values_as_they_were(dtype: str, tmp_path: Path):
    kind = tf.as_dtype(dtype)
    large = np.arange(LARGE).astype(kind.as_numpy_dtype)

    def build() -> None:
        ids = v1.placeholder(tf.int32, [None], "ids")
        tf.gather(tf.constant(large, kind, name="large"), ids, name="y")

    with built(build, tmp_path) as model:
        assert (model.values["large"] == large).all()
        assert model.variables == set()
        assert {node.op for node in model.graph.node} >= {"Const", "GatherV2"}
        given = {"ids": np.array([0, 1, 1000, LARGE - 1])}
        for runner in (model.runner(), model.reference()):
            found = runner.run(given)["y"]
            assert (found.dtype, found.tolist()) == (large.dtype, large[given["ids"]].tolist())


@pytest.mark.parametrize("is_old", [True, False])
def test_large_constants_inside_of_loops_stay(is_old: bool, tmp_path: Path):
    def turn(i: Any, y: Any) -> Any:
        return i + 1, y + tf.constant(np.ones(LARGE, "f"))

    def build() -> None:
        start = tf.zeros([LARGE]) + v1.placeholder(tf.float32, [], "x")
        _, y = v1.while_loop(lambda i, _: i < 3, turn, (0, start))
        tf.reduce_max(y, name="y")

    with old_control_flow() if is_old else nullcontext(), built(build, tmp_path) as model:
        for runner in (model.runner(), model.reference()):
            assert runner.run({"x": np.float32(2)})["y"] == 5


def test_runs_do_not_change_each_other(tmp_path: Path):
    with tf.Graph().as_default(), v1.Session() as session:
        tf.identity(dense(features(), 2, "out"), name="y")
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(tmp_path / "model"))
    with opened(tmp_path) as model:
        one, other = np.ones((2, 4), "f"), np.zeros((3, 4), "f")
        for runner in (model.runner(), model.reference()):
            first = runner.run({"x": one})["y"].copy()
            runner.run({"x": other})
            assert (runner.run({"x": one})["y"] == first).all()


def test_functions_that_call_themselves_end(tmp_path: Path):
    with tf.Graph().as_default() as graph:
        call = tf.function(lambda x: x + 1.0)
        tf.identity(call(features()), name="y")
    definition = graph.as_graph_def()
    (function,) = definition.library.function
    name = function.signature.name
    (argument,) = (one.name for one in function.signature.input_arg)
    inner = function.node_def.add(name="again", op="PartitionedCall", input=[argument])
    for attribute in ("Tin", "Tout"):
        inner.attr[attribute].list.type.append(tf.float32.as_datatype_enum)
    inner.attr["f"].func.name = name
    function.ret[function.signature.output_arg[0].name] = "again:output:0"
    with pytest.raises(ArtifactError, match=f"more than {MAX_DEPTH} calls inside each other"):
        saved(definition, tmp_path)


def test_attributes_of_another_type_are_refused_in_functions(tmp_path: Path):
    with tf.Graph().as_default() as graph:
        call = tf.function(lambda x: tf.matmul(x, x, transpose_b=True))
        tf.identity(call(features()), name="y")
    definition = graph.as_graph_def()
    (product,) = (one for one in definition.library.function[0].node_def if one.op == "MatMul")
    product.attr["grad_b"].type = tf.float32.as_datatype_enum
    with pytest.raises(ArtifactError, match="its attribute 'grad_b' has another type"):
        saved(definition, tmp_path)


DAMAGES = {
    "an attribute": lambda node: node.attr.pop("T"),
    "an input": lambda node: node.input.pop(),
    "a name": lambda node: node.input.__setitem__(0, "nowhere"),
    "an output": lambda node: node.input.__setitem__(0, "x:7"),
    "itself": lambda node: node.input.__setitem__(0, node.name),
    "an op": lambda node: setattr(node, "op", "Nothing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_graphs_are_refused(damage: str, tmp_path: Path):
    with tf.Graph().as_default() as graph:
        x = features()
        tf.matmul(x, x, transpose_b=True, name="y")
    definition = graph.as_graph_def()
    DAMAGES[damage](next(node for node in definition.node if node.name == "y"))
    with pytest.raises(ArtifactError):
        saved(definition, tmp_path).reference().run({"x": np.ones((1, 4), "f")})
