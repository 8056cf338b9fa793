"""Fixtures: composed settings for unit tests, and clones of the repository for whole runs."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from pipeline.config import composing as composition
from pipeline.repository import environment
from pipeline.schema.settings import Settings
from pipeline.workspace import Workspace, digests, files

from .failures import Failure, Table

# Tests are of this code, not of the machine: they run on the CPU everywhere.
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
environment.configure()
# A shell starts what runs in the background with interrupts ignored, and children inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).parents[1]

OUTS = ("data/prepared", "artifacts", "reports")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-failures", action="store_true", help="write docs/failures.md")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Table(config.getoption("--write-failures")))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Give this process the threads of a stage, which cannot change once a test has computed."""
    workers = session.config.getoption("numprocesses", default=0)
    if workers and not hasattr(session.config, "workerinput"):
        return  # the tests run elsewhere
    from pipeline.graph import tf

    tf.config.threading.set_intra_op_parallelism_threads(0)
    tf.config.threading.set_inter_op_parallelism_threads(0)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest modules, so that both workers end at about the same time."""
    if config.getoption("--write-failures"):
        items[:] = [item for item in items if "failure" in getattr(item, "fixturenames", ())]
    first = [
        "test_torture",
        "test_kills",
        "test_changes",
        "test_gate",
        "test_own_data",
        "test_tracking_server",
    ]
    order = {f"tests/repro/{name}.py": place for place, name in enumerate(first)}
    items.sort(key=lambda item: order.get(item.nodeid.split("::")[0], len(first)))


@dataclass(frozen=True)
class Clone:
    """A repository of its own, with the sources of this one, and what a user does in it."""

    path: Path

    @property
    def environment(self) -> dict[str, str]:
        ours = {k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "MLFLOW_", "TF_"))}
        # Hundreds of processes import the same modules: they are compiled once in each clone.
        ours.pop("PYTHONDONTWRITEBYTECODE", None)
        path = os.pathsep.join([str(Path(sys.executable).parent), ours["PATH"]])
        ours |= {"PATH": path, "PYTHONPATH": str(self.path / "src"), "COLUMNS": "200"}
        return {**ours, "SHELL": "/bin/sh"}  # as in services and containers, where it is not set

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.path,
            env={**self.environment, **environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )

    def succeed(self, *command: str, **environment: str) -> str:
        done = self.run(*command, **environment)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def fail(self, *command: str, **environment: str) -> str:
        """Run a command that must fail with a message and without a traceback."""
        done = self.run(*command, **environment)
        assert done.returncode != 0, done.stdout
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout

    def repro(self, *arguments: str, **environment: str) -> str:
        return self.succeed("dvc", "repro", *arguments, **environment)

    def pipeline(self, *arguments: str, **environment: str) -> str:
        return self.succeed(sys.executable, "-m", "pipeline", *arguments, **environment)

    def compose(self, *overrides: str) -> None:
        """Write the params.yaml of these overrides."""
        (self.path / "params.yaml").write_text(self.pipeline("run", "--dry-run", *overrides))

    def stage(self, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "pipeline.stages", name, **environment)

    def json(self, path: str) -> Any:
        return json.loads((self.path / path).read_text(encoding="utf-8"))

    def digests(self, *paths: str) -> dict[str, str]:
        """Return the SHA-256 of every file in the outs, or in `paths`."""
        found = {}
        for name in paths or OUTS:
            place = self.path / name
            for file in [place] if place.is_file() else sorted(place.rglob("*")):
                if file.is_file():
                    found[str(file.relative_to(self.path))] = files.sha256(file)
        return found

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.path / path
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path} has {text.count(old)} times {old!r}"
        file.write_text(text.replace(old, new), encoding="utf-8")

    def begin(self) -> None:
        """Make it a repository of Git, whose first state is what is there."""
        self.succeed("git", "init", "-q", "-b", "main")
        self.succeed("git", "config", "user.name", "tester")
        self.succeed("git", "config", "user.email", "tester@example.invalid")
        self.commit()

    def commit(self) -> None:
        self.succeed("git", "add", "-A")
        self.succeed("git", "commit", "-q", "--allow-empty", "-m", "a state")

    def copy(self, to: Path) -> "Clone":
        shutil.copytree(self.path, to, symlinks=True)
        return Clone(to)

    def runs(self, store: str = "mlflow.db") -> list[Any]:
        """Return all runs in an MLflow store of the clone."""
        from mlflow import MlflowClient

        client = MlflowClient(f"sqlite:///{self.path / store}")
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        return list(client.search_runs(experiments))


def clone(to: Path) -> Clone:
    """Make a repository with the files of this one that Git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, to / name)
    made = Clone(to)
    made.begin()
    return made


@pytest.fixture
def fresh(tmp_path: Path) -> Clone:
    """A clone in which nothing has run."""
    return clone(tmp_path / "clone")


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that the first worker who asks for it makes for all of them."""
    common = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        common = common.parent
    made, done = common / name, common / f"{name}.done"
    with FileLock(common / f"{name}.lock"):
        if not done.exists():
            make(made)
            done.touch()
    return made


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone after the main job, whose verbose output is beside it; tests only look at it."""

    def make(to: Path) -> None:
        output = clone(to).repro(PIPELINE_VERBOSITY="verbose")
        to.with_suffix(".log").write_text(output, encoding="utf-8")

    return Clone(once(tmp_path_factory, "finished", make))


@pytest.fixture
def copy(finished: Clone, tmp_path: Path) -> Clone:
    """A copy of the finished clone, to change at will."""
    return finished.copy(tmp_path / "copy")


@pytest.fixture
def failure(tmp_path: Path, record_property: Callable[[str, object], None]) -> Failure:
    """Expect and record a failure; see `failures`."""
    return Failure([tmp_path, REPOSITORY], record_property)


@pytest.fixture
def in_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)


@pytest.fixture
def settings(in_repository: None) -> Callable[..., Settings]:
    """Compose conf/ with overrides."""

    def compose(*overrides: str) -> Settings:
        found = _composed.get(overrides)
        if found is None or found.inputs:  # files that it names may have changed
            found = _composed[overrides] = composition.compose(Workspace.here(), overrides)[0]
        return found

    return compose


# Settings by their overrides: they are frozen, and conf/ stays as it is.
_composed: dict[tuple[str, ...], Settings] = {}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    yield tmp_path


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., Any]:
    """Train small examples; see `small.train`."""
    from .small import train

    return partial(train, tmp_path)


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the stages up to the proof in an empty folder and this process; returns the metrics."""
    from tensorflow.python.framework.config import disable_op_determinism

    from pipeline.graph import devices
    from pipeline.stages import evaluate, freeze, prepare, train

    monkeypatch.setattr(devices, "_configured", None)  # as in a process of its own
    monkeypatch.setattr(digests, "normalize", _normalized)

    shutil.copytree(REPOSITORY / "conf", folder / "conf")
    shutil.copytree(REPOSITORY / "data/raw", folder / "data/raw")

    def stages(*overrides: str) -> dict[str, Any]:
        chosen = ["evaluation.figures.dpi=20", *overrides, "device=cpu"]
        settings, text = composition.compose(Workspace.here(), chosen)
        composition.publish(text, Workspace.here())
        for stage in (prepare, train, freeze, evaluate):
            stage.run(settings, Workspace.here())
        return dict(read(Workspace.here().metrics))

    yield stages
    disable_op_determinism()  # other tests of this process use TensorFlow as it comes


# Each source of the package as it counts for its SHA-256: hundreds, for each run.
_normalized = cache(digests.normalize)


def read(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))
