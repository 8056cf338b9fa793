"""The record of an execution in MLflow: parameters, curve, metrics, reports, data set, model."""

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

from pipeline.data.prepared import dataset as prepared
from pipeline.data.prepared.dataset import Dataset, Split
from pipeline.models import learning_curve as history
from pipeline.models.learning_curve import VALIDATION_LOSS, Point
from pipeline.tracking import mlflow_model, store
from pipeline.tracking.execution import Execution, flatten
from pipeline.workspace import Workspace

# The tag with what reports/metrics.json warns of.
WARNING = "warning"


@dataclass(frozen=True)
class Outs:
    """The outs of the stages that a run is made from."""

    workspace: Workspace
    curve: Sequence[Point]
    metrics: dict[str, Any]  # the contents of reports/metrics.json
    step: int  # of the checkpoint that was frozen
    device: str  # that the model was trained on
    xla: bool  # whether XLA compiled the training
    dataset: Dataset
    sample: Split

    @classmethod
    def read(cls, workspace: Workspace) -> Self:
        """Read the outs in a workspace."""
        placement = json.loads(workspace.placement.read_text(encoding="utf-8"))
        return cls(
            workspace=workspace,
            curve=history.read(workspace.history),
            metrics=json.loads(workspace.metrics.read_text(encoding="utf-8")),
            step=json.loads(workspace.sidecar.read_text(encoding="utf-8"))["step"],
            device=placement["device"],
            xla=placement["xla"],
            dataset=prepared.read_dataset(workspace.prepared),
            sample=prepared.read_split("sample", workspace.prepared),
        )


def send(
    execution: Execution,
    outs: Outs | None,
    workspace: Workspace,
    check_deadline: Callable[[], None],
) -> bool:
    """Send an execution to the store, which then has one complete run of it.

    A failed execution has no outs. `check_deadline` raises when no more requests may be made.
    Returns whether anything was missing.

    Raises:
        TrackingError: the store cannot be used; the rest can be sent later.
    """
    with store.reachable(workspace):
        client, experiment = store.connect(execution.experiment, workspace)
    with store.reachable(workspace, connected=True):
        check_deadline()
        run = store.find_or_create_run(client, experiment, execution)
        check_deadline()
        if outs is None:
            store.end_run(client, run.info.run_id, "FAILED", execution.failure or "")
            return True
        if store.is_complete(run):
            return False
        sent = store.list_steps(client, run.info.run_id)
        check_deadline()
        store.send_curve(client, run.info.run_id, [p for p in outs.curve if p[0] not in sent])
        with _active(run), mlflow_model.trusted_requirements():
            for request in _requests(client, run, execution, outs):
                check_deadline()
                request()
        return True


@contextmanager
def _active(run: Run) -> Iterator[None]:
    """Make a run the active one of MLflow's functions; after an error it stays RUNNING."""
    mlflow.start_run(run_id=run.info.run_id)
    try:
        yield
    except BaseException:
        with suppress(*store.FAILURES):
            mlflow.end_run("RUNNING")
        raise
    mlflow.end_run()


def _requests(
    client: MlflowClient, run: Run, execution: Execution, outs: Outs
) -> Iterator[Callable[[], object]]:
    """Yield the functions that send all but the curve to a run, with one or a few requests each."""
    if store.FAILURE in run.data.tags:
        yield partial(mlflow.delete_tag, store.FAILURE)
    known, numbers = run.data.metrics, _numbers(outs)
    new = {key: value for key, value in numbers.items() if known.get(key) != value}
    yield partial(mlflow.log_metrics, new)
    if (kept := _kept_validation(outs)) and known.get(VALIDATION_LOSS) != kept[1][VALIDATION_LOSS]:
        yield partial(store.send_curve, client, run.info.run_id, [kept])
    if warnings := outs.metrics.get("warnings"):
        yield partial(mlflow.set_tag, WARNING, "; ".join(warnings)[:5000])
    yield partial(mlflow.set_tag, "device", outs.device)
    yield partial(mlflow.set_tag, "xla", str(outs.xla).lower())
    source, digest = execution.source, outs.dataset.source_sha256[:32]
    features, label = outs.sample.features, outs.sample.label
    rows = from_numpy(features, source, label, Path(source).name, digest)
    yield partial(mlflow.log_input, rows, context="training")
    workspace = outs.workspace
    for file in sorted(path for path in workspace.reports.rglob("*") if path.is_file()):
        folder = file.parent.relative_to(workspace.root).as_posix()
        yield partial(mlflow.log_artifact, str(file), folder)
    checkpoint, sidecar = workspace.checkpoint, workspace.sidecar
    steps = sorted(checkpoint.glob(f"*-{outs.step}.*"))
    for file in (*steps, checkpoint / "checkpoint", checkpoint / sidecar.name):
        yield partial(mlflow.log_artifact, str(file), checkpoint.name)
    if not _has_model(client, run):
        arguments = mlflow_model.describe(workspace)
        yield partial(mlflow.pyfunc.log_model, name="model", **arguments)
    yield partial(mlflow.set_tag, store.COMPLETE, "true")


def _numbers(outs: Outs) -> dict[str, float]:
    """Return the numbers of reports/metrics.json by dotted key, and the step that was kept."""
    texts = dict.fromkeys(("task", "warnings"))
    found = {key: float(value) for key, value in flatten(outs.metrics | texts) if value is not None}
    return found | ({"kept_step": float(outs.step)} if "validation" in outs.metrics else {})


def _kept_validation(outs: Outs) -> Point | None:
    """Return the validation loss of the kept step as one more point of the last step.

    MLflow shows the last value of a metric beside those of other runs, and that must be the one of
    the model that is shipped. There is none where the last validation is that of the kept step.
    """
    name = VALIDATION_LOSS
    losses = {step: values[name] for step, values in outs.curve if name in values}
    last = max(losses, default=outs.step)
    if outs.step == last or outs.step not in losses:
        return None
    return last, {VALIDATION_LOSS: losses[outs.step]}


def _has_model(client: MlflowClient, run: Run) -> bool:
    outputs = run.outputs.model_outputs if run.outputs else []
    models = (client.get_logged_model(output.model_id) for output in outputs)
    return any(model.status == LoggedModelStatus.READY for model in models)
