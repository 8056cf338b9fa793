"""The store of a repository that was moved or copied: its paths are those of where it lies."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient

from pipeline.doctor import tracking as doctor
from pipeline.errors import TrackingError
from pipeline.tracking import address, relocation, spool, sqlite, store
from pipeline.workspace import Workspace

pytestmark = pytest.mark.slow

MODEL = """
from pathlib import Path
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel
class Model(PythonModel):
    def load_context(self, context):
        self.text = Path(context.artifacts["text"]).read_text()
    def predict(self, context, model_input, params=None):
        return [self.text] * len(model_input)
set_model(Model())
"""

# What a file system allows in the name of a folder, and MLflow can read again.
NAMES = ["a b", "a#b", "100%", "a;b", "it's", 'a"b', "über", "日本", "a&b=c", "$HOME", "~a", "a+b"]


def filled(home: Path, template: Path) -> Workspace:
    """Return a repository whose store has one complete run with an artifact and a model."""
    workspace = Workspace(home)
    home.mkdir(parents=True)
    shutil.copy(template, home / "mlflow.db")
    add_run(workspace)
    return workspace


def add_run(workspace: Workspace) -> str:
    _, experiment = store.connect("pipeline", workspace)
    folder = workspace.home / "sources"
    folder.mkdir(exist_ok=True)
    (folder / "model.py").write_text(MODEL)
    (folder / "text.txt").write_text("proven")
    with mlflow.start_run(experiment_id=experiment) as run:
        mlflow.log_artifact(str(folder / "text.txt"), "reports")
        mlflow.pyfunc.log_model(
            name="model",
            python_model=str(folder / "model.py"),
            artifacts={"text": str(folder / "text.txt")},
            pip_requirements=["pandas"],
        )
    return run.info.run_id


def paths(workspace: Workspace) -> list[str]:
    """Return all values of the store, and all files, that hold an absolute path of the tests."""
    found = []
    with closing(sqlite3.connect(workspace.home / "mlflow.db")) as database:
        for table in sqlite.tables(database):
            for row in database.execute(f'SELECT * FROM "{table}"'):
                found += [str(value) for value in row if "/repositories" in str(value)]
    for file in (workspace.home / "mlartifacts").rglob("MLmodel"):
        found += [line for line in file.read_text().splitlines() if "/repositories" in line]
    return found


def loaded(workspace: Workspace) -> list[str]:
    """Load every model of the store by its name, as users do."""
    store.connect("pipeline", workspace)
    client = MlflowClient()
    experiments = [found.experiment_id for found in client.search_experiments()]
    return [
        mlflow.pyfunc.load_model(f"models:/{output.model_id}").predict(pd.DataFrame({"a": [1]}))[0]
        for run in client.search_runs(experiments)
        for output in run.outputs.model_outputs
    ]


@pytest.fixture(autouse=True)
def without_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "repositories"


def test_a_moved_repository_takes_its_store_along(place, template, caplog):
    caplog.set_level("INFO", "pipeline")
    filled(place / "old", template)
    (place / "old").rename(place / "new")
    moved = Workspace(place / "new")
    run = add_run(moved)
    assert f"had the paths of {place}/old; those of 1 runs and 1 models are now in" in caplog.text
    assert len(caplog.messages) == 1
    assert not (place / "old").exists()
    assert (moved.home / "mlartifacts" / run / "artifacts/reports/text.txt").is_file()
    assert loaded(moved) == ["proven"] * 2
    assert all("repositories/new" in found for found in paths(moved))
    caplog.clear()
    store.connect("pipeline", moved)
    assert not caplog.messages


def test_a_copy_and_its_original_write_to_their_own_folders(place, template):
    original = filled(place / "old", template)
    shutil.copytree(place / "old", place / "old.copy")
    copy = Workspace(place / "old.copy")
    before = sorted(place.joinpath("old").rglob("*"))
    content = (original.home / "mlflow.db").read_bytes()
    add_run(copy)
    assert sorted(place.joinpath("old").rglob("*")) == before
    assert (original.home / "mlflow.db").read_bytes() == content
    assert all("repositories/old.copy" in found for found in paths(copy))
    assert all("repositories/old/" in f or f.endswith("/old") for f in paths(original))
    assert (len(loaded(original)), len(loaded(copy))) == (1, 2)


@pytest.mark.parametrize(("old", "new"), [("a", "a/b"), ("a/b", "a"), ("a/b", "a/b/c")])
def test_one_folder_lies_in_the_other(place, template, old: str, new: str):
    filled(place / old, template)
    (place / old).rename(place / "between")
    shutil.rmtree(place / "a", ignore_errors=True)
    (place / new).parent.mkdir(parents=True, exist_ok=True)
    (place / "between").rename(place / new)
    moved = Workspace(place / new)
    relocation.follow(moved)
    relocation.follow(moved)
    assert loaded(moved) == ["proven"]
    (found,) = {
        row[0]
        for row in sqlite3.connect(moved.home / "mlflow.db").execute(
            "SELECT artifact_location FROM experiments WHERE name = 'pipeline'"
        )
    }
    assert found == (place / new / "mlartifacts").as_uri()


@pytest.mark.parametrize("name", NAMES)
def test_folders_have_names_of_all_kinds(place, template, name: str):
    filled(place / "old", template)
    (place / "old").rename(place / name)
    assert loaded_after_following(place / name) == ["proven"]
    (place / name).rename(place / "new")
    assert loaded_after_following(place / "new") == ["proven"]
    assert [folder.name for folder in place.iterdir()] == ["new"]


def loaded_after_following(home: Path) -> list[str]:
    relocation.follow(Workspace(home))
    return loaded(Workspace(home))


def test_a_store_of_an_earlier_version_has_no_tag(place, template):
    before = filled(place / "old", template)
    with closing(sqlite3.connect(before.home / "mlflow.db")) as database:
        database.execute("DELETE FROM experiment_tags WHERE key = ?", [relocation.HOME])
        database.commit()
    (place / "old").rename(place / "new")
    assert loaded_after_following(place / "new") == ["proven"]
    store.connect("pipeline", Workspace(place / "new"))
    (place / "new").rename(place / "newer")
    assert loaded_after_following(place / "newer") == ["proven"]


def test_artifacts_elsewhere_and_parameters_stay(place, template, tmp_path):
    before = filled(place / "old", template)
    client = MlflowClient(address.tracking_uri(before))
    elsewhere = (tmp_path / "disk/mlartifacts").as_uri()
    experiment = client.create_experiment("elsewhere", elsewhere)
    run = client.create_run(experiment).info.run_id
    client.log_param(run, "data.path", f"{place}/old/data.csv")
    (place / "old").rename(place / "new")
    relocation.follow(Workspace(place / "new"))
    client = MlflowClient(address.tracking_uri(Workspace(place / "new")))
    assert client.get_experiment(experiment).artifact_location == elsewhere
    assert client.get_run(run).info.artifact_uri.startswith(elsewhere)
    assert client.get_run(run).data.params["data.path"] == f"{place}/old/data.csv"


def test_files_that_did_not_come_along_are_still_found(place, template):
    filled(place / "old", template)
    (place / "new").mkdir()
    shutil.copy(place / "old/mlflow.db", place / "new")
    assert loaded_after_following(place / "new") == ["proven"]
    run = add_run(Workspace(place / "new"))
    assert (place / "new/mlartifacts" / run).is_dir()
    assert not (place / "old/mlartifacts" / run).exists()


def test_a_failure_changes_nothing(place, template, monkeypatch, failure):
    filled(place / "old", template)
    (place / "old").rename(place / "new")
    moved, before = Workspace(place / "new"), (place / "new/mlflow.db").read_bytes()

    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "MLmodel")

    with monkeypatch.context() as patch:
        patch.setattr(relocation, "_correct_description", fail)
        with failure.raises(
            "MLflow store of a moved repository that cannot be changed",
            TrackingError,
            "cannot be changed to those of",
        ):
            relocation.follow(moved)
    assert (place / "new/mlflow.db").read_bytes() == before
    assert loaded_after_following(place / "new") == ["proven"]


def test_a_store_that_is_not_the_repositorys_own_stays(place, template, monkeypatch, failure):
    filled(place / "shared", template)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place}/shared/mlflow.db")
    before = (place / "shared/mlflow.db").read_bytes()
    other = Workspace(place / "other")
    other.home.mkdir()
    store.connect("pipeline", other)
    assert (place / "shared/mlflow.db").read_bytes() == before
    assert relocation.find_earlier(other) == []
    (place / "shared").rename(place / "moved")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place}/moved/mlflow.db")
    what = "Shared SQLite store whose experiment's folder was moved"
    with failure.raises(what, TrackingError, "tracking.experiment=NAME"):
        store.connect("pipeline", other)
    assert not (place / "shared").exists()


def test_verbs_that_open_the_store_correct_it(place, template):
    filled(place / "old", template)
    (place / "old").rename(place / "new")
    moved = Workspace(place / "new")
    (finding,) = (
        found for found in doctor.store(moved) if "where the repository was" in str(found)
    )
    assert finding.fix is not None
    assert relocation.find_earlier(moved) == [place / "old"]
    assert spool.send(moved) == 0  # nothing waits
    assert relocation.find_earlier(moved) == []
    assert [folder.name for folder in place.iterdir()] == ["new"]
