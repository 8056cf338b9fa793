"""What a user chooses may need more than was examined: it is judged before it is imported."""

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.foreign.loading import Choice, load
from pipeline.graphdef.examine import examine
from pipeline.graphdef.locate import locate
from pipeline.workspace.files import sha256

pytestmark = pytest.mark.slow  # make check leaves it to make test

v1 = tf.compat.v1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A graph whose outputs are harmless, beside a saver."""
    with tf.Graph().as_default() as graph:
        tf.square(v1.placeholder(tf.float32, [2], "x"), "y")
        name = tf.constant(str(tmp_path / "written"), name="name")
        with tf.control_dependencies([tf.raw_ops.SaveV2(
            prefix=name, tensor_names=["w"], shape_and_slices=[""], tensors=[tf.ones([2])],
        )]):  # fmt: skip
            tf.identity(name, "saved")
    (tmp_path / "g.pb").write_bytes(graph.as_graph_def().SerializeToString())
    return tmp_path / "g.pb"


def test_an_output_that_saves_is_refused(path: Path):
    files = locate(path)
    examine(files)
    with load(files, Choice()) as loaded:
        assert [x.tensor for x in loaded.interface.outputs] == ["y:0"]
    with pytest.raises(ArtifactError, match="is of type SaveV2, which could act on the machine"):
        load(files, Choice(outputs=("saved",)))
    load(files, Choice(outputs=("saved",), trust=(sha256(path),))).close()
    assert [file.name for file in path.parent.iterdir()] == ["g.pb"]


def test_a_file_behind_an_input_is_not_read(tmp_path: Path):
    (tmp_path / "secret").write_bytes(bytes([2, 3]))

    def shape() -> Any:
        read = tf.io.decode_raw(tf.io.read_file(str(tmp_path / "secret")), tf.uint8)
        return tf.reshape(tf.cast(read, tf.int32), [2])

    with tf.Graph().as_default() as graph:
        inside = tf.reshape(v1.placeholder(tf.float32, [None]), shape(), name="inside")
        tf.square(inside, "y")
    (tmp_path / "g.pb").write_bytes(graph.as_graph_def().SerializeToString())
    with load(locate(tmp_path / "g.pb"), Choice(inputs=("inside",), outputs=("y",))) as loaded:
        assert loaded.interface.inputs[0].shape is None
