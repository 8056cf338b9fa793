"""The complete run of an execution: parameters, curve, metrics, figures, data set, model."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.data.numpy_dataset import from_numpy
from mlflow.entities import LoggedModelStatus, Run
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from pipeline import files, identity
from pipeline.data.prepared import Dataset, Split
from pipeline.history import Point
from pipeline.settings import Settings
from pipeline.tracking import store


@dataclass(frozen=True)
class Results:
    """What the earlier stages found.

    Attributes:
        curve: points `(step, loss)`.
        metrics: as reports/metrics.json holds them.
        device: where the training ran.
        dataset, train: what it was trained on.
    """

    curve: Sequence[Point]
    metrics: dict[str, Any]
    device: str
    dataset: Dataset
    train: Split


def complete(settings: Settings, results: Results) -> tuple[str, bool]:
    """Make this execution's run complete and FINISHED, unless it already is.

    Returns:
        The run's name, and whether anything was missing.

    Raises:
        TrackingError: the store cannot be used; what was sent stays, and the rest can follow.
    """
    with store.reachable():
        client, experiment = store.connect(settings)
        run = store.find_or_create_run(client, experiment, settings)
        if store.is_complete(run):
            return str(run.info.run_name), False
        run_id = run.info.run_id
        last = store.last_step(client, run_id)
        store.send_curve(client, run_id, [point for point in results.curve if point[0] > last])
        with mlflow.start_run(run_id=run_id):
            if store.FAILURE in run.data.tags:
                mlflow.delete_tag(store.FAILURE)
            known = run.data.metrics
            mlflow.log_metrics(
                {key: value for key, value in _numbers(results.metrics) if known.get(key) != value}
            )
            mlflow.set_tag("device", results.device)
            mlflow.log_input(_data(settings, results), context="training")
            mlflow.log_artifacts("reports", "reports")
            for file in _latest_checkpoint():
                mlflow.log_artifact(str(file), files.CHECKPOINT.name)
            if not _has_model(client, run):
                _log_model(results.dataset)
            mlflow.set_tag(store.COMPLETE, "true")
        return str(run.info.run_name), True


def _numbers(metrics: dict[str, Any]) -> list[tuple[str, float]]:
    """Return all numbers of reports/metrics.json by dotted keys; a verdict is 1 or 0."""
    leaves = store.flat({name: value for name, value in metrics.items() if name != "task"})
    return [(key, float(value)) for key, value in leaves if value is not None]


def _data(settings: Settings, results: Results) -> Any:
    return from_numpy(
        results.train.features,
        targets=results.train.label,
        source=settings.data.path,
        name=Path(settings.data.path).name,
        digest=results.dataset.source_sha256[:32],
    )


def _latest_checkpoint() -> list[Path]:
    """Return the files of the checkpoint that the model was frozen from."""
    step = json.loads(files.SIGNATURE.read_text(encoding="utf-8"))["step"]
    whole = sorted(files.CHECKPOINT.glob(f"*-{step}.*"))
    return [*whole, files.CHECKPOINT / "checkpoint", files.CHECKPOINT / files.SIGNATURE.name]


def _has_model(client: MlflowClient, run: Run) -> bool:
    """Tell whether a run has its model, whole."""
    outputs = run.outputs.model_outputs if run.outputs else []
    models = (client.get_logged_model(output.model_id) for output in outputs)
    return any(model.status == LoggedModelStatus.READY for model in models)


def _log_model(dataset: Dataset) -> None:
    """Log the frozen graph as a model from code: no pickle, and no need of this package."""
    versions = identity.versions()
    mlflow.pyfunc.log_model(
        name="model",
        python_model=str(Path(__file__).with_name("frozen_model.py")),
        artifacts={"graph": str(files.FROZEN_GRAPH), "signature": str(files.SIGNATURE)},
        signature=ModelSignature(
            inputs=Schema([ColSpec("double", name) for name in dataset.features]),
            outputs=_outputs(dataset),
        ),
        input_example=None,
        pip_requirements=[
            f"{name}=={versions[name]}" for name in ("tensorflow", "pandas", "numpy")
        ],
    )


def _outputs(dataset: Dataset) -> Schema:
    """Describe the columns that the model gives."""
    if not dataset.classes:
        return Schema([ColSpec("float", dataset.target)])
    probabilities = [ColSpec("float", name) for name in dataset.classes]
    return Schema([ColSpec("string", dataset.target), *probabilities])
