"""The gate stops what does not compute what was trained."""

import dataclasses
from pathlib import Path

import pytest
import tensorflow as tf

from pipeline import config
from pipeline.errors import ParityError
from pipeline.graph import inference
from pipeline.graph.layers import TrainingPass
from pipeline.graph.networks import apply_network
from pipeline.models.forms import frozen_graph
from pipeline.models.metadata import sidecar
from pipeline.stages import evaluate
from pipeline.workspace import Workspace, files

from ..conftest import Clone, Run, read
from ..failures import Failure

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


def rehash(root: Path) -> None:
    path = Workspace(root).sidecar
    read = sidecar.read(path)
    hashes = {**read.hashes, "model.pb": files.sha256(path.with_name("model.pb"))}
    sidecar.write(dataclasses.replace(read, hashes=hashes), path)


def test_a_weight_changed_by_a_thousandth_fails_the_gate(copy: Clone, failure: Failure):
    change_a_weight(copy.path / "artifacts/frozen/model.pb", by=1e-3)
    done = copy.stage("evaluate")
    assert done.returncode == 7
    failure.said("Frozen graph that is not the one frozen", done.stdout, "SHA-256", 7)

    rehash(copy.path)  # whoever changes the weights may change the hash as well
    done = copy.stage("evaluate")
    assert done.returncode == 7
    assert "Traceback" not in done.stdout
    failure.said(
        "Weight of the frozen graph changed by a thousandth", done.stdout, "does not agree", 7
    )
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


def test_dropout_left_on_fails_the_gate(run: Run, monkeypatch: pytest.MonkeyPatch, failure):
    run("model=mlp", "model.dropout=0.2", "train.steps=30")

    def with_dropout(settings, features, codes, outputs, variables, training):
        training = TrainingPass(tf.constant([0, 1]))
        return apply_network(settings, features, codes, outputs, variables, training)

    with monkeypatch.context() as patch:
        patch.setattr(inference, "apply_network", with_dropout)
        workspace = Workspace.here()
        recipe = sidecar.read(workspace.checkpoint / sidecar.FILE).recipe
        frozen_graph.write(
            recipe.inference, workspace, workspace.checkpoint, workspace.frozen_graph
        )
    rehash(Path())
    with failure.raises("Dropout left on", ParityError, match="frozen_graph does not agree"):
        evaluate.run(config.load(Workspace.here()), Workspace.here())


def test_a_model_that_overflows_on_the_test_rows_fails_the_gate(run: Run, folder: Path, failure):
    rows = [f"{i % 7 / 1000},{i % 5}" for i in range(40)] + ["3e38,1"]
    (folder / "own.csv").write_text("\n".join(["a,y", *rows]))
    own = ("data=csv", "data.path=own.csv", "data.target=y", "data.split=chronological")
    what = "Model that gives NaN or infinity"
    with failure.raises(what, ParityError, match="the model gives NaN or infinity for test rows"):
        run(*own, "model=mlp", "train.steps=20", "optimizer.learning_rate=0.01")
    assert not read(Workspace.here().parity)["passed"]


def test_a_missing_form_fails_the_gate(run: Run):
    run("train.steps=5")
    for missing in (Workspace.here().saved_model / "saved_model.pb", Workspace.here().frozen_graph):
        content = missing.read_bytes()
        missing.unlink()
        with pytest.raises(ParityError, match="does not agree"):
            evaluate.run(config.load(Workspace.here()), Workspace.here())
        assert any(
            "missing" in form["reason"] or "not the file" in form["reason"]
            for form in read(Workspace.here().parity)["forms"]
        )
        missing.write_bytes(content)
    evaluate.run(config.load(Workspace.here()), Workspace.here())


def test_an_mlflow_model_that_differs_fails_the_run(copy: Clone, failure: Failure):
    old, new = "self._run(*feeds)[", "(self._run(*feeds) * 1.0000002)["
    copy.edit("src/pipeline/tracking/frozen_model.py", old, new)
    done = copy.stage("track", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert done.returncode == 7
    failure.said(
        "MLflow model that differs from the frozen graph", done.stdout, "does not agree", 7
    )
    assert "1 run is kept in .spool" in done.stdout
    assert copy.pipeline("sync").count("failed") == 1
    assert {run.info.status for run in copy.runs()} == {"FAILED"}
