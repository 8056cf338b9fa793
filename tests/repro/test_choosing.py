"""What models are chosen by, and what is said of a bad one, is of the model that is shipped."""

import re

import numpy as np
import pandas as pd
import pytest

from pipeline.data.prepared import dataset as prepared

from ..conftest import Clone

pytestmark = pytest.mark.repro

# No later validation is better by 1000, so the first one is kept.
KEEPS_THE_FIRST = (
    "data=diabetes", "model=linear", "data.validation_share=0.2", "train.steps=40",
    "train.validation.every=5", "train.validation.min_delta=1000", "optimizer.learning_rate=0.001",
)  # fmt: skip


def validation_mse(clone: Clone) -> float:
    """The error of the frozen graph on the validation rows."""
    folder = clone.path / "data/prepared"
    rows, names = prepared.read_split("validation", folder), prepared.read_dataset(folder).features
    pd.DataFrame(rows.features, columns=list(names)).to_csv(clone.path / "rows.csv", index=False)
    clone.pipeline("predict", "artifacts/frozen/model.pb", "rows.csv", "-o", "predicted.csv")
    predicted = pd.read_csv(clone.path / "predicted.csv")["prediction"]
    return float(np.mean((predicted - rows.label[:, 0].astype(float)) ** 2))


def test_validation_and_warnings_are_of_the_shipped_model_everywhere(copy: Clone):
    said = copy.pipeline("run", *KEEPS_THE_FIRST)
    metrics, report = copy.json("reports/metrics.json"), copy.path / "reports/report.html"
    assert list(metrics)[:3] == ["task", "model", "validation"]
    assert metrics["validation"]["mse"] == pytest.approx(validation_mse(copy), rel=1e-5)
    shown = copy.succeed("dvc", "metrics", "show", "--json")
    assert f'"validation": {{"mse": {metrics["validation"]["mse"]}' in shown

    worse, not_converged = metrics["warnings"]
    assert worse.startswith("the model is worse than linear_regression")
    assert not_converged.startswith("not converged: linear_regression")
    for text in metrics["warnings"]:
        assert f"warning: {text}" in said.splitlines()
        assert text in report.read_text(encoding="utf-8")
    assert re.search(r"^validation rows .*\nmodel ", said, re.MULTILINE)

    (run,) = (run for run in copy.runs() if run.data.params["data.source"] == "diabetes")
    history = pd.read_csv(copy.path / "reports/history.csv").dropna().set_index("step")
    assert list(history.index) == [5, 10, 15, 20, 25, 30]  # ended by a patience of five
    assert history.validation_loss.idxmin() == 30
    assert run.data.metrics["validation_loss"] == pytest.approx(history.validation_loss[5])
    assert run.data.metrics["kept_step"] == 5
    assert run.data.metrics["validation.mse"] == metrics["validation"]["mse"]
    assert run.data.tags["warning"] == f"{worse}; {not_converged}"


def test_a_good_model_without_validation_rows_has_neither(finished: Clone):
    metrics = finished.json("reports/metrics.json")
    assert list(metrics) == ["task", "model", "baselines", "parity"]
    (run,) = finished.runs()
    assert "warning" not in run.data.tags
