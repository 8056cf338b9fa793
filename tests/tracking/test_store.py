"""Runs in a real MLflow store: one for each execution, complete, without duplicate points."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import TrackingError
from pipeline.models.learning_curve import spread
from pipeline.reporting.live_curve import LiveCurve
from pipeline.tracking import address, store
from pipeline.tracking.execution import Execution
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY
from ..made import prepared_of

pytestmark = pytest.mark.slow


@pytest.fixture
def home(settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with prepared data, as the store's root."""
    chosen = settings()
    prepared_of(chosen.data, folder=tmp_path / "data/prepared")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


@pytest.fixture
def stored(home: Path, template: Path) -> Path:
    """The same folder, with a store in which nothing is."""
    shutil.copy(template, home / "mlflow.db")
    return home


def points(first: int, last: int):
    return [(step, {"loss": np.float32(1 / step)}) for step in range(first, last + 1)]


def test_the_store_is_at_the_root_unless_the_environment_says_otherwise(home, monkeypatch):
    assert address.tracking_uri(Workspace.here()) == f"sqlite:///{home}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///other.db")
    assert address.tracking_uri(Workspace.here()) == f"sqlite:///{home}/other.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@127.0.0.1:1/path")
    assert address.printable_uri(Workspace.here()) == "http://127.0.0.1:1/path"


