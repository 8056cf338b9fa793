"""What a fresh clone has after `dvc repro`."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ..conftest import OUTS, Clone

pytestmark = pytest.mark.repro

FILES = (
    "data/prepared/dataset.json",
    "artifacts/checkpoint/checkpoint",
    "artifacts/checkpoint/model.ckpt-1000.meta",
    "artifacts/checkpoint/model.ckpt-1000.index",
    "artifacts/checkpoint/model.ckpt-1000.data-00000-of-00001",
    "artifacts/frozen/model.pb",
    "artifacts/frozen/model.json",
    "artifacts/saved_model/saved_model.pb",
    "artifacts/saved_model_tagged/saved_model.pb",
    "reports/metrics.json",
    "reports/parity.json",
    "reports/history.csv",
    "reports/predictions.csv",
    "reports/forecast.csv",
    "reports/data.html",
    "reports/report.html",
    "reports/figures/learning_curve.png",
    "reports/figures/predictions.png",
    "reports/figures/residuals.png",
    "reports/figures/forecast.png",
)


def test_every_named_file_is_there(finished: Clone):
    assert [name for name in FILES if not (finished.path / name).is_file()] == []


def test_parity_is_proven_for_every_form_and_pair(finished: Clone):
    parity = finished.json("reports/parity.json")
    assert parity["passed"] is True
    assert parity["rows"] == 996
    assert {form["name"] for form in parity["forms"]} == {
        "checkpoint_code",
        "checkpoint_meta_graph",
        "frozen_graph",
        "saved_model",
        "saved_model_tagged",
        "saved_model_train",
    }
    assert all(form["passed"] and form["equal_fraction"] == 1 for form in parity["forms"])
    assert len(parity["pairs"]) == 21


def test_metrics_have_the_documented_form(finished: Clone):
    metrics = finished.json("reports/metrics.json")
    assert set(metrics) == {"task", "model", "baselines", "parity"}
    assert metrics["task"] == "regression"
    assert set(metrics["baselines"]) == {"linear_regression", "mean", "persistence"}
    assert metrics["parity"] == {"passed": True, "max_abs_diff": 0.0, "max_ulp": 0}
    assert metrics["model"]["skill_over_persistence"] > 0


def test_predictions_and_forecast_are_what_the_metrics_say(finished: Clone):
    predictions = pd.read_csv(finished.path / "reports/predictions.csv")
    assert len(predictions) == 996
    mse = np.mean((predictions.actual - predictions.prediction) ** 2)
    assert mse == pytest.approx(finished.json("reports/metrics.json")["model"]["mse"], rel=1e-5)
    forecast = pd.read_csv(finished.path / "reports/forecast.csv")
    assert len(forecast) == 51
    assert forecast.date.iloc[-1] == "2018-12-31"
    assert (forecast.rows_ahead == 51).all()
    assert forecast.prediction.between(2000, 3200).all()


def test_the_placement_of_operations_is_recorded(finished: Clone):
    placement = finished.json("reports/placement.json")
    operations = placement["operations"][placement["device"]]
    assert operations["VarHandleOp"] >= 2
    assert any("MatMul" in name for name in operations)


def test_one_finished_run_has_everything(finished: Clone):
    (run,) = finished.runs()
    assert run.info.status == "FINISHED"
    assert run.data.params["optimizer.learning_rate"] == "0.2"
    assert run.data.params["data.split"] == "chronological"
    metrics = finished.json("reports/metrics.json")
    assert run.data.metrics["model.mse"] == metrics["model"]["mse"]
    assert run.data.metrics["parity.passed"] == 1
    for tag in (
        "mlflow.source.git.commit",
        "pipeline.data_sha256",
        "pipeline.parameters_sha256",
        "version.tensorflow",
        "device",
    ):
        assert run.data.tags[tag], tag
    (given,) = run.inputs.dataset_inputs
    assert given.dataset.name == "sp500.csv"
    assert given.dataset.digest == finished.json("data/prepared/dataset.json")["source_sha256"][:32]


def test_the_loss_curve_in_mlflow_is_that_of_the_history(finished: Clone):
    from mlflow import MlflowClient

    (run,) = finished.runs()
    client = MlflowClient(f"sqlite:///{finished.path / 'mlflow.db'}")
    points = client.get_metric_history(run.info.run_id, "loss")
    history = pd.read_csv(finished.path / "reports/history.csv")
    assert [point.step for point in points] == list(history.step) == list(range(1, 1001))
    np.testing.assert_allclose([point.value for point in points], history.loss, rtol=1e-6)


def test_the_model_in_mlflow_predicts_without_this_package(finished: Clone, tmp_path: Path):
    (run,) = finished.runs()
    (model,) = run.outputs.model_outputs
    script = f"""
import mlflow, pandas as pd
mlflow.set_tracking_uri("sqlite:///{finished.path / "mlflow.db"}")
model = mlflow.pyfunc.load_model("models:/{model.model_id}")
table = pd.DataFrame([[2506.85, 1.2, 0.3, 3.4e9]],
    columns=["adj_close", "high_low_percent", "change_percent", "volume"])
print(model.predict(table[table.columns[::-1]]).to_csv(index=False))
import sys; assert not [name for name in sys.modules if name.split(".")[0] == "pipeline"]
"""
    (tmp_path / "load.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "load.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    name, value = done.stdout.split()
    assert name == "prediction"
    assert 2300 < float(value) < 2700
    stored = finished.path / "mlartifacts/models" / model.model_id
    assert not [file for file in stored.rglob("*") if file.suffix in (".pkl", ".pickle")]


def test_the_run_holds_its_checkpoint_to_go_on_from(finished: Clone, tmp_path: Path):
    (run,) = finished.runs()
    output = finished.succeed(
        sys.executable, "-m", "mlflow", "artifacts", "download", "--run-id", run.info.run_id,
        "--artifact-path", "checkpoint", "--dst-path", str(tmp_path),
        MLFLOW_TRACKING_URI=f"sqlite:///{finished.path / 'mlflow.db'}",
    )  # fmt: skip
    assert output
    from pipeline.models.forms import checkpoint

    downloaded = checkpoint.read_variables(tmp_path / "checkpoint")
    kept = checkpoint.read_variables(finished.path / "artifacts/checkpoint")
    assert downloaded.keys() == kept.keys()
    assert all((downloaded[name] == kept[name]).all() for name in kept)


def test_nothing_to_do_does_nothing(copy: Clone):
    before = copy.digests(*OUTS, "dvc.lock", "params.yaml")
    output = copy.repro()
    assert output.count("didn't change, skipping") == 6
    assert "Data and pipelines are up to date." in output
    assert copy.digests(*OUTS, "dvc.lock", "params.yaml") == before
    assert len(copy.runs()) == 1


def test_no_out_names_the_place_or_the_time(finished: Clone):
    for name in (*OUTS, "dvc.lock", "params.yaml"):
        place = finished.path / name
        for file in [place] if place.is_file() else place.rglob("*"):
            if file.is_file():
                assert str(finished.path).encode() not in file.read_bytes(), file


def test_dvc_shows_stages_metrics_and_plots(finished: Clone):
    stages = finished.succeed("dvc", "stage", "list", "--name-only").split()
    assert stages == ["config", "prepare", "train", "freeze", "evaluate", "track"]
    assert "model.mse" in finished.succeed("dvc", "metrics", "show", "--md").replace(" ", "")
    out = finished.path.parent / "plots"
    finished.succeed("dvc", "plots", "show", "--out", str(out))
    assert "vega" in (out / "index.html").read_text(encoding="utf-8").lower()
