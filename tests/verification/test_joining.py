"""A graph with variables and the checkpoint that holds their values are one form of a model."""

import shutil
from pathlib import Path

import pytest
import tensorflow as tf

from pipeline import cli
from pipeline.graphdef.reading import read_meta_graph
from pipeline.models.metadata import foreign_sidecar, sidecar
from pipeline.verification.request import Request
from pipeline.verification.verdict import Outcome
from pipeline.verification.verify import verify

from .conftest import read_graph

pytestmark = pytest.mark.slow  # make check leaves it to make test

v1 = tf.compat.v1


@pytest.fixture
def pair(forms: dict[str, Path], tmp_path: Path) -> tuple[Path, Path]:
    """The graph of the model, as tf.train.write_graph writes it, and the values, without .meta."""
    meta = read_meta_graph(forms["checkpoint"] / "model.ckpt-7.meta")
    tf.io.write_graph(meta.graph_def, str(tmp_path), "graph.pb", as_text=False)
    for file in forms["checkpoint"].glob("*.ckpt-7.[id]*"):
        shutil.copy(file, tmp_path)
    return tmp_path / "graph.pb", tmp_path / "model.ckpt-7"


def _verify(*paths: Path, **options):
    return verify(Request(paths=tuple(map(str, paths)), **options))


def _damage(values: Path, to: Path) -> Path:
    """Write the values of a checkpoint, of which one is changed."""
    reader = v1.train.NewCheckpointReader(str(values))
    with tf.Graph().as_default(), v1.Session() as session:
        for name in reader.get_variable_to_shape_map():
            value = reader.get_tensor(name)
            v1.get_variable(name, initializer=value * 2 if name == "b" else value)
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(to), write_meta_graph=False)
    return to


@pytest.mark.parametrize("as_text", [False, True])
def test_a_graph_and_its_checkpoint_agree_with_the_frozen_graph(forms, pair, tmp_path, as_text):
    graph, values = pair
    if as_text:
        tf.io.write_graph(read_graph(graph), str(tmp_path), "graph.pbtxt")
        graph = tmp_path / "graph.pbtxt"
    joined = f"{graph} with {values}"
    for paths in ((graph, values, forms["model.pb"]), (forms["model.pb"], values, graph)):
        report = _verify(*paths)
        assert report.outcome is Outcome.AGREES, report
        assert {form.path for form in report.forms} == {joined, str(forms["model.pb"])}
        assert all(form.values.equal_by_name >= 2 for form in report.forms)


def test_a_graph_alone_says_what_it_needs(forms, pair):
    report = _verify(pair[0], forms["model.pb"])
    outcomes = [form.outcome for form in report.forms]
    assert outcomes == [Outcome.NOT_PROVABLE, Outcome.AGREES]
    assert "values are missing: b, w; give the checkpoint" in report.forms[0].reasons[0]


def test_a_checkpoint_with_a_graph_is_a_form_itself(forms, pair):
    report = _verify(pair[0], forms["checkpoint"])
    assert [form.kind for form in report.forms] == ["graph", "checkpoint"]
    assert report.outcome is Outcome.AGREES


def test_each_checkpoint_is_compared(pair, tmp_path):
    graph, values = pair
    report = _verify(graph, values, _damage(values, tmp_path / "other.ckpt"))
    assert [form.outcome for form in report.forms] == [Outcome.AGREES, Outcome.DIFFERS]
    assert "value b differs" in report.forms[1].reasons[0]


def test_names_are_those_of_the_saver(pair, tmp_path):
    """The graph's own saver says under which names it keeps variables, also in parts."""
    with tf.Graph().as_default() as graph, v1.Session() as session:
        parts = v1.fixed_size_partitioner(2)
        w = v1.get_variable("w", [4, 3], partitioner=parts, use_resource=False)
        b = v1.get_variable("b", [3], use_resource=False)
        y = tf.add(v1.placeholder(tf.float32, [None, 4], "x") @ w, b, "y")
        saver = v1.train.Saver({"kernel": w, "bias": b})
        session.run(v1.global_variables_initializer())
        saver.save(session, str(tmp_path / "parts.ckpt"), write_meta_graph=False)
        frozen = v1.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), [y.op.name]
        )
    tf.io.write_graph(graph, str(tmp_path), "parts.pb", as_text=False)
    tf.io.write_graph(frozen, str(tmp_path), "frozen.pb", as_text=False)
    report = _verify(tmp_path / "parts.pb", tmp_path / "parts.ckpt", tmp_path / "frozen.pb")
    assert report.outcome is Outcome.AGREES, report
    report = _verify(tmp_path / "parts.pb", pair[1])
    assert report.outcome is Outcome.REFUSED
    assert "the values do not fit the graph" in report.forms[0].reasons[0]


def test_freeze_takes_both(pair, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["freeze", "graph.pb", str(pair[1]), "-o", "out"]) == 0
    found = foreign_sidecar.read(Path("out") / sidecar.FILE)
    assert {"graph.pb", "model.ckpt-7.index"} < found.made_of.keys()
    assert found.verdict["forms"][0]["path"] == "graph.pb with model.ckpt-7"
    for model, said in (
        (["graph.pb"], "pipeline freeze graph.pb CHECKPOINT"),
        (["out/model.pb", "model.ckpt-7"], "out/model.pb has all its values"),
        (["model.ckpt-7", "model.ckpt-7"], "(checkpoint) has its own values"),
        (["graph.pb", "out/model.pb"], "(graph) is not a checkpoint"),
    ):
        assert cli.main(["freeze", *model, "-o", "again"]) == 6
        assert said in capsys.readouterr().err
