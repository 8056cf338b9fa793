"""The address of the MLflow store.

Without `MLFLOW_TRACKING_URI` the store is `mlflow.db` and `mlartifacts/` in the home of the
workspace, also for experiments that DVC runs in a temporary copy of the repository.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.workspace import Workspace

VARIABLE = "MLFLOW_TRACKING_URI"
SHORT_TIMEOUT_SECONDS = 3


def tracking_uri(workspace: Workspace) -> str:
    """Return the URI of the store; a relative SQLite path is resolved against the home."""
    uri = os.environ.get(VARIABLE) or "sqlite:///mlflow.db"
    if uri.startswith("sqlite:///") and not uri.startswith("sqlite:////"):
        uri = f"sqlite:///{workspace.home / uri.removeprefix('sqlite:///')}"
    return uri


def artifact_location(workspace: Workspace) -> str | None:
    """Return the URI of the artifacts of a local store; None if a server chooses it."""
    is_local = tracking_uri(workspace).startswith("sqlite:")
    return (workspace.home / "mlartifacts").as_uri() if is_local else None


def printable_uri(workspace: Workspace) -> str:
    """Return the URI of the store without user name, password and query."""
    scheme, separator, rest = tracking_uri(workspace).partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2].partition('?')[0]}"


@contextmanager
def short_timeouts() -> Iterator[None]:
    """Let MLflow wait for a server for seconds only while the block runs.

    MLflow reads its timeouts from the environment at every request and has no other setting.
    """
    seconds = str(SHORT_TIMEOUT_SECONDS)
    changes = {"MLFLOW_HTTP_REQUEST_TIMEOUT": seconds, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    with restored_environment(*changes):
        os.environ.update(changes)
        yield


@contextmanager
def restored_environment(*names: str) -> Iterator[None]:
    """Give variables their values back after the block, which MLflow or the caller changes.

    Nothing else changes `os.environ` while a stage runs.
    """
    before = {name: os.environ[name] for name in names if name in os.environ}
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(before)
