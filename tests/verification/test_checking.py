"""A form that ends the process in which it runs is refused alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from pipeline.repository.limited import Limits
from pipeline.verification import checking
from pipeline.verification.request import Request
from pipeline.verification.verdict import Outcome

pytestmark = pytest.mark.slow  # each verification starts TensorFlow in a process of its own

v1 = tf.compat.v1

WEIGHTS = np.arange(12, dtype=np.float32).reshape(4, 3)


def _write(path: Path, build: Callable[[Any], Any]) -> str:
    with tf.Graph().as_default() as graph:
        y = v1.placeholder(tf.float32, [None, 4], "x") @ tf.constant(WEIGHTS, name="w")
        tf.identity(build(y), name="y")
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return str(path)


def _abort(y: Any) -> Any:
    """Compute a convolution on a matrix of unknown rank, which aborts the process in oneDNN."""
    image = v1.placeholder_with_default(y, None)
    kernel = np.ones([1, 1, 1, 1], np.float32)
    return y + tf.reduce_sum(tf.nn.conv2d(image, kernel, [1, 1, 1, 1], "VALID"))


@pytest.fixture
def models(tmp_path: Path) -> dict[str, str]:
    """Two sound models that differ in nothing, and one that aborts the process."""
    builds = {"sound": lambda y: y, "again": lambda y: y, "aborts": _abort}
    return {name: _write(tmp_path / f"{name}.pb", build) for name, build in builds.items()}


def test_the_form_that_aborts_the_process_is_refused_alone(models: dict[str, str]):
    paths = tuple(models[name] for name in ("aborts", "sound", "again"))
    report = checking.check(Request(paths), Limits())
    outcomes = [form.outcome for form in report.forms]
    assert outcomes == [Outcome.REFUSED, Outcome.AGREES, Outcome.AGREES]
    assert [form.path for form in report.forms] == list(paths)
    refused = report.forms[0]
    assert refused.reasons[0].startswith("TensorFlow aborts the process (SIGABRT): Check failed")
    assert report.reference == models["sound"]


def test_a_limit_that_no_form_alone_exceeds_names_all(
    models: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    ask = checking.limited.ask

    def ask_of_one(module: str, question: str, limits: Limits) -> dict[str, Any]:
        several = question.count(".pb") > 1
        return ask(module, question, Limits(0.01) if several else limits)

    monkeypatch.setattr(checking.limited, "ask", ask_of_one)
    report = checking.check(Request((models["sound"], models["again"])), Limits())
    assert [form.outcome for form in report.forms] == [Outcome.REFUSED] * 2
    for form in report.forms:
        assert form.reasons[0].startswith("all forms together: it took more than 0.01 seconds")
