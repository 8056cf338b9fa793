"""Forms of a small model: they agree, and every damage is told with its place."""

import numpy as np
import pytest
import tensorflow as tf

from pipeline.verification.request import Request
from pipeline.verification.verdict import Outcome
from pipeline.verification.verify import ONE_FORM, verify
from tests.verification.conftest import read_graph

pytestmark = pytest.mark.slow  # make check leaves it to make test


def _verify(*paths, **options):
    return verify(Request(paths=tuple(map(str, paths)), **options))


def _change(source, target, name, change):
    """Write a frozen graph in which one constant is changed."""
    graph = read_graph(source)
    (node,) = (node for node in graph.node if node.name == name)
    value = change(tf.make_ndarray(node.attr["value"].tensor))
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
    target.write_bytes(graph.SerializeToString())
    return target


def test_all_forms_agree(forms):
    report = _verify(forms["checkpoint"], forms["model.pb"], forms["saved_model"])
    assert [form.outcome for form in report.forms] == [Outcome.AGREES] * 3, report
    assert report.reference == str(forms["checkpoint"])
    assert {output.name for form in report.forms for output in form.outputs} == {"logits", "best"}
    assert all(form.values.equal_by_name >= 2 for form in report.forms)
    assert not report.notes


def test_one_form_proves_no_conversion(forms):
    report = _verify(forms["model.pb"])
    assert (report.outcome, report.notes) == (Outcome.AGREES, (ONE_FORM,))


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w * np.float32(1.001),
        lambda w: np.where(np.arange(12).reshape(4, 3) == 5, np.nextafter(w, 9, dtype="f"), w),
        lambda w: np.where(np.arange(12).reshape(4, 3) == 5, -w, w),
        lambda w: np.where(np.arange(12).reshape(4, 3) == 5, np.float32("nan"), w),
    ],
    ids=["times 1.001", "one bit", "a sign", "NaN"],
)
def test_damaged_weight_is_named(forms, tmp_path, change):
    damaged = _change(forms["model.pb"], tmp_path / "damaged.pb", "w", change)
    report = _verify(forms["checkpoint"], forms["model.pb"], damaged)
    assert [form.outcome for form in report.forms[:2]] == [Outcome.AGREES] * 2
    assert report.forms[2].outcome is Outcome.DIFFERS
    assert report.forms[2].reasons[0].startswith("value w differs in ")


def test_damage_hides_in_no_other_name(forms, tmp_path):
    """A value that is damaged and renamed is in neither list of values."""
    graph = read_graph(
        _change(forms["model.pb"], tmp_path / "x.pb", "b", lambda b: b * np.float32(1 + 1e-7))
    )
    for node in graph.node:
        node.name = "bias" if node.name == "b" else node.name
        for position, name in enumerate(node.input):
            node.input[position] = "bias" if name == "b" else name
    (tmp_path / "renamed.pb").write_bytes(graph.SerializeToString())
    report = _verify(forms["model.pb"], tmp_path / "renamed.pb")
    assert report.forms[1].outcome in (Outcome.OUTPUTS_ONLY, Outcome.DIFFERS)
    assert report.forms[1].values.extra == ("bias",)


def test_missing_output_is_named(forms, tmp_path):
    graph = read_graph(forms["model.pb"])
    kept = tf.compat.v1.graph_util.extract_sub_graph(graph, ["logits"])
    (tmp_path / "less.pb").write_bytes(kept.SerializeToString())
    report = _verify(forms["saved_model"], tmp_path / "less.pb")
    assert report.forms[1].outcome is Outcome.DIFFERS
    assert "output best is missing" in report.forms[1].reasons[0]


def test_outputs_alone(forms):
    report = _verify(forms["model.pb"], forms["saved_model"], outputs_only=True)
    assert report.outcome is Outcome.OUTPUTS_ONLY
    assert report.exit_code(outputs_only=True) == 0


def test_changed_attribute_is_no_agreement(forms, tmp_path):
    graph = read_graph(forms["model.pb"])
    (node,) = (node for node in graph.node if node.op == "MatMul")
    node.attr["grad_a"].b = False
    (tmp_path / "one.pb").write_bytes(graph.SerializeToString())
    node.attr["grad_a"].b = True
    (tmp_path / "other.pb").write_bytes(graph.SerializeToString())
    report = _verify(tmp_path / "one.pb", tmp_path / "other.pb")
    assert report.forms[1].outcome is Outcome.OUTPUTS_ONLY
    assert "MatMul has grad_a=True, and False in the reference" in report.forms[1].reasons[0]


def test_graph_without_its_values(forms):
    meta = forms["checkpoint"] / "model.ckpt-7.meta"
    report = _verify(forms["model.pb"], meta)
    assert report.forms[1].outcome is Outcome.AGREES  # the values lie beside it


def test_what_is_no_model_is_refused_and_the_rest_is_judged(forms, tmp_path):
    (tmp_path / "notes.pb").write_text("not a graph")
    report = _verify(forms["model.pb"], tmp_path / "notes.pb", forms["saved_model"])
    outcomes = [Outcome.AGREES, Outcome.REFUSED, Outcome.AGREES]
    assert [form.outcome for form in report.forms] == outcomes
    assert "notes.pb" in report.forms[1].reasons[0]


def test_feeds_of_a_file(forms, tmp_path):
    np.savez(tmp_path / "feeds.npz", x=np.ones([5, 4], np.float32))
    report = _verify(forms["model.pb"], feeds=(str(tmp_path / "feeds.npz"),))
    assert report.feeds[0].shapes == {"x": (5, 4)}


def test_sizes_that_do_not_fit_are_refused(forms):
    report = _verify(forms["model.pb"], dims=("x=3,5",))
    assert report.outcome is Outcome.REFUSED
    assert "--dim" in report.forms[0].reasons[0]
