"""The complete run of an execution: parameters, curve, metrics, figures, data set, model."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import mlflow
from mlflow import MlflowClient
from mlflow.data.numpy_dataset import from_numpy
from mlflow.entities import LoggedModelStatus, Run
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from pipeline import files, history, identity
from pipeline.data import prepared
from pipeline.data.prepared import Dataset, Split
from pipeline.history import Point
from pipeline.tracking import store
from pipeline.tracking.execution import Execution, flat


@dataclass(frozen=True)
class Results:
    """What the stages found.

    Attributes:
        folder: with the outs.
        curve: points `(step, loss)`.
        metrics: as reports/metrics.json holds them.
        device: where the training ran.
        dataset, train: what it was trained on.
    """

    folder: Path
    curve: Sequence[Point]
    metrics: dict[str, Any]
    device: str
    dataset: Dataset
    train: Split

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read them from the outs in a folder."""
        return cls(
            folder=folder,
            curve=history.read(folder / files.HISTORY),
            metrics=json.loads((folder / files.METRICS).read_text(encoding="utf-8")),
            device=json.loads((folder / files.PLACEMENT).read_text(encoding="utf-8"))["device"],
            dataset=prepared.read_dataset(folder / files.PREPARED),
            train=prepared.read_split("train", folder / files.PREPARED),
        )


def send(execution: Execution, results: Results | None, in_time: Callable[[], None]) -> bool:
    """Bring an execution into the store, which ends with one whole run of it.

    Args:
        results: of the stages; None if it failed.
        in_time: raises when no more requests are to be made.

    Returns:
        Whether anything was missing.

    Raises:
        TrackingError: the store cannot be used; what was sent stays, and the rest can follow.
    """
    with store.reachable():
        client, experiment = store.connect(execution.experiment)
    with store.reachable(connected=True):
        in_time()
        run = store.find_or_create_run(client, experiment, execution)
        in_time()
        if results is None:
            store.mark_failed(client, run.info.run_id, execution.failure or "")
            return True
        if store.is_complete(run):
            return False
        last = store.last_step(client, run.info.run_id)
        in_time()
        store.send_curve(client, run.info.run_id, [p for p in results.curve if p[0] > last])
        with _active(run):
            for part in _parts(client, run, execution, results):
                in_time()
                part()
        return True


@contextmanager
def _active(run: Run) -> Iterator[None]:
    """Let MLflow's functions act on a run, which stays RUNNING if not all can be sent."""
    mlflow.start_run(run_id=run.info.run_id)
    try:
        yield
    except BaseException:
        with suppress(*store.FAILURES):
            mlflow.end_run("RUNNING")
        raise
    mlflow.end_run()


def _parts(
    client: MlflowClient, run: Run, execution: Execution, results: Results
) -> Iterator[Callable[[], object]]:
    """Yield what is to be sent to a run besides its curve, a request or a few each."""
    if store.FAILURE in run.data.tags:
        yield partial(mlflow.delete_tag, store.FAILURE)
    known = run.data.metrics
    new = {key: value for key, value in _numbers(results.metrics) if known.get(key) != value}
    yield partial(mlflow.log_metrics, new)
    yield partial(mlflow.set_tag, "device", results.device)
    yield partial(mlflow.log_input, _data(execution, results), context="training")
    folder = results.folder
    reports = folder / files.HISTORY.parent
    for file in sorted(path for path in reports.rglob("*") if path.is_file()):
        to = file.parent.relative_to(folder).as_posix()
        yield partial(mlflow.log_artifact, str(file), to)
    for file in _latest_checkpoint(folder):
        yield partial(mlflow.log_artifact, str(file), files.CHECKPOINT.name)
    if not _has_model(client, run):
        yield partial(_log_model, results.dataset, folder)
    yield partial(mlflow.set_tag, store.COMPLETE, "true")


def _numbers(metrics: dict[str, Any]) -> list[tuple[str, float]]:
    """Return all numbers of reports/metrics.json by dotted keys; a verdict is 1 or 0."""
    leaves = flat({name: value for name, value in metrics.items() if name != "task"})
    return [(key, float(value)) for key, value in leaves if value is not None]


def _data(execution: Execution, results: Results) -> Any:
    return from_numpy(
        results.train.features,
        targets=results.train.label,
        source=execution.source,
        name=Path(execution.source).name,
        digest=results.dataset.source_sha256[:32],
    )


def _latest_checkpoint(folder: Path) -> list[Path]:
    """Return the files of the checkpoint that the model was frozen from."""
    step = json.loads((folder / files.SIGNATURE).read_text(encoding="utf-8"))["step"]
    checkpoint = folder / files.CHECKPOINT
    whole = sorted(checkpoint.glob(f"*-{step}.*"))
    return [*whole, checkpoint / "checkpoint", checkpoint / files.SIGNATURE.name]


def _has_model(client: MlflowClient, run: Run) -> bool:
    """Tell whether a run has its model, whole."""
    outputs = run.outputs.model_outputs if run.outputs else []
    models = (client.get_logged_model(output.model_id) for output in outputs)
    return any(model.status == LoggedModelStatus.READY for model in models)


def _log_model(dataset: Dataset, folder: Path) -> None:
    """Log the frozen graph as a model from code: no pickle, and no need of this package."""
    versions = identity.versions()
    mlflow.pyfunc.log_model(
        name="model",
        python_model=str(Path(__file__).with_name("frozen_model.py")),
        artifacts={
            "graph": str(folder / files.FROZEN_GRAPH),
            "signature": str(folder / files.SIGNATURE),
        },
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
        return Schema([ColSpec("float", "prediction")])
    probabilities = ["probability", *(f"probability_{name}" for name in dataset.classes)]
    columns = [ColSpec("float", name) for name in probabilities]
    return Schema([ColSpec("string", "prediction"), *columns])
