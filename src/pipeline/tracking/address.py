"""Where the MLflow store is.

Without `MLFLOW_TRACKING_URI` the store is `mlflow.db` and `mlartifacts/` at the repository root,
also for experiments that DVC runs in a temporary copy of the repository.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline import files

# For one who is impatient, a server that has not answered by then is as good as away.
SECONDS = 3


def tracking_uri() -> str:
    """Return the store's address; a relative SQLite path counts from the repository root."""
    uri = os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"
    if uri.startswith("sqlite:///") and not uri.startswith("sqlite:////"):
        uri = f"sqlite:///{files.root() / uri.removeprefix('sqlite:///')}"
    return uri


def artifact_location() -> str | None:
    """Return where a local store keeps artifacts; None leaves the choice to a server."""
    if tracking_uri().startswith("sqlite:"):
        return (files.root() / "mlartifacts").as_uri()
    return None


def shown() -> str:
    """Return the store's address without user name, password and query."""
    scheme, separator, rest = tracking_uri().partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2].partition('?')[0]}"


@contextmanager
def impatient() -> Iterator[None]:
    """Let MLflow wait for a server for a moment only while the block runs."""
    wanted = {
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(SECONDS),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
