"""The MLflow store, and the run of an execution in it."""

import logging
import re
import subprocess
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import mlflow
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run
from mlflow.exceptions import MlflowException
from requests.exceptions import RequestException
from sqlalchemy.exc import SQLAlchemyError

from pipeline import files, identity
from pipeline.errors import TrackingError
from pipeline.history import Point
from pipeline.settings import Settings
from pipeline.tracking import address  # first: it sets what MLflow reads when it is imported

IDENTITY = "pipeline.identity"
FAILURE = "pipeline.failure"
COMPLETE = "pipeline.complete"
LOSS = "loss"
MOST_METRICS_A_BATCH = 1000
MOST_PARAMETERS_A_BATCH = 100
FAILURES = (MlflowException, RequestException, SQLAlchemyError, OSError)

for _name in ("mlflow.store.db.utils", "alembic", "mlflow.tracking.fluent"):
    logging.getLogger(_name).setLevel(logging.WARNING)
# Advice to the authors of calls, not to those who run them.
warnings.filterwarnings("ignore", category=UserWarning, module="mlflow")


@contextmanager
def reachable() -> Iterator[None]:
    """Turn what goes wrong between here and the store into a `TrackingError`."""
    try:
        yield
    except FAILURES as error:
        reason = re.sub(r"//[^/@\s]*@", "//", " ".join(str(error).split()))[:300]
        raise TrackingError(
            f"the MLflow store at {address.shown()} cannot be used: {reason};"
            " all results are kept: when it is back, `dvc repro` records the run"
        ) from None


def connect(settings: Settings) -> tuple[MlflowClient, str]:
    """Open the store and make the experiment where it is not there yet.

    One process at a time does this: a fresh SQLite store does not survive being created twice.

    Returns:
        The client and the experiment's id.
    """
    mlflow.set_tracking_uri(address.tracking_uri())
    lock = files.root() / ".dvc" / "tmp" / "mlflow-store.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        client = MlflowClient()
        experiment = client.get_experiment_by_name(settings.tracking.experiment)
        if experiment is not None:
            if experiment.lifecycle_stage == "deleted":
                client.restore_experiment(experiment.experiment_id)
            return client, str(experiment.experiment_id)
        return client, str(
            client.create_experiment(
                settings.tracking.experiment,
                artifact_location=address.artifact_location(),
                tags={"mlflow.experimentKind": "custom_model_development"},  # what its pages show
            )
        )


def find_run(client: MlflowClient, experiment: str, settings: Settings) -> Run | None:
    """Return this execution's run, if the store has one."""
    name = identity.of_execution(settings)
    found = client.search_runs([experiment], f"tags.`{IDENTITY}` = '{name}'", max_results=1)
    return found[0] if found else None


def find_or_create_run(client: MlflowClient, experiment: str, settings: Settings) -> Run:
    """Return this execution's run; it is made, with all parameters, if it is missing."""
    run = find_run(client, experiment, settings)
    if run is None:
        name = identity.of_execution(settings)
        run = client.create_run(
            experiment,
            run_name=f"{settings.model.name}-{settings.optimizer.name}-{name[:7]}",
            tags={IDENTITY: name, **_tags(settings)},
        )
    parameters = _parameters(settings)
    for first in range(0, len(parameters), MOST_PARAMETERS_A_BATCH):
        batch = parameters[first : first + MOST_PARAMETERS_A_BATCH]
        client.log_batch(run.info.run_id, params=batch)
    return run


def _tags(settings: Settings) -> dict[str, str]:
    return {
        "mlflow.source.name": "dvc.yaml",
        "mlflow.source.type": "LOCAL",
        "pipeline.data_sha256": files.sha256(files.PREPARED),
        "pipeline.parameters_sha256": identity.parameters_sha256(settings),
        "pipeline.code_sha256": identity.code_sha256(),
        **{f"version.{library}": number for library, number in identity.versions().items()},
        **_git_tags(),
    }


def _parameters(settings: Settings) -> list[Param]:
    """Return all parameters by their dotted keys."""
    return [
        Param(key, str(value)) for key, value in flat(settings.model_dump(exclude={"tracking"}))
    ]


def flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested mappings with their dotted keys."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


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


def mark_failed(settings: Settings, reason: str) -> None:
    """Mark this execution's run as FAILED, with the reason in a tag.

    Raises:
        TrackingError: the store cannot be used.
    """
    with reachable():
        client, experiment = connect(settings)
        run = find_or_create_run(client, experiment, settings).info.run_id
        client.set_tag(run, FAILURE, reason[:5000])
        client.set_terminated(run, "FAILED")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _git_tags() -> dict[str, str]:
    """Return the commit and whether the work tree differs from it; nothing outside of Git."""
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return {}
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return {"mlflow.source.git.commit": commit, "git.changed": str(bool(changed)).lower()}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, cwd=files.root(), check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
