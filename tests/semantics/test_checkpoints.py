"""What is in a checkpoint, a frozen graph and a SavedModel, and the ways back from each."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

pytestmark = pytest.mark.semantics

v1 = tf.compat.v1

FEATURES = np.random.default_rng(1).normal(size=(6, 4)).astype(np.float32)


def network() -> tuple[tf.Tensor, tf.Tensor]:
    """Add x of shape [None, 4] and y = tanh(x · weights) + bias of shape [None, 2]."""
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    normal = v1.random_normal_initializer(seed=0)
    weights = v1.get_variable("weights", [4, 2], initializer=normal)
    bias = v1.get_variable("bias", [2], initializer=normal)
    return x, tf.add(tf.tanh(tf.matmul(x, weights)), bias, name="y")


def save(folder: Path, *steps: int, **options) -> np.ndarray:
    """Save the network's checkpoints below `folder`; returns y of the last one."""
    writing = {k: options.pop(k) for k in ("write_meta_graph",) if k in options}
    with tf.Graph().as_default(), v1.Session() as session:
        x, y = network()
        saver = v1.train.Saver(**options)
        bias = graph_variable("bias")
        session.run(v1.global_variables_initializer())
        for step in steps:
            session.run(bias.assign_add([1.0, 1.0]))
            saver.save(session, str(folder / "model.ckpt"), global_step=step, **writing)
        return session.run(y, {x: FEATURES})


def graph_variable(name: str) -> v1.Variable:
    (found,) = (v for v in v1.global_variables() if v.op.name == name)
    return found


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def steps(folder: Path) -> list[int]:
    return sorted(int(file.stem.split("-")[-1]) for file in folder.glob("*.index"))


def test_a_checkpoint_is_a_meta_an_index_and_a_data_file(tmp_path: Path):
    save(tmp_path, 100)
    assert names(tmp_path) == {
        "checkpoint",
        "model.ckpt-100.meta",
        "model.ckpt-100.index",
        "model.ckpt-100.data-00000-of-00001",
    }


def test_the_meta_file_holds_the_structure_and_no_values(tmp_path: Path):
    save(tmp_path, 1)
    (tmp_path / "model.ckpt-1.data-00000-of-00001").unlink()
    with tf.Graph().as_default() as graph, v1.Session() as session:
        saver = v1.train.import_meta_graph(str(tmp_path / "model.ckpt-1.meta"))
        assert {"x", "y", "weights", "bias"} <= {node.name for node in graph.get_operations()}
        with pytest.raises(tf.errors.NotFoundError):
            saver.restore(session, str(tmp_path / "model.ckpt-1"))


def test_the_index_and_data_files_hold_the_values_and_no_structure(tmp_path: Path):
    expected = save(tmp_path, 1, write_meta_graph=False)
    assert "model.ckpt-1.meta" not in names(tmp_path)
    reader = tf.train.load_checkpoint(str(tmp_path / "model.ckpt-1"))
    assert reader.get_variable_to_shape_map() == {"weights": [4, 2], "bias": [2]}
    assert reader.get_variable_to_dtype_map() == {"weights": tf.float32, "bias": tf.float32}
    found = np.tanh(FEATURES @ reader.get_tensor("weights")) + reader.get_tensor("bias")
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_the_data_file_is_as_long_as_its_values(tmp_path: Path):
    save(tmp_path, 1)
    size = (tmp_path / "model.ckpt-1.data-00000-of-00001").stat().st_size
    assert size == (4 * 2 + 2) * 4  # float32


def test_equal_values_give_equal_files(tmp_path: Path):
    for place in ("one", "other"):
        with tf.Graph().as_default(), v1.Session() as session:
            v1.get_variable("w", initializer=FEATURES)
            session.run(v1.global_variables_initializer())
            v1.train.Saver().save(session, str(tmp_path / place / "model.ckpt"))
    for suffix in (".meta", ".index", ".data-00000-of-00001"):
        one, other = (tmp_path / place / f"model.ckpt{suffix}" for place in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()


def test_the_latest_checkpoint_is_found(tmp_path: Path):
    assert tf.train.latest_checkpoint(str(tmp_path)) is None
    save(tmp_path, 10, 30, 20)
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "model.ckpt-20")


def test_max_to_keep_leaves_the_newest(tmp_path: Path):
    save(tmp_path, *range(1, 8), max_to_keep=4)
    assert steps(tmp_path) == [4, 5, 6, 7]


def test_without_a_limit_all_are_kept(tmp_path: Path):
    save(tmp_path, *range(1, 8), max_to_keep=None)
    assert steps(tmp_path) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(("hours", "kept"), [(1e-12, [1, 2, 3, 4, 5, 6, 7]), (2, [4, 5, 6, 7])])
def test_one_checkpoint_every_n_hours_is_kept_beyond_the_limit(tmp_path: Path, hours, kept):
    save(tmp_path, *range(1, 8), max_to_keep=4, keep_checkpoint_every_n_hours=hours)
    assert steps(tmp_path) == kept


