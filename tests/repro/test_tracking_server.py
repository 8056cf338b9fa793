"""A real MLflow server in place of the store at the repository root."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import Clone
from .test_changes import SMALL

pytestmark = pytest.mark.repro


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A server on loopback, ready to answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
    command += ["--port", str(port), "--backend-store-uri", f"sqlite:///{tmp_path}/server.db"]
    command += ["--artifacts-destination", str(tmp_path / "server-artifacts")]
    with (tmp_path / "server.log").open("wb") as log:
        started = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 90
            while True:
                try:
                    urllib.request.urlopen(f"{uri}/health", timeout=2).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline, (tmp_path / "server.log").read_text()
                    time.sleep(0.2)
            yield uri
        finally:
            started.terminate()
            started.wait()


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


def test_a_server_that_is_away_costs_the_run_but_no_result(copy: Clone):
    away = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    output = copy.fail(sys.executable, "-m", "pipeline", "run", SMALL, **away)
    assert "the MLflow store at http://127.0.0.1:9 cannot be used" in output
    assert copy.json("reports/metrics.json")["parity"]["passed"]
    # When the store is back, only the run is missing.
    assert "Running stage 'train'" not in (again := copy.repro())
    assert "Running stage 'track'" in again
    assert len(copy.runs()) == 2
