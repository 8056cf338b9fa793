"""The MLflow store, and the run of an execution in it."""

import logging
import re
import sqlite3
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from requests.exceptions import RequestException
from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import RefusedError, TrackingError
from pipeline.models.learning_curve import Point
from pipeline.tracking import address, relocation, sqlite
from pipeline.tracking.execution import Execution
from pipeline.workspace import Workspace, files

IDENTITY = "pipeline.identity"
FAILURE = "pipeline.failure"
COMPLETE = "pipeline.complete"
LOSS = "loss"
INVALID = "INVALID_PARAMETER_VALUE"
MAX_METRICS_A_BATCH = 1000
MAX_PARAMETERS_A_BATCH = 100
FAILURES = (MlflowException, RequestException, SQLAlchemyError, sqlite3.Error, OSError)

for _name in ("mlflow.store.db.utils", "alembic", "mlflow.tracking.fluent"):
    logging.getLogger(_name).setLevel(logging.WARNING)
# Such warnings are for the authors of calls to MLflow, not for users.
warnings.filterwarnings("ignore", category=UserWarning, module="mlflow")


@contextmanager
def reachable(workspace: Workspace, connected: bool = False) -> Iterator[None]:
    """Turn the errors of requests to the store into a `TrackingError`.

    If it has answered before (`connected`), an invalid request is a `RefusedError`.
    """
    try:
        yield
    except FAILURES as error:
        is_invalid = isinstance(error, MlflowException) and error.error_code == INVALID
        store = f"the MLflow store at {address.printable_uri(workspace)}"
        if connected and is_invalid:
            remedy = "rename what it refuses and run again, or remove this run from .spool"
            raise RefusedError(f"{store} refuses this run: {_reason(error)}; {remedy}") from None
        remedy = _remedy(workspace)
        raise TrackingError(f"{store} cannot be used: {_reason(error)}; {remedy}") from None


def _remedy(workspace: Workspace) -> str:
    if sqlite.file(workspace) is not None:
        return f"do what `pipeline doctor` says, or set {address.VARIABLE} to another store"
    return f"start its server, or set {address.VARIABLE} to the address of another store"


def _reason(error: Exception) -> str:
    """Return the message of an error in one line, without passwords, statements and URLs."""
    text = re.sub(r"(//)[^/\s]*@|\?\S*=\S*", r"\1", " ".join(str(error).split()))
    end = r" with exception | ?\[SQL:| \(Background on | NOTE:| See http"
    message = re.split(end, text)[0][:300].rstrip(".")
    cause = re.search(r"Connection refused|timed out|Name or service not known|reset by peer", text)
    return message if cause is None or cause[0] in message else f"{message}: {cause[0]}"


def _require_database(workspace: Workspace) -> None:
    """Fail at once for a file that is not a database, which MLflow would retry for minutes.

    A new database is created beside its path and then renamed: MLflow cannot use a partial one.
    Artifacts of its experiment `Default` get a URI, as MLflow cannot store a path with both quotes.
    """
    path = sqlite.file(workspace)
    if path is not None and path.exists():
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA schema_version")
    elif path is not None:
        with files.replacing(path) as partial:
            sqlite.make_tables(partial)
            create: Any = SqlAlchemyStore  # MLflow declares no types for it
            create(f"sqlite:///{partial}", address.artifact_location(workspace))


def connect(name: str, workspace: Workspace) -> tuple[MlflowClient, str]:
    """Return a client and the id of the experiment `name`, which is created if it is missing.

    One process at a time does this: two processes that create an SQLite store would break it.
    """
    _use_store(workspace)
    with sqlite.locked(workspace):
        _require_database(workspace)
        relocation.follow_locked(workspace)
        client, home = MlflowClient(), {}
        if sqlite.own_file(workspace) is not None:
            home = {relocation.HOME: str(workspace.home)}
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            # The first tag selects MLflow's pages.
            tags = {"mlflow.experimentKind": "custom_model_development", **home}
            location = address.artifact_location(workspace)
            return client, str(client.create_experiment(name, location, tags))
        relocation.require_place(experiment.artifact_location, workspace)
        if experiment.lifecycle_stage == "deleted":
            client.restore_experiment(experiment.experiment_id)
        if home and relocation.HOME not in experiment.tags:
            client.set_experiment_tag(experiment.experiment_id, *home.popitem())
        return client, str(experiment.experiment_id)


