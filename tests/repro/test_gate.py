"""The gate stops what does not compute what was trained."""

import dataclasses
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from pipeline import files
from pipeline.artifacts import frozen, signature
from pipeline.artifacts.checkpoint import restore_latest
from pipeline.graph import inference
from pipeline.graph.layers import Training
from pipeline.graph.networks import network

from ..conftest import Clone

pytestmark = pytest.mark.repro

v1 = tf.compat.v1


def change_a_weight(path: Path, by: float) -> None:
    """Change the smallest weight of a frozen graph by a share of itself."""
    definition = v1.GraphDef()
    definition.ParseFromString(path.read_bytes())
    (node,) = [node for node in definition.node if node.name == "network/weights"]
    weights = tf.make_ndarray(node.attr["value"].tensor).copy()
    weights.flat[abs(weights).argmin()] *= 1 + by
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(weights))
    path.write_bytes(definition.SerializeToString(deterministic=True))


def rehash(clone: Clone) -> None:
    path = clone.path / "artifacts/frozen/model.json"
    read = signature.read(path)
    hashes = {**read.hashes, "model.pb": files.sha256(path.with_name("model.pb"))}
    signature.write(dataclasses.replace(read, hashes=hashes), path)


def test_a_weight_changed_by_a_thousandth_fails_the_gate(copy: Clone):
    change_a_weight(copy.path / "artifacts/frozen/model.pb", by=1e-3)
    done = copy.stage("evaluate")
    assert done.returncode == 7
    assert "SHA-256" in done.stdout

    rehash(copy)  # whoever changes the weights may change the hash as well
    done = copy.stage("evaluate")
    assert done.returncode == 7
    assert "Traceback" not in done.stdout
    assert "frozen_graph does not agree with eager execution" in done.stdout
    parity = copy.json("reports/parity.json")
    assert not parity["passed"]
    failed = {form["name"]: form for form in parity["forms"] if not form["passed"]}
    assert set(failed) == {"frozen_graph"}
    assert failed["frozen_graph"]["smallest_tolerance"] > parity["tolerance"]
    assert "parity failed" in (copy.path / "reports/report.html").read_text(encoding="utf-8")
    (run,) = copy.runs()
    assert run.info.status == "FAILED"
    assert "frozen_graph" in run.data.tags["pipeline.failure"]

    # `dvc repro` heals the frozen graph, and the same run is complete again.
    copy.repro()
    assert copy.json("reports/parity.json")["passed"]
    (run,) = copy.runs()
    assert run.info.status == "FINISHED"
    assert "pipeline.failure" not in run.data.tags
    assert len(run.outputs.model_outputs) == 1


def test_dropout_left_on_fails_the_gate(copy: Clone, monkeypatch: pytest.MonkeyPatch):
    copy.pipeline("run", "model=mlp", "model.dropout=0.2", "train.steps=30")

    def with_dropout(settings, features, outputs, variables, training):
        return network(settings, features, outputs, variables, Training(tf.constant([0, 1])))

    monkeypatch.setattr(inference, "network", with_dropout)
    trained = signature.read(copy.path / "artifacts/checkpoint/model.json")
    graph = frozen.rebuilt(trained)
    with graph.as_default(), v1.Session() as session:
        restore_latest(session, copy.path / "artifacts/checkpoint", v1.global_variables())
        (copy.path / "artifacts/frozen/model.pb").write_bytes(frozen.freeze(session))
    rehash(copy)
    done = copy.stage("evaluate")
    assert done.returncode == 7
    assert "frozen_graph does not agree" in done.stdout


def test_a_model_that_overflows_on_the_test_rows_fails_the_gate(copy: Clone, tmp_path: Path):
    rows = [f"{i % 7 / 1000},{i % 5}" for i in range(40)] + ["3e38,1"]
    (tmp_path / "own.csv").write_text("\n".join(["a,y", *rows]))
    output = copy.fail(
        sys.executable, "-m", "pipeline", "run",
        "data=csv", f"data.path={tmp_path}/own.csv", "data.target=y",
        "optimizer.learning_rate=0.01", "model=mlp", "train.steps=20",
    )  # fmt: skip
    assert "the model gives NaN or infinity for test rows" in output
    assert not copy.json("reports/parity.json")["passed"]


@pytest.mark.parametrize(
    "missing", ["artifacts/saved_model/saved_model.pb", "artifacts/frozen/model.pb"]
)
def test_a_missing_form_fails_the_gate(copy: Clone, missing: str):
    (copy.path / missing).unlink()
    done = copy.stage("evaluate")
    assert done.returncode == 7
    assert "nothing to compare" in done.stdout
