"""Models in MLflow: their graph and sidecar are downloaded, and nothing of MLflow loads them.

MLflow's own loader imports and unpickles what a model brings along.
"""

from pathlib import Path, PurePosixPath

import mlflow
from mlflow.exceptions import MlflowException

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
    root = address.rstrip("/")
    try:
        listed = mlflow.artifacts.list_artifacts(artifact_uri=f"{root}/{_FOLDER}") or []
        found = {PurePosixPath(item.path).name for item in listed}
        if missing := [name for name in _NAMES if name not in found]:
            raise TrackingError(
                f"{address} has no {listing(missing)}; give a model that this pipeline logged, or"
                " download its graph and give the path"
            )
        for name in _NAMES:
            uri = f"{root}/{_FOLDER}/{name}"
            mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder))
    except (MlflowException, OSError) as error:
        where = printable_uri(workspace)
        raise TrackingError(f"{address} is not in {where}: {one_line(error)}") from None
    return next(folder.rglob(_NAMES[0]))
