"""`mlflow models serve` answers with the bits of the frozen graph."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib import request
from urllib.error import URLError

import mlflow
import numpy as np
import pandas as pd
import pytest

from pipeline.models.run.form import predict_in_pieces
from pipeline.models.run.registry import open_model
from pipeline.tracking import mlflow_model
from pipeline.verification.request import Request
from pipeline.verification.verdict import Outcome
from pipeline.verification.verify import verify

from .. import encoded
from ..test_security import free_port

pytestmark = pytest.mark.repro


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[np.ndarray, str, Path]]:
    """The frozen graph's predictions for the odd rows, its served model's address, its folder."""
    home = tmp_path_factory.mktemp("encoded") / "home"
    with encoded.trained(home, "model=mlp", "model.hidden=[8]") as workspace:
        with open_model(workspace.frozen, workspace) as runner:
            inputs = encoded.inputs_of(encoded.odd_rows(), workspace)
            expected = predict_in_pieces(runner, inputs)
            frozen = workspace.frozen
        mlflow.pyfunc.save_model(home / "saved", **mlflow_model.describe(workspace))
    port = free_port()
    command = ["mlflow", "models", "serve", "--env-manager", "local", "-m", str(home / "saved")]
    alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    alone["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), alone["PATH"]])
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            cwd=home, env=alone, start_new_session=True, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/ping", server, home / "log")
        yield expected, f"{address}/invocations", frozen
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while True:
        try:
            with request.urlopen(address, timeout=10):
                return
        except (URLError, TimeoutError):
            assert server.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)


def as_json(table: pd.DataFrame, kind: str) -> dict[str, object]:
    """Return a table as a request has it; a gap is null."""
    rows = [
        [None if isinstance(cell, float) and math.isnan(cell) else cell for cell in row]
        for row in table.astype(object).to_numpy().tolist()
    ]
    if kind == "dataframe_split":
        return {kind: {"columns": list(table), "data": rows}}
    return {kind: [dict(zip(table, row, strict=True)) for row in rows]}


@pytest.mark.parametrize("kind", ["dataframe_split", "dataframe_records"])
def test_a_served_model_gives_the_same_bits(served, kind: str):
    expected, address, _ = served
    body = json.dumps(as_json(encoded.odd_rows(), kind)).encode()
    asked = request.Request(address, body, {"Content-Type": "application/json"})
    with request.urlopen(asked, timeout=120) as answer:
        found = pd.DataFrame(json.load(answer)["predictions"])
    assert found[["prediction"]].to_numpy(np.float64).tobytes() == expected.tobytes()


def test_a_served_model_is_verified_against_a_proof(served, tmp_path: Path):
    _, address, frozen = served
    proof = str(tmp_path / "proof")
    kept = verify(Request(paths=(str(frozen / "model.pb"),), proof=proof))
    assert kept.outcome is Outcome.AGREES, kept
    (form,) = verify(Request(paths=(), proof=proof, url=address)).forms
    assert form.outcome is Outcome.OUTPUTS_ONLY, form
    assert form.outputs[0].max_ulp == 0
    away = f"http://127.0.0.1:{free_port()}"
    (form,) = verify(Request(paths=(), proof=proof, url=away)).forms
    assert form.outcome is Outcome.REFUSED
    assert "cannot be asked" in form.reasons[0]
