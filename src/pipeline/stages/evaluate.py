"""Stage `evaluate`: all forms of the model on the test rows, the gate, metrics, figures, report."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline import files, history
from pipeline.artifacts import signature
from pipeline.data import prepared
from pipeline.data.prepared import Dataset, Split
from pipeline.data.tables import write_table
from pipeline.errors import ParityError, PipelineError
from pipeline.evaluation import baselines, metrics, parity
from pipeline.evaluation.parity import Verdict
from pipeline.graph import devices
from pipeline.reporting import figures, report
from pipeline.runtimes.forms import FORMS, REFERENCE
from pipeline.settings import Settings

FOLDERS = {
    "eager": files.CHECKPOINT,
    "checkpoint_code": files.CHECKPOINT,
    "checkpoint_meta_graph": files.CHECKPOINT,
    "frozen_graph": files.FROZEN,
    "saved_model": files.SAVED_MODEL,
}


def run(settings: Settings) -> None:
    """Evaluate; the report is published also when the gate fails.

    Raises:
        ParityError: a restored form does not agree with eager execution.
    """
    dataset = prepared.read_dataset()
    train, test, latest = (prepared.read_split(name) for name in ("train", "test", "latest"))
    outputs, forecast = _outputs(settings, test, latest)
    verdict = parity.judge(
        outputs,
        {name: how for name, (how, _) in FORMS.items()},
        test.label,
        REFERENCE,
        settings.evaluation.parity.tolerance,
    )
    files.write_json(files.PARITY, verdict.to_json())
    print(verdict)
    reference = outputs[REFERENCE]
    if isinstance(reference, str):
        raise ParityError(f"the model cannot be run: {reference}")
    if not np.isfinite(reference).all():
        raise ParityError("the model gives NaN or infinity for test rows; see reports/parity.json")
    _publish(settings, dataset, train, test, latest, reference, forecast, verdict)
    if not verdict:
        failed = ", ".join(form.name for form in verdict.forms if not form.passed)
        raise ParityError(
            f"{failed} does not agree with {REFERENCE} execution; {files.PARITY} and {files.REPORT}"
            " have the details"
        )


def _outputs(
    settings: Settings, test: Split, latest: Split
) -> tuple[dict[str, np.ndarray | str], np.ndarray]:
    """Run every form on the test rows, and the reference on the rows to forecast.

    A form that cannot be restored or run has the reason in place of its output.
    """
    device, _ = devices.choose(settings.device)
    devices.prepare_process(settings.device, device)
    open_session = partial(devices.open_session, settings=settings.device, device=device)
    outputs: dict[str, np.ndarray | str] = {}
    forecast = np.empty((0, 1), np.float32)
    for name, (_, restore) in FORMS.items():
        try:
            _require_same_model(FOLDERS[name])
            with restore(FOLDERS[name], open_session, device) as model:
                outputs[name] = model.predict(test.features)
                if name == REFERENCE:
                    forecast = model.predict(latest.features)
        except PipelineError as error:
            outputs[name] = str(error)
    return outputs, forecast


def _require_same_model(folder: Path) -> None:
    """Refuse forms of another run, by the hashes that were taken when the model was frozen."""
    if folder == files.SAVED_MODEL:
        signature.require_hash(signature.read(files.SIGNATURE), folder)
    elif folder == files.FROZEN:
        trained = signature.read(files.CHECKPOINT / signature.FILE)
        signature.require_same(trained, signature.read(files.SIGNATURE))


def _publish(
    settings: Settings,
    dataset: Dataset,
    train: Split,
    test: Split,
    latest: Split,
    prediction: np.ndarray,
    forecast: np.ndarray,
    verdict: Verdict,
) -> None:
    today = baselines.present_values(dataset, test)
    results: dict[str, Any] = {
        "task": "regression",
        "model": metrics.regression(prediction, test.label, today),
        "baselines": {
            name: metrics.regression(values, test.label, today)
            for name, values in baselines.predictions(dataset, train, test).items()
        },
        "parity": verdict.summary(),
    }
    files.write_json(files.METRICS, results)
    print(f"\n{metrics.as_table(results)}\n")
    columns = {
        dataset.index_name: test.index,
        "actual": test.label[:, 0],
        "predicted": prediction[:, 0],
    }
    write_table(pd.DataFrame(columns), files.PREDICTIONS)
    columns = {
        dataset.index_name: latest.index,
        "rows_ahead": np.full(len(latest.index), dataset.horizon),
        dataset.target: forecast[:, 0],
    }
    write_table(pd.DataFrame(columns), files.FORECAST)
    shown = figures.Shown(
        curve=np.array(history.read(files.HISTORY)),
        index=test.index,
        actual=test.label[:, 0],
        predicted=prediction[:, 0],
        latest_index=latest.index,
        forecast=forecast[:, 0],
        index_name=f"{dataset.index_name} of the features",
        target=dataset.target,
    )
    with files.replacing(files.FIGURES) as folder:
        folder.mkdir()
        figures.draw(shown, settings.evaluation.figures, folder)
    title = f"{dataset.target} from {', '.join(dataset.features)}"
    files.write_text(files.REPORT, report.render(results, verdict.to_json(), title, files.FIGURES))
