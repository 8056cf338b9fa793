"""Where the MLflow store is, and what is set before MLflow is imported.

Without `MLFLOW_TRACKING_URI` the store is `mlflow.db` and `mlartifacts/` at the repository root,
also for experiments that DVC runs in a temporary copy of the repository.
"""

import os

from pipeline import files

# Nothing is sent to MLflow's makers, an absent server is noticed soon, and no bars are drawn.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")


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
    """Return the store's address without user name and password."""
    scheme, separator, rest = tracking_uri().partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
