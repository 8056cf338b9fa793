"""The MLflow store, and the run of an execution in it."""

import logging
import re
import sqlite3
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import mlflow
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run
from mlflow.exceptions import MlflowException
from requests.exceptions import RequestException
from sqlalchemy.exc import SQLAlchemyError

from pipeline import files
from pipeline.errors import RefusedError, TrackingError
from pipeline.history import Point
from pipeline.tracking import address, sqlite
from pipeline.tracking.execution import Execution

IDENTITY = "pipeline.identity"
FAILURE = "pipeline.failure"
COMPLETE = "pipeline.complete"
LOSS = "loss"
INVALID = "INVALID_PARAMETER_VALUE"
MOST_SECONDS_FOR_A_LOCK = 30
MOST_METRICS_A_BATCH = 1000
MOST_PARAMETERS_A_BATCH = 100
FAILURES = (MlflowException, RequestException, SQLAlchemyError, sqlite3.Error, OSError)

for _name in ("mlflow.store.db.utils", "alembic", "mlflow.tracking.fluent"):
    logging.getLogger(_name).setLevel(logging.WARNING)
# Advice to the authors of calls, not to those who run them.
warnings.filterwarnings("ignore", category=UserWarning, module="mlflow")


@contextmanager
def reachable(connected: bool = False) -> Iterator[None]:
    """Turn what goes wrong between here and the store into a `TrackingError`.

    Args:
        connected: the store has answered; what it finds invalid is a `RefusedError`.
    """
    try:
        yield
    except FAILURES as error:
        invalid = isinstance(error, MlflowException) and error.error_code == INVALID
        refused = connected and invalid
        how = "does not take this" if refused else "cannot be used"
        raise (RefusedError if refused else TrackingError)(
            f"the MLflow store at {address.shown()} {how}: {_reason(error)}"
        ) from None


def _reason(error: Exception) -> str:
    """Return what a library says in one line, without passwords, statements and addresses."""
    text = re.sub(r"(//)[^/\s]*@|\?\S*=\S*", r"\1", " ".join(str(error).split()))
    said = re.split(r" with exception | ?\[SQL:| \(Background on | NOTE:", text)[0]
    cause = re.search(r"Connection refused|timed out|Name or service not known|reset by peer", text)
    return said[:300] if cause is None or cause[0] in said else f"{said[:300]}: {cause[0]}"


def _require_database() -> None:
    """Find out at once what MLflow would try again for minutes: a database that is none.

    A new one is made beside its place, as MLflow cannot go on with one that is made in part.
    """
    path = sqlite.file()
    if path is None:
        return
    if path.exists():
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA schema_version")
    else:
        with files.replacing(path) as partial:
            MlflowClient(f"sqlite:///{partial}").search_experiments(max_results=1)


def connect(name: str) -> tuple[MlflowClient, str]:
    """Open the store and make the experiment `name` where it is not there yet.

    One process at a time does this: a fresh SQLite store does not survive being created twice.

    Returns:
        The client and the experiment's id.
    """
    mlflow.set_tracking_uri(address.tracking_uri())
    lock = files.root() / ".dvc" / "tmp" / "mlflow-store.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock, timeout=MOST_SECONDS_FOR_A_LOCK):
        _require_database()
        client = MlflowClient()
        experiment = client.get_experiment_by_name(name)
        if experiment is not None:
            if experiment.lifecycle_stage == "deleted":
                client.restore_experiment(experiment.experiment_id)
            return client, str(experiment.experiment_id)
        return client, str(
            client.create_experiment(
                name,
                artifact_location=address.artifact_location(),
                tags={"mlflow.experimentKind": "custom_model_development"},  # what its pages show
            )
        )


def find_run(client: MlflowClient, experiment: str, execution: Execution) -> Run | None:
    """Return an execution's run, if the store has one.

    There are several where a slow server did what MLflow's client then asked again; the fullest
    is kept.
    """
    wanted = f"tags.`{IDENTITY}` = '{execution.identity}'"
    found = sorted(
        client.search_runs([experiment], wanted),
        key=lambda run: (not is_complete(run), not run.data.metrics, run.info.run_id),
    )
    for double in found[1:]:
        client.delete_run(double.info.run_id)
    return found[0] if found else None


def find_or_create_run(client: MlflowClient, experiment: str, execution: Execution) -> Run:
    """Return an execution's run; it is made, with all parameters, if it is missing."""
    run = find_run(client, experiment, execution)
    if run is None:
        made = client.create_run(
            experiment,
            start_time=execution.started_ms,
            run_name=execution.name,
            tags={IDENTITY: execution.identity, **execution.tags},
        )
        run = find_run(client, experiment, execution) or made
    parameters = [Param(key, value) for key, value in execution.parameters.items()]
    for first in range(0, len(parameters), MOST_PARAMETERS_A_BATCH):
        batch = parameters[first : first + MOST_PARAMETERS_A_BATCH]
        client.log_batch(run.info.run_id, params=batch)
    return run


def last_step(client: MlflowClient, run: str) -> int:
    """Return the last step whose point the run has; 0 where it has none."""
    return max((point.step for point in client.get_metric_history(run, LOSS)), default=0)


def is_complete(run: Run) -> bool:
    """Tell whether nothing is missing in a run."""
    return run.data.tags.get(COMPLETE) == "true" and run.info.status == "FINISHED"


def send_curve(client: MlflowClient, run: str, points: Sequence[Point]) -> None:
    """Send points of the learning curve, in order; the loss of a step comes last."""
    metrics = [
        Metric(name, float(value), _now_ms(), step)
        for step, values in points
        for name, value in reversed(values.items())
    ]
    for first in range(0, len(metrics), MOST_METRICS_A_BATCH):
        client.log_batch(run, metrics[first : first + MOST_METRICS_A_BATCH])


def mark_failed(client: MlflowClient, run: str, reason: str) -> None:
    """Mark a run as FAILED, with the reason in a tag."""
    client.set_tag(run, FAILURE, reason[:5000])
    client.set_terminated(run, "FAILED")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
