"""No run is lost in real stores that are unreachable, slow, interrupted, locked, old or full."""

import dataclasses
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipeline import config
from pipeline.errors import TrackingError
from pipeline.models import learning_curve as history
from pipeline.schema.settings import Settings
from pipeline.tracking import record, spool, sqlite, store
from pipeline.tracking.execution import FILE, Execution
from pipeline.workspace import Workspace, files

from ..conftest import Clone
from ..failures import Failure
from .proxy import Proxy
from .server import serving

pytestmark = pytest.mark.repro


@pytest.fixture
def chosen(copy: Clone, template: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The main job's results in the current folder, whose run is not in the store yet."""
    monkeypatch.chdir(copy.path)
    monkeypatch.setenv("DVC_ROOT", str(copy.path))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for stored in copy.path.glob("mlflow.db*"):
        stored.unlink()
    shutil.copy(template, "mlflow.db")
    shutil.rmtree("mlartifacts")
    return config.load(Workspace.here())


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(tmp_path_factory.mktemp("server")) as port:
        yield port


@pytest.fixture
def proxy(port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    between = Proxy(port)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", between.uri)
    yield between
    between.close()


def warnings(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(caplog.messages)


def kept(settings: Settings, experiment: str = "pipeline") -> Execution:
    execution = dataclasses.replace(
        Execution.current(settings, Workspace.here()), experiment=experiment
    )
    spool.keep(execution, Workspace.here())
    return execution


def assert_one_whole_run(execution: Execution) -> None:
    client, experiment = store.connect(execution.experiment, Workspace.here())
    (run,) = (
        run
        for run in client.search_runs([experiment])
        if run.data.tags[store.IDENTITY] == execution.identity
    )
    assert store.is_complete(run)
    assert run.info.start_time == execution.started_ms
    points = client.get_metric_history(run.info.run_id, "loss")
    assert sorted(point.step for point in points) == [
        step for step, _ in history.read(Workspace.here().history)
    ]
    assert len(run.inputs.dataset_inputs) == 1
    assert len(run.outputs.model_outputs) == 1
    names = {file.path for file in client.list_artifacts(run.info.run_id, "reports")}
    assert {"reports/metrics.json", "reports/report.html", "reports/figures"} <= names
    assert client.list_artifacts(run.info.run_id, "checkpoint")


def assert_sent_later(execution: Execution) -> None:
    assert [entry.name for entry in spool.entries(Workspace.here())] == [execution.identity[:16]]
    assert spool.send(Workspace.here()) == 1
    assert not spool.entries(Workspace.here())
    assert_one_whole_run(execution)


def test_a_server_that_refuses(chosen, monkeypatch, caplog, failure: Failure):
    execution = kept(chosen)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert not spool.send_or_warn(Workspace.here(), within=60)
    said = warnings(caplog)
    failure.said("MLflow server that refuses", said, "http://127.0.0.1:9 cannot be used")
    failure.said("Run that could not be sent", said, "1 run is kept in .spool")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert_sent_later(execution)


def test_a_slow_server(chosen, proxy: Proxy, caplog, failure: Failure):
    execution = kept(chosen, "slow")
    proxy.delay = 1
    assert not spool.send_or_warn(Workspace.here(), within=2)
    said = warnings(caplog)
    failure.said("MLflow server that answers slowly", said, "has not accepted all data within 2 s")
    proxy.delay = 0
    assert_sent_later(execution)


def test_a_server_that_goes_away_in_the_middle(chosen, proxy: Proxy, caplog, failure: Failure):
    execution = kept(chosen, "interrupted")
    for requests in (8, 14, 30):  # the curve, the reports, the model
        proxy.requests_left = requests
        assert not spool.send_or_warn(Workspace.here(), within=60)
        assert proxy.requests_left == 0
    said = warnings(caplog)
    failure.said("MLflow server that goes away in the middle", said, "cannot be used")
    proxy.requests_left = None
    assert_sent_later(execution)


def test_a_failed_run_is_sent_later_too(chosen, monkeypatch):
    execution = Execution.current(chosen, Workspace.here(), failure="the reason")
    spool.keep(execution, Workspace.here())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert not spool.send_or_warn(Workspace.here(), within=60)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert spool.send(Workspace.here()) == 1
    client, experiment = store.connect(execution.experiment, Workspace.here())
    (run,) = client.search_runs([experiment])
    assert (run.info.status, run.data.tags[store.FAILURE]) == ("FAILED", "the reason")


def test_sending_twice_adds_nothing(chosen):
    execution = kept(chosen)
    results = record.Outs.read(Workspace.here())
    assert record.send(execution, results, Workspace.here(), lambda: None)
    assert not record.send(execution, results, Workspace.here(), lambda: None)
    assert_one_whole_run(execution)


def test_the_rest_of_a_curve_that_was_live_in_part_is_sent(chosen):
    execution = kept(chosen)
    client, experiment = store.connect(execution.experiment, Workspace.here())
    run = store.find_or_create_run(client, experiment, execution).info.run_id
    store.send_curve(client, run, history.read(Workspace.here().history)[::3])
    assert spool.send(Workspace.here()) == 1
    assert_one_whole_run(execution)


def test_a_locked_database(chosen, caplog, failure: Failure):
    store.connect("pipeline", Workspace.here())
    execution = kept(chosen)
    holder = sqlite3.connect("mlflow.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert not spool.send_or_warn(Workspace.here(), within=60)
    failure.said("Database locked by another process", warnings(caplog), "locked")
    holder.close()
    assert_sent_later(execution)


def test_a_store_that_another_process_creates(chosen, caplog, monkeypatch, failure: Failure):
    monkeypatch.setattr(sqlite, "LOCK_TIMEOUT_SECONDS", 0.1)
    execution = kept(chosen)
    with sqlite.locked(Workspace.here()):
        assert not spool.send_or_warn(Workspace.here(), within=60)
    said = warnings(caplog)
    failure.said("MLflow store that another process creates", said, "wait until it has ended")
    assert_sent_later(execution)


@pytest.mark.parametrize(
    ("what", "revision", "expected"),
    [
        ("Database of an older MLflow", "451aebb31d03", "out-of-date database schema"),
        ("Database of a newer MLflow", "ffffffffffff", "out-of-date database schema"),
    ],
)
def test_a_database_of_another_schema(chosen, caplog, failure, what, revision, expected):
    store.connect("pipeline", Workspace.here())
    with sqlite3.connect("mlflow.db") as database:
        (current,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        database.execute("UPDATE alembic_version SET version_num = ?", [revision])
    execution = kept(chosen)
    in_a_process_of_its_own = subprocess.run(
        [sys.executable, "-m", "pipeline", "sync"], capture_output=True, text=True, check=False
    )
    assert in_a_process_of_its_own.returncode == 8
    failure.said(what, in_a_process_of_its_own.stderr, expected, 8)
    with sqlite3.connect("mlflow.db") as database:
        database.execute("UPDATE alembic_version SET version_num = ?", [current])
    assert_sent_later(execution)


@pytest.mark.parametrize(
    ("what", "uri", "expected"),
    [
        ("Database that is a folder", "sqlite:///reports", "unable to open database file"),
        ("Database that is another file", "sqlite:///params.yaml", "file is not a database"),
        ("MLflow store of an unknown kind", "nosuch://store", "nosuch"),
        ("MLflow file store, which MLflow gave up", "mlruns", "cannot be used"),
    ],
)
def test_a_store_that_is_none(chosen, monkeypatch, caplog, failure: Failure, what, uri, expected):
    execution = kept(chosen)
    before = files.sha256(Workspace.here().params)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert not spool.send_or_warn(Workspace.here(), within=60)
    failure.said(what, warnings(caplog), expected)
    assert files.sha256(Workspace.here().params) == before
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert_sent_later(execution)


def test_a_full_disk_under_the_store(chosen, copy: Clone, failure: Failure):
    execution = kept(chosen)
    (copy.path / "small").mkdir()
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c",
         'mount -t tmpfs -o size=600k none small && exec "$0" -m pipeline sync', sys.executable],
        env={**os.environ, "MLFLOW_TRACKING_URI": "sqlite:///small/mlflow.db"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "unshare" in done.stderr:
        pytest.skip(f"no file system of its own: {done.stderr}")
    failure.said("Disk full under MLflow's database", done.stderr, "disk is full", 8)
    assert done.returncode == 8
    assert_sent_later(execution)


@pytest.mark.parametrize("damaged", [FILE, "data/prepared/dataset.json", "reports/metrics.json"])
def test_a_damaged_entry_does_not_stop_the_others(chosen, failure: Failure, damaged: str):
    broken = Workspace.here().spool / "0broken"
    execution = kept(chosen)
    shutil.copytree(Workspace.here().spool / execution.identity[:16], broken)
    os.utime(broken, (0, 0))  # the first to be sent
    (broken / damaged).unlink()
    (broken / damaged).write_text("{")
    what = f"Kept run whose {damaged} is damaged"
    with failure.raises(what, TrackingError, "0broken is damaged"):
        spool.send(Workspace.here())
    assert spool.entries(Workspace.here()) == [broken]
    assert_one_whole_run(execution)


def test_a_run_that_is_refused_does_not_stop_the_others(chosen, failure: Failure):
    execution = kept(chosen)
    strange = dataclasses.replace(execution, identity="0" * 64, parameters={"a(1)": "1"})
    spool.keep(strange, Workspace.here())
    os.utime(Workspace.here().spool / strange.identity[:16], (0, 0))
    with failure.raises("Run that MLflow refuses", TrackingError, "refuses this run"):
        spool.send(Workspace.here())
    assert [entry.name for entry in spool.entries(Workspace.here())] == [strange.identity[:16]]
    assert_one_whole_run(execution)


def test_names_of_parameters_are_such_as_mlflow_takes(chosen):
    named = chosen.model_copy(update={"inputs": {"/tmp/start(1)+a,b": "digest"}})
    execution = kept(named)
    assert execution.parameters["inputs./tmp/start_1__a_b"] == "digest"
    assert spool.send(Workspace.here()) == 1


def test_what_a_slow_server_did_twice_ends_as_one_run(chosen):
    execution = kept(chosen)
    client, experiment = store.connect(execution.experiment, Workspace.here())
    for _ in range(3):
        client.create_run(experiment, tags={store.IDENTITY: execution.identity})
    record.send(execution, record.Outs.read(Workspace.here()), Workspace.here(), lambda: None)
    (run,) = client.search_runs([experiment])
    assert store.is_complete(run)


def test_what_is_kept_while_the_same_is_sent_stays(chosen):
    execution = kept(chosen)
    (entry,) = spool.entries(Workspace.here())
    spool._remove(entry, dataclasses.replace(execution, failure="an earlier end"))
    assert spool.entries(Workspace.here()) == [entry]
    spool._remove(entry, execution)
    assert not list(Workspace.here().spool.iterdir())


def test_links_into_the_cache_are_followed(chosen, copy: Clone):
    target = copy.path / "elsewhere.csv"
    Workspace.here().history.rename(target)
    Workspace.here().history.symlink_to(target)
    kept(chosen)
    target.unlink()
    (entry,) = spool.entries(Workspace.here())
    assert Workspace(entry).history.is_file()
    assert not Workspace(entry).history.is_symlink()


def test_an_address_with_a_query(chosen, monkeypatch):
    execution = kept(chosen)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///other.db?timeout=30")
    assert_sent_later(execution)
    assert Path("other.db").is_file()


def test_kept_results_are_those_of_their_time(chosen, copy: Clone):
    execution = kept(chosen)
    files.write_text(Workspace.here().metrics, "{}")  # the next execution's
    shutil.rmtree("artifacts")
    (entry,) = spool.entries(Workspace.here())
    assert record.Outs.read(Workspace(entry)).metrics["model"]
    assert spool.send(Workspace.here()) == 1
    client, experiment = store.connect(execution.experiment, Workspace.here())
    (run,) = client.search_runs([experiment])
    assert "model.mse" in run.data.metrics


def test_a_client_is_never_told_of_what_is_sent(chosen):
    """Nothing of the machine: the run's tags name no folder of it."""
    execution = kept(chosen)
    spool.send(Workspace.here())
    client: MlflowClient = store.connect(execution.experiment, Workspace.here())[0]
    (run,) = client.search_runs([store.connect(execution.experiment, Workspace.here())[1]])
    assert not [value for value in run.data.tags.values() if str(Path.cwd()) in value]
