"""Models are found by what files hold, and never out of their folder."""

import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format

from pipeline.errors import ArtifactError
from pipeline.graphdef.locate import Kind, ModelFiles, locate
from pipeline.graphdef.reading import read_graph_def, read_saved_model
from pipeline.graphdef.reading.messages import MetaGraphDef
from pipeline.graphdef.reading.text import TextError, parse

from .made import graph, node, saved_model

GRAPH = graph(node("y", "Relu", "x"))
SAVED = saved_model(GRAPH, "y:0")
META = MetaGraphDef()
META.CopyFrom(SAVED.meta_graphs[0])


def binary(message: Any) -> bytes:
    return bytes(message.SerializeToString())


def text(message: Any) -> bytes:
    return text_format.MessageToString(message).encode()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("frozen.pb", binary(GRAPH), Kind.GRAPH),
        ("frozen.pb", text(GRAPH), Kind.GRAPH),
        ("frozen.pbtxt", text(GRAPH), Kind.GRAPH),
        ("frozen.dat", binary(GRAPH), Kind.GRAPH),
        ("saved_model.pb", binary(GRAPH), Kind.GRAPH),
        ("saved_model.pb", binary(SAVED), Kind.SAVED_MODEL),
        ("saved_model.pbtxt", text(SAVED), Kind.SAVED_MODEL),
        ("other.pb", binary(META), Kind.META),
        ("model.meta", binary(META), Kind.META),
        ("model.meta", text(META), Kind.META),
        ("model.tflite", b"\x1c\0\0\0TFL3", Kind.TFLITE),
        ("empty.pb", b"", Kind.GRAPH),
        ("outputs.npz", b"PK\x03\x04", Kind.OUTPUTS),
    ],
)
def test_a_file_is_known_by_its_content(tmp_path: Path, name: str, content: bytes, kind: Kind):
    path = tmp_path / name
    path.write_bytes(content)
    assert locate(path) == ModelFiles(path, kind, path)


@pytest.mark.parametrize("name", ["saved_model.pb", "frozen.pb", "model.meta", "model.tflite"])
def test_a_folder_may_be_given(tmp_path: Path, name: str):
    contents = {"saved_model.pb": binary(SAVED), "model.tflite": b"\x1c\0\0\0TFL3"}
    (tmp_path / name).write_bytes(contents.get(name, binary(META)))
    assert locate(tmp_path).file == tmp_path / name


def test_a_saved_model_with_values_has_a_prefix(tmp_path: Path):
    (tmp_path / "saved_model.pb").write_bytes(binary(SAVED))
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables/variables.index").touch()
    assert locate(tmp_path).prefix == f"{tmp_path}/variables/variables"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (b"/home/me/run/model.ckpt-1", "model.ckpt-1"),
        (rb"E:\\run\\model.ckpt-1", "model.ckpt-1"),
        (b"model.ckpt-1", "model.ckpt-1"),
        (b"sub/model.ckpt-2", "sub/model.ckpt-2"),
        (rb"\303\244-3", "ä-3"),
        (b"/home/me/run/", ""),
    ],
)
def test_a_state_names_a_checkpoint_in_its_folder(tmp_path: Path, state: bytes, expected: str):
    (tmp_path / "sub").mkdir()
    for name in ("model.ckpt-1", "sub/model.ckpt-2", "ä-3", ""):
        (tmp_path / f"{name}.index").touch()
        (tmp_path / f"{name}.meta").write_bytes(binary(META))
    (tmp_path / "checkpoint").write_bytes(b'model_checkpoint_path: "' + state + b'"\n')
    found = locate(tmp_path)
    assert (found.kind, found.prefix) == (Kind.CHECKPOINT, f"{tmp_path}/{expected}")
    assert found.file == tmp_path / f"{expected}.meta"


def test_what_is_missing_is_said(tmp_path: Path):
    with pytest.raises(ArtifactError, match=r"no\.pb is missing"):
        locate(tmp_path / "no.pb")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ArtifactError, match=re.escape("notes.txt is not a model; give a frozen")):
        locate(tmp_path / "notes.txt")
    for name in ("one.pb", "two.pb"):
        (tmp_path / name).write_bytes(binary(GRAPH))
    with pytest.raises(ArtifactError, match=r"has several models: one\.pb, two\.pb; give one"):
        locate(tmp_path)


def test_text_is_read_as_protobuf_does(tmp_path: Path):
    for number, (read, message) in enumerate(((read_graph_def, GRAPH), (read_saved_model, SAVED))):
        path = tmp_path / f"{number}.pbtxt"
        path.write_bytes(text(message))
        assert binary(read(path)) == binary(message)


SCALARS = r"""
node { name: 'a' "b" '\'\x41\102\n' op: "Const" input: ["x", "y"]; input: "z",
  attr { key: "f" value: { f: -1.5e3f } } attr { key: "i" value { i: 0x1F } }
  attr < key: "b" value < b: true > > attr { key: "t" value { type: 3 } }
  attr { key: "l" value { list { f: inf f: nan type: [DT_FLOAT, DT_INT32] s: "\377" } } } }
# a comment
versions { producer: 21 bad_consumers: [] }
"""


def test_text_has_all_kinds_of_values():
    ours, theirs = type(GRAPH)(), type(GRAPH)()
    parse(SCALARS, ours)
    text_format.Parse(SCALARS, theirs)
    assert text(ours) == text(theirs)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("node {\n name: 5 }", "line 2: name is a text"),
        ("node { nam: 'x' }", "NodeDef has no field 'nam'"),
        ("node { name: 'x'", "no end"),
        ("node { input: ['x' 'y'", "a list that does not end"),
        ("node: 5", "node is a message"),
        ("versions { producer: x }", "a value that does not fit"),
        ("versions { producer: \1 }", "a character that means nothing"),
        ("node { attr { value { i: 1 } } attr { key: 'x' } }", "an entry without value"),
    ],
)
def test_what_is_wrong_in_a_text_is_said(wrong: str, said: str):
    with pytest.raises(TextError, match=said):
        parse(wrong, type(GRAPH)())
