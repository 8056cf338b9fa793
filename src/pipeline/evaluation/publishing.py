"""What an evaluation publishes: metrics, tables of predictions, figures and the report."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.prepared.dataset import Split
from pipeline.evaluation.baselines import Measured, Trained, find_warnings
from pipeline.evaluation.gate import Predictions
from pipeline.evaluation.parity import Verdict
from pipeline.evaluation.report import page
from pipeline.evaluation.report.results import Inputs, Results
from pipeline.evaluation.tasks.base import Task
from pipeline.schema.evaluation import Figures
from pipeline.workspace import Workspace, files


def measure(
    inputs: Inputs,
    predictions: Predictions,
    grid: np.ndarray,
    verdict: Verdict,
    task: Task,
    loss: str,
) -> Results:
    """Return what is published: metrics of the reference and of the baselines, and the rows.

    Args:
        loss: `train.loss`.

    Raises:
        ParityError: the prediction of the reference is missing, or is not finite.
    """
    prediction, baselines = predictions.reference(), task.fit_baselines(inputs)

    def measured(predicted: np.ndarray, split: Split) -> Measured:
        found = {name: measure(split) for name, measure in baselines.items()}
        return Measured(len(split.label), task.metrics(predicted, split), found)

    test = measured(prediction, inputs.test)
    metrics: dict[str, Any] = {"task": inputs.dataset.task, "model": test.model}
    if len(inputs.validation.label):
        metrics["validation"] = task.metrics(predictions.validation, inputs.validation)
    metrics |= {"baselines": test.baselines, "parity": verdict.summary()}
    trained = Trained(inputs.network, loss)
    if found := find_warnings(task, trained, test, measured(predictions.sample, inputs.sample)):
        metrics["warnings"] = found
    return Results(
        **vars(inputs),
        metrics=metrics,
        prediction=prediction,
        forecast=predictions.forecast,
        grid=grid,
        fitted=predictions.fitted,
    )


def publish(
    results: Results, verdict: Verdict, task: Task, settings: Figures, workspace: Workspace
) -> None:
    """Write metrics, predictions, forecast, figures and report."""
    files.write_json(workspace.metrics, results.metrics)
    predictions = _tabulate(task, results.test, results.prediction)
    files.write_text(workspace.predictions, predictions.to_csv(index=False, lineterminator="\n"))
    forecast = _tabulate(task, results.latest, results.forecast)
    forecast.insert(1, "rows_ahead", results.dataset.horizon)
    files.write_text(workspace.forecast, forecast.to_csv(index=False, lineterminator="\n"))
    with files.replacing(workspace.figures) as folder:
        folder.mkdir()
        page.save_figures(task, results, settings, folder)
    report = page.render(task, results, verdict.to_json(), workspace.figures)
    files.write_text(workspace.report, report)


def _tabulate(task: Task, split: Split, prediction: np.ndarray) -> pd.DataFrame:
    """Return the index, under another name where a column has its name, and the columns."""
    columns, name = task.columns(prediction, split), task.dataset.index_name
    while name in (*columns, "actual", "rows_ahead"):  # the same in all tables
        name = f"index_{name}"
    return pd.DataFrame({name: split.index, **columns})