def test_with_relative_paths_a_moved_folder_still_knows_its_latest_checkpoint(tmp_path: Path):
    for place, relative in (("relative", True), ("absolute", False)):
        save(tmp_path / place, 1, save_relative_paths=relative)
        recorded = (tmp_path / place / "checkpoint").read_text()
        assert (str(tmp_path) in recorded) is not relative
        shutil.move(tmp_path / place, tmp_path / f"{place}-moved")
    moved = tmp_path / "relative-moved"
    assert tf.train.latest_checkpoint(str(moved)) == str(moved / "model.ckpt-1")
    assert tf.train.latest_checkpoint(str(tmp_path / "absolute-moved")) is None


def test_both_ways_back_give_the_same_bits(tmp_path: Path):
    expected = save(tmp_path, 1)
    path = str(tmp_path / "model.ckpt-1")

    with tf.Graph().as_default(), v1.Session() as session:
        x, y = network()
        v1.train.Saver().restore(session, path)
        rebuilt = session.run(y, {x: FEATURES})

    with tf.Graph().as_default() as graph, v1.Session() as session:
        v1.train.import_meta_graph(f"{path}.meta").restore(session, path)
        x, y = (graph.get_tensor_by_name(name) for name in ("x:0", "y:0"))
        imported = session.run(y, {x: FEATURES})

    assert expected.tobytes() == rebuilt.tobytes() == imported.tobytes()


def test_restored_variables_need_no_initializer_and_go_on_training(tmp_path: Path):
    save(tmp_path, 1)
    with tf.Graph().as_default() as graph, v1.Session() as session:
        saver = v1.train.import_meta_graph(str(tmp_path / "model.ckpt-1.meta"))
        loss = tf.reduce_mean(tf.square(graph.get_tensor_by_name("y:0")))
        train = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        saver.restore(session, str(tmp_path / "model.ckpt-1"))
        assert session.run(v1.report_uninitialized_variables()).tolist() == []
        losses = [session.run([loss, train], {"x:0": FEATURES})[0] for _ in range(20)]
    assert losses[-1] < losses[0] / 2


def test_a_variable_that_the_checkpoint_lacks_fails_by_name(tmp_path: Path):
    save(tmp_path, 1)
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("weightz", [4, 2])
        with pytest.raises(tf.errors.NotFoundError, match="Key weightz not found in checkpoint"):
            v1.train.Saver().restore(session, str(tmp_path / "model.ckpt-1"))


def test_only_a_variable_of_the_old_kind_refuses_a_value_of_another_shape(tmp_path: Path):
    save(tmp_path, 1)
    path = str(tmp_path / "model.ckpt-1")
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("weights", [3], use_resource=False)
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"lhs shape= \[3\].*\[4,2\]"):
            v1.train.Saver().restore(session, path)
    with tf.Graph().as_default(), v1.Session() as session:
        weights = v1.get_variable("weights", [3])
        v1.train.Saver().restore(session, path)
        assert weights.shape.as_list() == [3]
        assert session.run(weights).shape == (4, 2)  # so compare shapes before restoring


def test_some_variables_are_restored_under_other_names(tmp_path: Path):
    save(tmp_path, 1)
    path = str(tmp_path / "model.ckpt-1")
    with tf.Graph().as_default(), v1.Session() as session:
        mine = v1.get_variable("mine", [4, 2])
        v1.get_variable("new", [3])
        v1.train.Saver({"weights": mine}).restore(session, path)
        found = session.run(mine)
        assert session.run(v1.report_uninitialized_variables()).tolist() == [b"new"]
    expected = tf.train.load_checkpoint(path).get_tensor("weights")
    assert found.tobytes() == expected.tobytes()


def test_a_graph_without_variables_has_nothing_to_save():
    with tf.Graph().as_default():
        tf.constant(1.0)
        with pytest.raises(ValueError, match="No variables to save"):
            v1.train.Saver()


def test_a_meta_graph_keeps_the_devices_unless_they_are_cleared(tmp_path: Path):
    with tf.Graph().as_default(), tf.device("/GPU:3"):
        v1.get_variable("weights", [2])
        v1.train.export_meta_graph(str(tmp_path / "model.meta"))
    for clear, device in ((False, "/device:GPU:3"), (True, "")):
        with tf.Graph().as_default() as graph:
            v1.train.import_meta_graph(str(tmp_path / "model.meta"), clear_devices=clear)
            assert graph.get_operation_by_name("weights").device == device


def freeze(file: Path, extra=lambda y: None) -> np.ndarray:
    """Write the frozen network to `file`; returns y."""
    with tf.Graph().as_default() as graph, v1.Session() as session:
        x, y = network()
        extra(y)
        session.run(v1.global_variables_initializer())
        frozen = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["y"])
        file.write_bytes(frozen.SerializeToString(deterministic=True))
        return session.run(y, {x: FEATURES})