def _use_store(workspace: Workspace) -> None:
    """Let MLflow's functions use the store, without the variable that MLflow also sets.

    It would be the address for the next workspace of this process.
    """
    with address.restored_environment(address.VARIABLE):
        mlflow.set_tracking_uri(address.tracking_uri(workspace))


def find_run(client: MlflowClient, experiment: str, execution: Execution) -> Run | None:
    """Return the run of an execution, or None.

    There are several if MLflow's client repeated a request that a slow server had carried out; the
    most complete one is kept.
    """
    query = f"tags.`{IDENTITY}` = '{execution.identity}'"
    found = client.search_runs([experiment], query)
    found.sort(key=lambda run: (not is_complete(run), not run.data.metrics, run.info.run_id))
    for duplicate in found[1:]:
        client.delete_run(duplicate.info.run_id)
    return found[0] if found else None


def find_or_create_run(client: MlflowClient, experiment: str, execution: Execution) -> Run:
    """Return the run of an execution; create it, with all parameters, if it is missing."""
    run = find_run(client, experiment, execution)
    if run is None:
        tags = {IDENTITY: execution.identity, **execution.tags}
        created = client.create_run(experiment, execution.started_ms, tags, execution.name)
        run = find_run(client, experiment, execution) or created
    parameters = [Param(key, value) for key, value in execution.parameters.items()]
    for begin in range(0, len(parameters), MAX_PARAMETERS_A_BATCH):
        batch = parameters[begin : begin + MAX_PARAMETERS_A_BATCH]
        client.log_batch(run.info.run_id, params=batch)
    return run


def list_steps(client: MlflowClient, run: str) -> set[int]:
    """Return the steps of the learning curve that a run has points of."""
    return {point.step for point in client.get_metric_history(run, LOSS)}


def is_complete(run: Run) -> bool:
    """Tell whether a run was sent completely."""
    return run.data.tags.get(COMPLETE) == "true" and run.info.status == "FINISHED"


def send_curve(client: MlflowClient, run: str, points: Sequence[Point]) -> None:
    """Send points of the learning curve, in order; the loss is the last metric of a step."""
    now_ms = time.time_ns() // 1_000_000
    metrics = [
        Metric(name, float(value), now_ms, step)
        for step, values in points
        for name, value in reversed(values.items())
    ]
    for first in range(0, len(metrics), MAX_METRICS_A_BATCH):
        client.log_batch(run, metrics[first : first + MAX_METRICS_A_BATCH])


def end_run(client: MlflowClient, run: str, status: str, reason: str) -> None:
    """End a run as FAILED or KILLED, with the reason in a tag."""
    client.set_tag(run, FAILURE, reason[:5000])
    client.set_terminated(run, status)


def require_answer(workspace: Workspace) -> None:
    """Send a small request to a tracking server; it must answer in time, or `TrackingError`."""
    with address.short_timeouts(), reachable(workspace):
        MlflowClient(address.tracking_uri(workspace)).search_experiments(max_results=1)


def left_running(workspace: Workspace) -> list[Run]:
    """Return the runs of the pipeline whose status in the store is RUNNING."""
    with reachable(workspace):
        client = MlflowClient(address.tracking_uri(workspace))
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        query = f"attributes.status = 'RUNNING' AND tags.`{IDENTITY}` != ''"
        return list(client.search_runs(experiments, query))


def mark_killed(run: Run, workspace: Workspace) -> None:
    """Mark a run as KILLED, with the reason; the same execution completes it later."""
    with reachable(workspace):
        client = MlflowClient(address.tracking_uri(workspace))
        end_run(client, run.info.run_id, "KILLED", "killed: no process works on it")
