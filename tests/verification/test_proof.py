"""A proof that was kept says later whether a model still computes what was proven."""

import json

import numpy as np
import pytest
import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.verification import proof
from pipeline.verification.request import Request
from pipeline.verification.verdict import Outcome
from pipeline.verification.verify import verify
from tests.verification.conftest import read_graph

pytestmark = pytest.mark.slow  # make check leaves it to make test


def _verify(path, folder):
    outputs = ("logits:0", "best:0")
    return verify(Request(paths=(str(path),), outputs=outputs, proof=str(folder)))


@pytest.fixture
def folder(forms, tmp_path):
    assert _verify(forms["checkpoint"], tmp_path / "proof").outcome is Outcome.AGREES
    return tmp_path / "proof"


def test_other_form_agrees_with_the_proof(forms, folder):
    report = _verify(forms["model.pb"], folder)
    assert report.outcome is Outcome.AGREES, report
    assert str(folder) in report.reference
    assert report.forms[0].values.equal_by_name >= 2


def test_damaged_model_differs_from_the_proof(forms, folder, tmp_path):
    graph = read_graph(forms["model.pb"])
    (node,) = (node for node in graph.node if node.name == "b")
    value = tf.make_ndarray(node.attr["value"].tensor) * np.float32(1.001)
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    (tmp_path / "damaged.pb").write_bytes(graph.SerializeToString())
    report = _verify(tmp_path / "damaged.pb", folder)
    assert report.outcome is Outcome.DIFFERS
    assert "value b" in report.forms[0].reasons[0]


def test_other_machine_is_told_and_has_another_profile(forms, folder):
    contents = json.loads((folder / proof.FILE).read_text())
    contents["machine"]["tensorflow"] = "1.15.0"
    (folder / proof.FILE).write_text(json.dumps(contents))
    report = _verify(forms["model.pb"], folder)
    assert "tensorflow was 1.15.0" in report.notes[0]
    assert report.forms[0].profile.startswith("other kernels")


def test_what_differs_is_not_kept(forms, tmp_path):
    graph = read_graph(forms["model.pb"])
    del graph.node[:]
    (tmp_path / "empty.pb").write_bytes(graph.SerializeToString())
    assert _verify(tmp_path / "empty.pb", tmp_path / "proof").outcome is Outcome.REFUSED
    assert not (tmp_path / "proof").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / proof.FILE).write_text("{"),
        lambda folder: (folder / proof.FILE).write_text('{"format": 1}'),
        lambda folder: (folder / "feed-0-input-0.pb").write_bytes(b"\xff" * 40),
        lambda folder: (folder / "feed-0-output-1.pb").unlink(),
    ],
    ids=["no JSON", "keys missing", "no tensor", "file missing"],
)
def test_damaged_proof_is_refused(forms, folder, damage):
    damage(folder)
    with pytest.raises(ArtifactError, match=r"damaged|missing"):
        _verify(forms["model.pb"], folder)


def test_small_file_with_a_large_array_is_refused(forms, folder):
    bomb = tf.make_tensor_proto(np.float32(1), shape=[2**20, 2**20])
    (folder / "feed-0-input-0.pb").write_bytes(bomb.SerializeToString())
    with pytest.raises(ArtifactError, match="at most"):
        _verify(forms["model.pb"], folder)


def test_names_in_a_proof_are_no_paths(forms, folder):
    contents = json.loads((folder / proof.FILE).read_text())
    contents["interface"]["inputs"][0]["name"] = "../../x"
    (folder / proof.FILE).write_text(json.dumps(contents))
    assert _verify(forms["model.pb"], folder).outcome is Outcome.AGREES


def test_folder_with_other_files_is_left_alone(forms, tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(ArtifactError, match="not empty"):
        _verify(forms["model.pb"], tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "kept"
