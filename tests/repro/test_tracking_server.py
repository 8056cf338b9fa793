"""A real MLflow server in place of the store at the repository root."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import Clone
from ..tracking.server import serving
from .test_changes import SMALL

pytestmark = pytest.mark.repro


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path) as port:
        yield f"http://127.0.0.1:{port}"


def test_the_run_is_on_the_server(copy: Clone, server: str):
    from mlflow import MlflowClient

    copy.pipeline("run", SMALL, MLFLOW_TRACKING_URI=server)
    client = MlflowClient(server)
    (run,) = client.search_runs([client.get_experiment_by_name("pipeline").experiment_id])
    assert run.info.status == "FINISHED"
    assert len(client.get_metric_history(run.info.run_id, "loss")) == 20
    names = {item.path for item in client.list_artifacts(run.info.run_id, "reports")}
    assert {"reports/metrics.json", "reports/parity.json", "reports/figures"} <= names
    assert len(run.outputs.model_outputs) == 1
    assert len(copy.runs()) == 1  # the main job's, in the store at the root
