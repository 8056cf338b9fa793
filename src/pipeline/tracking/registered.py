"""Models in MLflow: their graph and sidecar are downloaded, and nothing of MLflow loads them.

MLflow's own loader imports and unpickles what a model brings along.
"""

from pathlib import Path
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from pipeline.errors import TrackingError, listing, one_line
from pipeline.tracking.address import printable_uri, tracking_uri
from pipeline.workspace import Workspace

_FOLDER = "artifacts"  # of a model that this pipeline logged
_NAMES = ("model.pb", "model.json")


def download(address: str, folder: Path, workspace: Workspace) -> Path:
    """Download the frozen graph of a model and its sidecar into a folder; returns the graph.

    Raises:
        TrackingError: the store cannot be reached, or has no such model, or the model no graph.
    """
    mlflow.set_tracking_uri(tracking_uri(workspace))
    root, path = _split(address)
    try:
        repository: Any = get_artifact_repository(root)  # MLflow declares no types for it
        found = {item.path for item in repository.list_artifacts(path)}
        if missing := [name for name in _NAMES if f"{path}/{name}" not in found]:
            raise TrackingError(
                f"{address} has no {listing(missing)}; give a model that this pipeline logged, or"
                " download its graph and give the path"
            )
        for name in _NAMES:
            repository.download_artifacts(f"{path}/{name}", str(folder))
    except (MlflowException, OSError) as error:
        where = printable_uri(workspace)
        raise TrackingError(f"{address} is not in {where}: {one_line(error)}") from None
    return folder / path / _NAMES[0]


def _split(address: str) -> tuple[str, str]:
    """Return what MLflow has a repository of files for, and the folder of artifacts in it."""
    if not address.startswith("runs:/"):
        return address, _FOLDER
    run, _, name = address.removeprefix("runs:/").partition("/")
    return f"runs:/{run}", f"{name}/{_FOLDER}" if name else _FOLDER