def test_a_frozen_graph_holds_no_variables_and_needs_no_initializer(tmp_path: Path):
    expected = freeze(tmp_path / "frozen.pb")
    frozen = v1.GraphDef.FromString((tmp_path / "frozen.pb").read_bytes())
    assert not {"VarHandleOp", "VariableV2", "AssignVariableOp"} & {n.op for n in frozen.node}
    with tf.Graph().as_default(), v1.Session() as session:
        tf.import_graph_def(frozen, name="")
        assert v1.global_variables() == []
        found = session.run("y:0", {"x:0": FEATURES})
    assert found.tobytes() == expected.tobytes()


def test_freezing_leaves_out_what_the_outputs_do_not_need(tmp_path: Path):
    def train(y: tf.Tensor) -> None:
        v1.train.AdamOptimizer().minimize(tf.reduce_mean(y))

    freeze(tmp_path / "plain.pb")
    freeze(tmp_path / "trained.pb", train)
    plain, trained = (
        [n.name for n in v1.GraphDef.FromString((tmp_path / name).read_bytes()).node]
        for name in ("plain.pb", "trained.pb")
    )
    assert plain == trained


def test_a_frozen_graph_is_smaller_than_the_checkpoint_of_its_training(tmp_path: Path):
    with tf.Graph().as_default() as graph, v1.Session() as session:
        _, y = network()
        v1.train.AdamOptimizer().minimize(tf.reduce_mean(y))
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))
        frozen = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["y"])
    assert frozen.ByteSize() < sum(f.stat().st_size for f in tmp_path.iterdir()) / 5


def test_a_frozen_graph_can_be_run_eagerly(tmp_path: Path):
    expected = freeze(tmp_path / "frozen.pb")
    frozen = v1.GraphDef.FromString((tmp_path / "frozen.pb").read_bytes())
    wrapped = v1.wrap_function(lambda: tf.import_graph_def(frozen, name=""), [])
    call = wrapped.prune(feeds="x:0", fetches="y:0")
    assert call(tf.constant(FEATURES)).numpy().tobytes() == expected.tobytes()


def test_a_new_layer_learns_on_top_of_a_frozen_graph(tmp_path: Path):
    freeze(tmp_path / "frozen.pb")
    frozen = v1.GraphDef.FromString((tmp_path / "frozen.pb").read_bytes())
    target = FEATURES[:, :1]
    with tf.Graph().as_default(), v1.Session() as session:
        (y,) = tf.import_graph_def(frozen, return_elements=["y:0"], name="body")
        head = v1.get_variable("head", [2, 1], initializer=v1.zeros_initializer())
        loss = tf.reduce_mean(tf.square(tf.matmul(y, head) - target))
        train = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        assert v1.trainable_variables() == [head]
        session.run(head.initializer)
        losses, bodies = [], set()
        for _ in range(50):
            found, body, _ = session.run([loss, y, train], {"body/x:0": FEATURES})
            losses.append(found)
            bodies.add(body.tobytes())
    assert losses[-1] < losses[0] * 0.9
    assert len(bodies) == 1


def tagged(folder: Path) -> np.ndarray:
    """Save a training graph and a serving graph, on two devices, in one SavedModel."""
    builder = v1.saved_model.Builder(str(folder))
    with tf.Graph().as_default(), v1.Session() as session:
        with tf.device("/CPU:0"):
            x, y = network()
            v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(y), name="train")
        session.run(v1.global_variables_initializer())
        builder.add_meta_graph_and_variables(session, ["training", "cpu"])
        expected = session.run(y, {x: FEATURES})
    with tf.Graph().as_default(), tf.device("/GPU:0"):
        network()
        builder.add_meta_graph(["serve", "gpu"])
    builder.save()
    return expected


def test_graphs_in_one_file_are_told_apart_by_tags_and_share_their_values(tmp_path: Path):
    expected = tagged(tmp_path / "saved")
    for tags, device, trains in (
        (["training", "cpu"], "/device:CPU:0", True),
        (["serve", "gpu"], "/device:GPU:0", False),
    ):
        config = v1.ConfigProto(allow_soft_placement=True)
        with tf.Graph().as_default() as graph, v1.Session(config=config) as session:
            v1.saved_model.load(session, tags, str(tmp_path / "saved"))
            assert graph.get_operation_by_name("y").device == device
            assert ("train" in {node.name for node in graph.get_operations()}) is trains
            assert session.run("y:0", {"x:0": FEATURES}).tobytes() == expected.tobytes()


@pytest.mark.parametrize("tags", [["training"], ["serve", "cpu"], []])
def test_tags_must_be_those_of_one_graph(tmp_path: Path, tags: list[str]):
    tagged(tmp_path / "saved")
    with (
        v1.Session(graph=tf.Graph()) as session,
        pytest.raises(RuntimeError, match="could not be found in SavedModel"),
    ):
        v1.saved_model.load(session, tags, str(tmp_path / "saved"))
