"""Stage `evaluate`: all forms of the model on the test rows, the gate, metrics, figures, report."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import files, history
from pipeline.artifacts import checkpoint, hashes, signature
from pipeline.artifacts.signature import Signature
from pipeline.data import prepared
from pipeline.data.prepared import Dataset, Split
from pipeline.data.tables import write_table
from pipeline.errors import ArtifactError, ParityError, PipelineError
from pipeline.evaluation import metrics, parity, tasks
from pipeline.evaluation.parity import Verdict
from pipeline.evaluation.tasks import Task
from pipeline.graph import devices
from pipeline.reporting import figures, report
from pipeline.reporting.shown import Shown, grid
from pipeline.runtimes import coefficients
from pipeline.runtimes.forms import REFERENCE, forms
from pipeline.settings import Settings


def run(settings: Settings) -> None:
    """Evaluate; the report is published also when the gate fails.

    Raises:
        ParityError: a restored form does not agree with eager execution.
        ArtifactError: the checkpoint has no sound signature, or is of other data.
    """
    dataset, curve = prepared.read_dataset(), history.read_table(files.HISTORY)
    trained = signature.read(files.CHECKPOINT / signature.FILE)
    _require_same_data(dataset, trained)
    train, test, latest = (prepared.read_split(name) for name in ("train", "test", "latest"))
    points = grid(dataset, train, test)
    outputs, forecast, fitted = _outputs(settings, test.features, latest.features, points)
    read_variables = partial(checkpoint.values, files.CHECKPOINT)
    task = tasks.choose(dataset, settings.train.margin, curve, read_variables)
    verdict = parity.judge(
        outputs,
        {name: how for name, (how, _) in forms(settings.export.devices).items()},
        test.label,
        REFERENCE,
        settings.evaluation.parity.tolerance,
        task.cost,
    )
    files.write_json(files.PARITY, verdict.to_json())
    print(verdict)
    reference = outputs[REFERENCE]
    if isinstance(reference, str):
        raise ParityError(f"the model cannot be run: {reference}")
    if not np.isfinite(reference).all():
        raise ParityError("the model gives NaN or infinity for test rows; see reports/parity.json")
    results = {
        "task": dataset.task,
        "model": task.metrics(reference, test),
        "baselines": task.baselines(train, test),
        "parity": verdict.summary(),
    }
    shown = Shown(dataset, results, curve, train, test, latest, reference, forecast, points, fitted)
    _publish(settings, task, shown, verdict)
    if not verdict:
        failed = ", ".join(form.name for form in verdict.forms if not form.passed)
        raise ParityError(
            f"{failed} does not agree with {REFERENCE} execution; {files.PARITY} and {files.REPORT}"
            " have the details"
        )
    weights = coefficients.restored(trained, files.CHECKPOINT, files.FROZEN_GRAPH)
    if weights:
        print(f"{coefficients.as_table(weights)}\n")


def _outputs(
    settings: Settings, test: np.ndarray, latest: np.ndarray, grid: np.ndarray
) -> tuple[dict[str, np.ndarray | str], np.ndarray, np.ndarray]:
    """Run every form on the test rows, and the reference on the latest rows and the grid.

    A form that cannot be restored or run has the reason in place of its output.
    """
    device, _ = devices.choose(settings.device)
    devices.prepare_process(settings.device, device)
    chosen = settings.device
    if "gpu" in settings.export.devices and "GPU" not in device:
        # Here the graph for a GPU can only be shown to compute the same on the CPU.
        chosen = chosen.model_copy(update={"soft_placement": True})
    open_session = partial(devices.open_session, settings=chosen, device=device)
    outputs: dict[str, np.ndarray | str] = {}
    forecast = fitted = np.empty((0, 1), np.float32)
    for name, (_, restore) in forms(settings.export.devices).items():
        folder = _folder(name)
        try:
            _require_same_model(folder)
            with restore(folder, open_session, device) as model:
                outputs[name] = model.predict(test)
                if name == REFERENCE:
                    forecast, fitted = model.predict(latest), model.predict(grid)
        except PipelineError as error:
            outputs[name] = str(error)
    return outputs, forecast, fitted


def _require_same_data(dataset: Dataset, trained: Signature) -> None:
    """Refuse a checkpoint that was trained on other data than the prepared."""
    fields = ("source", "task", "features", "target", "classes")
    differs = [name for name in fields if getattr(dataset, name) != getattr(trained, name)]
    if dataset.scaling != trained.model.scaling:
        differs.append("scaling")
    if differs:
        raise ArtifactError(
            f"{files.CHECKPOINT} was trained on other data than {files.PREPARED} holds:"
            f" {', '.join(differs)} differ; train again: dvc repro"
        )


def _folder(form: str) -> Path:
    """Return where a form lies."""
    if form == "frozen_graph":
        return files.FROZEN
    return files.SAVED_MODEL if form.startswith("saved_model") else files.CHECKPOINT


def _require_same_model(folder: Path) -> None:
    """Refuse forms of another run, by the hashes that were taken when the model was frozen."""
    if folder == files.CHECKPOINT:
        return
    trained = signature.read(files.CHECKPOINT / signature.FILE)
    frozen = signature.read(files.SIGNATURE)
    hashes.require_same(trained, frozen, files.CHECKPOINT)
    if folder == files.SAVED_MODEL:
        hashes.require_file(folder, frozen.hashes.get(hashes.OF_SAVED_MODEL))


def _publish(settings: Settings, task: Task, shown: Shown, verdict: Verdict) -> None:
    """Write metrics, predictions, forecast, figures and report; print the metrics."""
    files.write_json(files.METRICS, shown.results)
    print(f"\n{metrics.as_table(shown.results)}\n")
    latest, ahead = shown.latest, np.full(len(shown.latest.index), shown.dataset.horizon)
    write_table(_table(task, shown, shown.test, shown.prediction), files.PREDICTIONS)
    forecast = _table(task, shown, latest, shown.forecast)
    forecast.insert(1, "rows_ahead", ahead)
    write_table(forecast, files.FORECAST)
    with files.replacing(files.FIGURES) as folder:
        folder.mkdir()
        figures.draw(shown, settings.evaluation.figures, folder)
    page = report.render(shown, verdict.to_json(), task.cost_name, files.FIGURES)
    files.write_text(files.REPORT, page)


def _table(task: Task, shown: Shown, split: Split, prediction: np.ndarray) -> pd.DataFrame:
    """Return the rows of a split with their predictions."""
    return pd.DataFrame({shown.dataset.index_name: split.index, **task.columns(prediction, split)})
