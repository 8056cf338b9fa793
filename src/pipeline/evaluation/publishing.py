"""What an evaluation publishes: metrics, tables of predictions, figures and the report."""

import numpy as np
import pandas as pd

from pipeline.data.prepared.dataset import Split
from pipeline.evaluation.gate import Predictions
from pipeline.evaluation.parity import Verdict
from pipeline.evaluation.report import page
from pipeline.evaluation.report.results import Inputs, Results
from pipeline.evaluation.tasks.base import Task
from pipeline.schema.evaluation import Figures
from pipeline.workspace import Workspace, files


def measure(
    inputs: Inputs, predictions: Predictions, grid: np.ndarray, verdict: Verdict, task: Task
) -> Results:
    """Return what is published: metrics of the reference and of the baselines, and the rows.

    Raises:
        ParityError: the prediction of the reference is missing, or is not finite.
    """
    prediction = predictions.reference()
    metrics = {
        "task": inputs.dataset.task,
        "model": task.metrics(prediction, inputs.test),
        "baselines": task.baselines(inputs.train, inputs.test),
        "parity": verdict.summary(),
    }
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
