"""A random operation is no obstacle where no output depends on what it draws."""

import numpy as np
import pytest
import tensorflow as tf

from pipeline.verification.request import Request
from pipeline.verification.verdict import Outcome
from pipeline.verification.verify import verify

pytestmark = pytest.mark.slow  # make check leaves it to make test

v1 = tf.compat.v1


def _write(path, build):
    """Write the graph of a function of one input `x`, as scripts of 2017 did."""
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 4], "x")
        tf.identity(build(x), name="y")
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return str(path)


WEIGHTS = np.arange(1, 13, dtype=np.float32).reshape(4, 3)


def _dropout(x, rate, seed=None, weights=WEIGHTS):
    dropped = tf.nn.dropout(x, rate=rate, seed=seed)
    return tf.matmul(dropped, tf.constant(weights, name="weights"))


def _verify(path, **options):
    return verify(Request(paths=(path,), outputs=("y:0",), **options))


def test_dropout_that_keeps_all_agrees(tmp_path):
    rate = lambda: 1 - v1.placeholder_with_default(1.0, [], "keep_prob")  # noqa: E731
    report = _verify(_write(tmp_path / "keeps.pb", lambda x: _dropout(x, rate())))
    assert report.outcome is Outcome.AGREES, report
    assert any("no output depends on what is random" in note for note in report.notes)


def test_an_input_that_turns_dropout_off_is_named(tmp_path):
    rate = lambda: 1 - v1.placeholder(tf.float32, [], "keep_prob")  # noqa: E731
    report = _verify(_write(tmp_path / "fed.pb", lambda x: _dropout(x, rate())))
    assert report.outcome is Outcome.AGREES, report
    assert "keep_prob is 1.0 in all feeds; --feed gives other values" in report.notes


@pytest.mark.parametrize("rate", [0.5, 1e-6], ids=["half", "one in a million"])
@pytest.mark.parametrize("seed", [None, 7], ids=["no seed", "seed"])
def test_dropout_that_was_left_on_is_blamed(tmp_path, rate, seed):
    path = _write(tmp_path / "left_on.pb", lambda x: _dropout(x, tf.constant(rate), seed))
    report = _verify(path)
    assert report.outcome is Outcome.NOT_PROVABLE
    assert "dropout/random_uniform/RandomUniform" in report.forms[0].reasons[0]


def test_other_random_numbers_are_blamed(tmp_path):
    path = _write(tmp_path / "noise.pb", lambda x: x + 0 * tf.random.normal([4]))
    report = _verify(path)
    assert report.outcome is Outcome.NOT_PROVABLE
    assert "RandomStandardNormal" in report.forms[0].reasons[0]


def test_dropout_in_the_training_branch_alone(tmp_path):
    def build(x):
        is_training = v1.placeholder_with_default(False, [], "is_training")
        v1.disable_control_flow_v2()
        try:
            return v1.cond(is_training, lambda: _dropout(x, 0.5), lambda: _dropout(x, 0))
        finally:
            v1.enable_control_flow_v2()

    assert _verify(_write(tmp_path / "cond.pb", build)).outcome is Outcome.AGREES


def test_outputs_of_a_random_reference_prove_no_difference(tmp_path):
    random = _write(tmp_path / "left_on.pb", lambda x: _dropout(x, tf.constant(0.5), 7))
    sound = _write(tmp_path / "sound.pb", lambda x: _dropout(x, 0))
    damaged = _write(tmp_path / "damaged.pb", lambda x: _dropout(2 * x, 0))
    other = _write(tmp_path / "other.pb", lambda x: _dropout(x, 0, weights=2 * WEIGHTS))
    paths = (random, sound, damaged, other)
    report = verify(Request(paths=paths, outputs=("y:0",)))
    outcomes = [form.outcome for form in report.forms]
    assert outcomes == [Outcome.NOT_PROVABLE] * 3 + [Outcome.DIFFERS], report
    for form in report.forms[1:3]:
        assert form.reasons[0].startswith("of the reference, outputs are random: ")
        assert form.reasons[1].startswith("output y, feed ")
    assert report.forms[3].reasons[0].startswith("value ")
