"""MLflow stores that are locked, damaged, old or away, and runs that nobody works on."""

import shutil
import socket
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock
from mlflow import MlflowClient

from pipeline.doctor import tracking
from pipeline.doctor.finding import Level
from pipeline.errors import BusyError
from pipeline.tracking import address, relocation, spool, store
from pipeline.tracking.execution import Execution
from pipeline.workspace import Workspace

from .conftest import mended, one, text

pytestmark = pytest.mark.slow


def execution(name: str, failure: str | None = None) -> Execution:
    return Execution(
        name * 64, f"run-{name}", "pipeline", "data.csv", 1, {"seed": "0"}, {}, failure
    )


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run that is RUNNING, one that is FINISHED, and one of another program."""
    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_ROOT", str(folder))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        client, experiment = store.connect("pipeline", Workspace.here())
        store.find_or_create_run(client, experiment, execution("a"))
        done = store.find_or_create_run(client, experiment, execution("b"))
        client.set_terminated(done.info.run_id)
        client.create_run(experiment, run_name="of another program")
    return folder / "mlflow.db"


@pytest.fixture
def database(place, made) -> Path:
    """That store at the root of the repository."""
    shutil.copy(made, "mlflow.db")
    relocation.follow(Workspace.here())  # it was made elsewhere
    return place.path / "mlflow.db"


def status(database: Path) -> dict[str, str]:
    client = MlflowClient(f"sqlite:///{database}")
    found = client.search_runs([e.experiment_id for e in client.search_experiments()])
    return {run.info.run_name: run.info.status for run in found}


def test_no_store_yet_is_none_after_the_check(place):
    assert "the first run creates it" in one(tracking.store(Workspace.here()), Level.OK).text
    assert not Path("mlflow.db").exists()


def test_a_store_that_is_written_to_for_long(database, failure):
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        failure.said(
            "a locked MLflow store", text(tracking.store(Workspace.here())), "database is locked", 1
        )


@pytest.mark.parametrize(
    ("what", "statement", "said"),
    [
        (
            "the store of an older MLflow",
            "UPDATE alembic_version SET version_num = '451aebb31d03'",
            "older MLflow",
        ),
        (
            "the store of a newer MLflow",
            "UPDATE alembic_version SET version_num = 'ffff'",
            "newer MLflow",
        ),
        ("the database of another program", "DROP TABLE alembic_version", "not an MLflow store"),
    ],
)
def test_other_tables(database, failure, what, statement, said):
    with sqlite3.connect(database) as opened:
        opened.execute(statement)
    opened.close()
    failure.said(what, text(tracking.store(Workspace.here())), said, 1)


def test_a_file_that_is_no_database(place, failure):
    Path("mlflow.db").write_text("no database at all, but quite long")
    failure.said(
        "a store that is no database", text(tracking.store(Workspace.here())), "not a database", 1
    )


def test_a_folder_in_the_place_of_the_store(place, failure):
    Path("mlflow.db").mkdir()
    failure.said(
        "a folder in the store's place", text(tracking.store(Workspace.here())), "unable to open", 1
    )


def test_a_store_that_cannot_be_made(place, failure, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////proc/mlflow.db")
    failure.said(
        "a store where no file can be made",
        text(tracking.store(Workspace.here())),
        "cannot be created",
        1,
    )


def test_a_server_that_is_away(place, failure, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@127.0.0.1:9")
    said = text(tracking.store(Workspace.here()))
    failure.said("a tracking server that is away", said, "cannot be used", 1)
    assert "secret" not in said


def test_a_server_that_does_not_answer(place, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(address, "SHORT_TIMEOUT_SECONDS", 1)
        begin = time.monotonic()
        assert one(tracking.store(Workspace.here()), Level.FAIL)
        assert time.monotonic() - begin < 4


def test_a_run_that_nobody_works_on(database, failure):
    said = text(tracking.store(Workspace.here()))
    failure.said("a run left RUNNING by a kill", said, "RUNNING in MLflow without a process: run-a")
    assert "run-b" not in said
    assert mended(tracking.store).startswith("run-a marked KILLED")
    assert "none is RUNNING without a process" in text(tracking.store(Workspace.here()))
    assert status(database) == {
        "run-a": "KILLED",
        "run-b": "FINISHED",
        "of another program": "RUNNING",
    }
    # The same execution finds it, and goes on with it.
    client, experiment = store.connect("pipeline", Workspace.here())
    run = store.find_run(client, experiment, execution("a"))
    assert run.data.tags[store.FAILURE] == "killed: no process works on it"


def test_a_run_that_may_be_under_way(database):
    before = [finding.fix for finding in tracking.store(Workspace.here()) if finding.fix]
    with FileLock(".dvc/tmp/0123456789abcdef.lock"):
        assert "somebody is at work" in text(tracking.store(Workspace.here()))
        with pytest.raises(BusyError):
            before[0]()
    assert status(database)["run-a"] == "RUNNING"


def test_the_runs_of_other_clones(database, monkeypatch):
    database.rename("common.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///common.db")
    assert "not checked, as they may belong" in text(tracking.store(Workspace.here()))
    assert all(finding.fix is None for finding in tracking.store(Workspace.here()))


def test_runs_that_were_not_sent(database, failure):
    assert one(tracking.spool(Workspace.here()), Level.OK)
    spool.keep(execution("c", failure="the loss is not finite"), Workspace.here())
    failure.said(
        "runs that MLflow does not have yet",
        text(tracking.spool(Workspace.here())),
        "1 run is kept",
    )
    assert mended(tracking.spool).startswith("1 sent to")
    assert one(tracking.spool(Workspace.here()), Level.OK)
    assert status(database)["run-c"] == "FAILED"
