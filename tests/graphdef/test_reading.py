"""Graph files are read within limits, and what is not a graph is one message."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from google.protobuf import text_format

from pipeline.errors import ArtifactError
from pipeline.graphdef import reading
from pipeline.graphdef.reading.graphs import MAX_BYTES

READERS = (reading.read_graph_def, reading.read_meta_graph, reading.read_saved_model)
Reader = Callable[[Path], Any]


def field(number: int, content: bytes) -> bytes:
    """Return a length-delimited field of a message."""
    size, length = len(content), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def nested(depth: int) -> bytes:
    """Return a GraphDef with a node whose attribute holds functions of functions, so many deep."""
    attribute = b""
    for _ in range(depth):  # AttrValue.func → NameAttrList.attr → AttrValue
        attribute = field(10, field(2, field(1, b"f") + field(2, attribute)))
    return field(
        1, field(1, b"node") + field(2, b"NoOp") + field(5, field(1, b"a") + field(2, attribute))
    )


def test_a_graph_is_read(tmp_path: Path):
    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="one")
    (tmp_path / "graph.pb").write_bytes(graph.as_graph_def().SerializeToString())
    (node,) = reading.read_graph_def(tmp_path / "graph.pb").node
    assert node.name == "one"


def test_nesting_beyond_the_limit_of_protobuf_is_refused(tmp_path: Path):
    file = tmp_path / "graph.pb"
    file.write_bytes(nested(10))
    assert reading.read_graph_def(file).node[0].attr["a"].func.attr["f"].HasField("func")
    file.write_bytes(nested(10_000))
    with pytest.raises(ArtifactError, match=r"graph\.pb cannot be read as a GraphDef: "):
        reading.read_graph_def(file)


@pytest.mark.parametrize("read", READERS)
def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, read: Reader):
    (tmp_path / "large.pb").touch()
    os.truncate(tmp_path / "large.pb", MAX_BYTES + 1)  # sparse: it takes no room
    with pytest.raises(ArtifactError, match="has 2,147,483,649 bytes; a graph file has at most"):
        read(tmp_path / "large.pb")


@pytest.mark.parametrize("read", READERS)
def test_what_is_not_a_graph_is_refused(tmp_path: Path, read: Reader):
    (tmp_path / "text.pb").write_bytes(b"\x00no graph")
    with pytest.raises(ArtifactError, match=r"text\.pb cannot be read as a "):
        read(tmp_path / "text.pb")
    with pytest.raises(ArtifactError, match=r"cannot be read as a .*: .*[Dd]irectory"):
        read(tmp_path)
    with pytest.raises(ArtifactError, match=r"none\.pb is missing"):
        read(tmp_path / "none.pb")


@pytest.mark.parametrize("number", ["-inf", "inf", "nan", "1.5f", "-2e-3", "infinity", "3"])
def test_numbers_in_text_are_read_as_protobuf_does(tmp_path: Path, number: str):
    text = f'node {{ name: "a" op: "Const" attr {{ key: "x" value {{ f: {number} }} }} }}'
    (tmp_path / "graph.pbtxt").write_text(text)
    found = reading.read_graph_def(tmp_path / "graph.pbtxt").node[0].attr["x"].f
    expected = text_format.Parse(text, tf.compat.v1.GraphDef()).node[0].attr["x"].f
    assert repr(found) == repr(expected)


LATER = """
import sys
from pathlib import Path
from pipeline.graphdef import tflite
from pipeline.graphdef.reading import messages
try:
    tflite.find_custom(Path(sys.argv[1]))
except Exception:
    pass
assert "tensorflow" not in sys.modules
import tensorflow as tf
assert tf.compat.v1.GraphDef is messages.GraphDef
assert tf.lite.Interpreter
with tf.Graph().as_default() as graph:
    tf.constant(1.0)
assert type(graph.as_graph_def()) is messages.GraphDef
"""


@pytest.mark.slow
def test_tensorflow_can_be_imported_later(tmp_path: Path):
    (tmp_path / "model.tflite").write_bytes(b"\x1c\0\0\0TFL3")
    command = [sys.executable, "-c", LATER, str(tmp_path / "model.tflite")]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