def test_short_timeouts_end_with_their_block(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    before = dict(os.environ)
    with address.short_timeouts():
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "3"
    assert os.environ == before


def test_an_execution_finds_its_run_again(settings, stored):
    chosen, other = settings_of(settings, stored), settings_of(settings, stored, "seed=1")
    client, experiment = store.connect(chosen.tracking.experiment, Workspace.here())
    run = store.find_or_create_run(client, experiment, Execution.current(chosen, Workspace.here()))
    assert (
        store.find_or_create_run(
            client, experiment, Execution.current(chosen, Workspace.here())
        ).info.run_id
        == run.info.run_id
    )
    assert store.find_run(client, experiment, Execution.current(other, Workspace.here())) is None
    # The name of the experiment is where it goes, not what it is.
    moved = settings_of(settings, stored, "tracking.flush_every=9")
    assert (
        store.find_run(client, experiment, Execution.current(moved, Workspace.here())).info.run_id
        == run.info.run_id
    )


def test_more_parameters_than_a_request_may_hold_are_all_there(settings, stored):
    many = [f"model.initial.layer_{number}=0.5" for number in range(120)]
    chosen = settings_of(settings, stored, *many)
    client, experiment = store.connect(chosen.tracking.experiment, Workspace.here())
    run = store.find_or_create_run(
        client, experiment, Execution.current(chosen, Workspace.here())
    ).info.run_id
    assert client.get_run(run).data.params["model.initial.layer_119"] == "0.5"


def settings_of(settings, home, *overrides):
    """Compose in the repository, then come back to the store's root."""
    os.chdir(REPOSITORY)
    try:
        return settings(*overrides)
    finally:
        os.chdir(home)


def test_a_curve_is_sent_once(settings, stored):
    chosen = settings_of(settings, stored)
    client, experiment = store.connect(chosen.tracking.experiment, Workspace.here())
    run = store.find_or_create_run(
        client, experiment, Execution.current(chosen, Workspace.here())
    ).info.run_id
    assert not store.list_steps(client, run)
    store.send_curve(client, run, points(1, 2600))
    assert store.list_steps(client, run) == set(range(1, 2601))
    have = client.get_metric_history(run, store.LOSS)
    assert [point.step for point in have] == list(range(1, 2601))


def test_the_curve_is_in_mlflow_while_training(settings, stored):
    chosen = settings_of(settings, stored, "tracking.live_after=0", "tracking.flush_every=0.05")
    with LiveCurve(chosen, Workspace.here()) as live:
        live.add(points(1, 10))
        deadline = time.monotonic() + 60
        while not (run := current_run(chosen)) or "loss" not in run.data.metrics:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert run.info.status == "RUNNING"
        live.add(points(11, 20))
    client, _ = store.connect(chosen.tracking.experiment, Workspace.here())
    have = [point.step for point in client.get_metric_history(run.info.run_id, store.LOSS)]
    assert have == sorted(set(have))


def test_a_live_curve_is_a_part_of_a_dense_one(settings, stored):
    chosen = settings_of(settings, stored, "train.steps=100000", "train.log_every=1",
                         "tracking.live_after=0", "tracking.flush_every=0.05")  # fmt: skip
    with LiveCurve(chosen, Workspace.here()) as live:
        live.add(points(1, 5000))
        deadline = time.monotonic() + 60
        while not (run := current_run(chosen)) or "loss" not in run.data.metrics:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    client, _ = store.connect(chosen.tracking.experiment, Workspace.here())
    expected = {step for step in spread(100_000).tolist() if step <= 5000}
    assert store.list_steps(client, run.info.run_id) == expected


def test_a_training_that_fails_leaves_no_running_run(settings, stored):
    chosen = settings_of(settings, stored, "tracking.live_after=0", "tracking.flush_every=0.05")
    with pytest.raises(RuntimeError), LiveCurve(chosen, Workspace.here()) as live:
        live.add(points(1, 10))
        deadline = time.monotonic() + 60
        while not current_run(chosen):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        raise RuntimeError
    assert current_run(chosen).info.status == "FAILED"


def test_a_complete_run_stays_complete(settings, stored):
    chosen = settings_of(settings, stored, "tracking.live_after=0", "tracking.flush_every=0.05")
    client, experiment = store.connect(chosen.tracking.experiment, Workspace.here())
    run = store.find_or_create_run(
        client, experiment, Execution.current(chosen, Workspace.here())
    ).info.run_id
    client.set_tag(run, store.COMPLETE, "true")
    client.set_terminated(run, "FINISHED")
    with LiveCurve(chosen, Workspace.here()) as live:
        live.add(points(1, 10))
        live._thread.join(60)
    assert current_run(chosen).info.status == "FINISHED"
    assert not store.list_steps(client, run)


def test_a_password_is_never_shown(settings, home, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with (
        pytest.raises(TrackingError) as caught,
        store.reachable(Workspace.here()),
    ):
        store.connect("pipeline", Workspace.here())
    assert "secret" not in str(caught.value)


def current_run(chosen):
    client, experiment = store.connect(chosen.tracking.experiment, Workspace.here())
    return store.find_run(client, experiment, Execution.current(chosen, Workspace.here()))


def test_a_short_training_never_asks_the_store(settings, home):
    with LiveCurve(settings_of(settings, home, "tracking.live_after=30"), Workspace.here()) as live:
        live.add(points(1, 10))
    assert not (home / "mlflow.db").exists()


def test_an_absent_store_costs_training_a_warning(settings, home, monkeypatch, caplog):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    chosen = settings_of(settings, home, "tracking.live_after=0", "tracking.flush_every=0.05")
    with LiveCurve(chosen, Workspace.here()) as live:
        live.add(points(1, 10))
        live._thread.join(60)
    assert "the live curve ends here" in caplog.text


def test_processes_may_open_a_fresh_store_at_once(settings, home):
    """Forked when MLflow is imported, they come to the store in the same moment."""
    code = """
import os
from pipeline import config
from pipeline.tracking import store
from pipeline.workspace import Workspace
chosen = config.load(Workspace.here())
children = []
for _ in range(8):
    if not (child := os.fork()):
        client, experiment = store.connect(chosen.tracking.experiment, Workspace.here())
        run = client.create_run(experiment)
        store.send_curve(client, run.info.run_id, [(step, {"loss": 1.0}) for step in range(1, 200)])
        os._exit(0)
    children.append(child)
assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
"""
    (home / "params.yaml").write_bytes((REPOSITORY / "params.yaml").read_bytes())
    subprocess.run([sys.executable, "-c", code], check=True)
    client, experiment = store.connect("pipeline", Workspace.here())
    runs = client.search_runs([experiment])
    assert len(runs) == 8
    for run in runs:
        assert len(client.get_metric_history(run.info.run_id, store.LOSS)) == 199
