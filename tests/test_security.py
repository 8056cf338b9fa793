"""What docs/security.md promises."""

import ast
import importlib.util
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.errors import ArtifactError, TrackingError
from pipeline.tracking import address
from pipeline.workspace import Workspace

from .conftest import OUTS, REPOSITORY, Clone

SOURCES = sorted(
    file for name in ("src", "benchmarks") for file in REPOSITORY.glob(f"{name}/**/*.py")
)

# Modules that execute what they load.
UNSAFE_MODULES = {"pickle", "_pickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}
UNSAFE_CALLS = {
    "eval", "exec", "os.system", "os.popen", "torch.load", "yaml.unsafe_load", "yaml.full_load",
    "pd.read_pickle", "pandas.read_pickle", "subprocess.getoutput", "subprocess.getstatusoutput",
}  # fmt: skip
SAFE_LOADERS = {"SafeLoader", "yaml.SafeLoader", "CSafeLoader", "yaml.CSafeLoader"}


def unsafe(source: str) -> Iterator[str]:
    """Yield what a source does that lets data become code, or text a shell command."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                imported = [name.name for name in names]
            case ast.ImportFrom(module=str(module), names=names):
                imported = [module, *(f"{module}.{name.name}" for name in names)]
            case _:
                imported = []
        yield from (n for n in imported if n.split(".")[0] in UNSAFE_MODULES or n in UNSAFE_CALLS)
        if isinstance(node, ast.Call):
            yield from unsafe_call(node)


def unsafe_call(node: ast.Call) -> Iterator[str]:
    called = ast.unparse(node.func)
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    if called in UNSAFE_CALLS:
        yield called
    for name in ("shell", "allow_pickle"):
        if name in given and ast.unparse(given[name]) != "False":
            yield f"{called}({name}=…)"
    loader = given.get("Loader", node.args[1] if len(node.args) > 1 else None)
    if called == "yaml.load" and (loader is None or ast.unparse(loader) not in SAFE_LOADERS):
        yield called


@pytest.mark.parametrize(
    "source",
    [
        "import pickle", "from pickle import loads", "import joblib.memory", "import dill as d",
        "from cloudpickle import dumps", "import marshal", "import shelve", "import _pickle",
        "np.load(f, allow_pickle=True)", "np.load(f, allow_pickle=flag)", "torch.load(f)",
        "eval('1')", "exec(text)", "yaml.load(f)", "yaml.load(f, Loader=yaml.Loader)",
        "yaml.load(f, yaml.FullLoader)", "subprocess.run(text, shell=True)", "os.system(text)",
        "from os import system", "pd.read_pickle(f)",
    ],
)  # fmt: skip
def test_the_scan_finds(source: str):
    assert list(unsafe(source))


@pytest.mark.parametrize(
    "source",
    [
        '"""import pickle; eval(1)"""', "session.eval()", "np.load(f, allow_pickle=False)",
        "yaml.load(f, Loader=yaml.SafeLoader)", "yaml.safe_load(f)", "subprocess.run(words)",
    ],
)  # fmt: skip
def test_the_scan_lets_pass(source: str):
    assert not list(unsafe(source))


def test_no_source_lets_data_become_code():
    assert len(SOURCES) > 60
    found = {str(file): list(unsafe(file.read_text(encoding="utf-8"))) for file in SOURCES}
    assert {file: what for file, what in found.items() if what} == {}


# A pickle of protocol 2 to 5 at the beginning, or a framed one anywhere.
PICKLE = re.compile(rb"\A\x80[\x02-\x05]|\x80[\x04\x05]\x95.{4}\0\0\0\0", re.DOTALL)


def pickles(folder: Path) -> list[Path]:
    """Return the files that hold a pickle, or an array or archive that may."""
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and (
            file.suffix in (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".dill")
            or PICKLE.search(content := file.read_bytes())
            or (content.startswith(b"\x93NUMPY") and b"'|O'" in content[:200])
            or zipfile.is_zipfile(file)
        )
    ]


def test_pickles_are_found(tmp_path: Path):
    import pickle

    import numpy as np

    for protocol in range(2, 6):
        (tmp_path / str(protocol)).write_bytes(pickle.dumps({"a": [1, 2]}, protocol))
    (tmp_path / "inside").write_bytes(b"header" + pickle.dumps(list(range(9)), 5))
    np.save(tmp_path / "objects.npy", np.array([{}, None]))
    np.savez(tmp_path / "archive.npz", np.zeros(2))
    (tmp_path / "model.pkl").touch()
    assert len(pickles(tmp_path)) == 8
    assert len(list(tmp_path.iterdir())) == 8


@pytest.mark.repro
@pytest.mark.parametrize("name", [*OUTS, "mlartifacts"])
def test_no_artifact_is_a_pickle(finished: Clone, name: str):
    assert any(file.is_file() for file in (finished.path / name).rglob("*"))
    assert pickles(finished.path / name) == []


@pytest.mark.repro
def test_a_server_that_is_away_costs_nothing_and_no_secret_is_written_anywhere(copy: Clone):
    mark = secrets.token_hex(12)
    environment = {
        "MLFLOW_TRACKING_URI": f"https://user:{mark}@127.0.0.1:9/?token={mark}",
        "MLFLOW_TRACKING_PASSWORD": mark,
        "MLFLOW_TRACKING_TOKEN": mark,
        "AWS_SECRET_ACCESS_KEY": mark,
        "MY_SECRET": mark,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    }

    def pipeline(exit_code: int, *words: str, **more: str) -> str:
        done = copy.run(sys.executable, "-m", "pipeline", *words, **{**environment, **more})
        assert done.returncode == exit_code, done.stdout
        return done.stdout

    small = ("train.steps=10", "evaluation.figures.dpi=50")
    said = pipeline(2, "run", *small, "tracking.experiment=${oc.env:MY_SECRET}")
    said += pipeline(0, "run", *small)
    assert "127.0.0.1:9" in said
    assert "cannot be used" in said
    assert "1 run is kept in .spool" in said
    assert copy.json("reports/metrics.json")["parity"]["passed"]
    assert len(copy.runs()) == 1
    # When the store is back, the next command sends the run, though nothing else is to be done.
    again = pipeline(0, "run", *small, MLFLOW_TRACKING_URI="")
    assert "Running stage" not in again
    assert ": complete" in again
    assert len(copy.runs()) == 2
    synced = pipeline(0, "sync", MLFLOW_TRACKING_URI="")
    assert "no run is waiting" in synced
    said += again + synced
    copy.commit()
    said += copy.succeed("git", "log", "--all", "--patch")
    assert mark not in said
    everything = [file for file in copy.path.rglob("*") if file.is_file()]
    assert copy.path / "mlflow.db" in everything
    assert [file for file in everything if mark.encode() in file.read_bytes()] == []


@pytest.mark.parametrize(
    "uri",
    [
        "https://user:secret@host/path",
        "https://user:se@secret@host/path",
        "postgresql://host/db?user=u&password=secret",
    ],
)
def test_an_address_is_shown_without_secrets(uri: str, monkeypatch: pytest.MonkeyPatch):
    from pipeline.tracking import store

    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert "host" in address.printable_uri(Workspace.here())
    assert "secret" not in address.printable_uri(Workspace.here())
    with (
        pytest.raises(TrackingError, match="host") as caught,
        store.reachable(Workspace.here()),
    ):
        raise OSError(f"request to {uri}/api/2.0 failed")
    assert "secret" not in str(caught.value)
    assert " failed; start its server" in str(caught.value)


def listening(process: psutil.Process) -> set[tuple[str, int]]:
    """Return the addresses on which a process and those below it listen."""
    found = set()
    for one in (process, *process.children(recursive=True)):
        try:
            connections = one.net_connections("inet")
        except psutil.NoSuchProcess:
            continue
        found |= {tuple(c.laddr) for c in connections if c.status == psutil.CONN_LISTEN}
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.repro
def test_the_user_interface_listens_to_this_machine_alone(finished: Clone, tmp_path: Path):
    shutil.copy(finished.path / "mlflow.db", tmp_path)
    port = free_port()
    environment = finished.environment | {
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
        "MLFLOW_HOST": "0.0.0.0",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "ui", "--port", str(port)],
        cwd=tmp_path, env=environment, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not (found := listening(psutil.Process(server.pid))):
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    assert found == {("127.0.0.1", port)}


def test_a_socket_for_all_is_found():
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert server.getsockname() in listening(psutil.Process())


def test_tensorboard_listens_to_this_machine_alone():
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\t\S*tensorboard .*$", text, re.MULTILINE)
    assert "--host 127.0.0.1" in command
    assert "--bind_all" not in text


@pytest.mark.repro
def test_a_saved_model_does_not_read_outside_of_its_folder(finished: Clone, tmp_path, failure):
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    from pipeline.models.forms import saved_model
    from pipeline.models.metadata import hashes, sidecar
    from pipeline.models.run.registry import open_model

    folder = tmp_path / "below/model"
    shutil.copytree(Workspace(finished.path).saved_model, folder)
    (tmp_path / "x").write_text("outside")
    model = SavedModel()
    model.ParseFromString((folder / "saved_model.pb").read_bytes())
    asset = model.meta_graphs[-1].asset_file_def.add(filename="../../../x")
    asset.tensor_info.name = model.meta_graphs[-1].graph_def.node[0].name + ":0"
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    found = sidecar.read(folder / saved_model.SIDECAR)
    sidecar.write(hashes.sign(found, folder), folder / saved_model.SIDECAR)
    with failure.raises(
        "SavedModel with an asset outside of its folder",
        ArtifactError,
        match=r"names an asset outside of its folder, '\.\./\.\./\.\./x'",
    ):
        open_model(folder, Workspace.here())


@pytest.mark.repro
def test_a_checkpoint_does_not_name_files_outside_of_its_folder(finished: Clone, tmp_path: Path):
    from pipeline.models.forms import checkpoint
    from pipeline.models.metadata import hashes, sidecar

    (tmp_path / "below").mkdir()
    for file in Workspace(finished.path).checkpoint.iterdir():
        inside = file.name in (checkpoint.STATE, sidecar.FILE)
        shutil.copy(file, tmp_path / "below" if inside else tmp_path)
    folder = tmp_path / "below"
    state = (folder / checkpoint.STATE).read_text().replace('"model.', '"../model.')
    (folder / checkpoint.STATE).write_text(state)
    found = sidecar.read(folder / sidecar.FILE)
    sidecar.write(hashes.sign(found, folder), folder / sidecar.FILE)
    with pytest.raises(ArtifactError, match="is not described by its model"):
        checkpoint.read_variables(folder)


IMPORTS_MLFLOW = sorted(
    str(file.relative_to(REPOSITORY / "src").with_suffix("")).replace("/", ".")
    for file in REPOSITORY.glob("src/**/*.py")
    if re.search(r"^(import|from) mlflow", file.read_text(encoding="utf-8"), re.MULTILINE)
)

# Ends at the first import of MLflow, or of the stage that imports it, and prints its variable.
WATCH = """
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name in ("mlflow", "pipeline.stages.track"):
            os.write(1, os.environ.get("MLFLOW_DISABLE_TELEMETRY", "unset").encode())
            os._exit(0)
sys.meta_path.insert(0, Watch())
"""
STAGE = """
import runpy
sys.argv = ["stages", "track"]
runpy.run_module("pipeline.stages", run_name="__main__")
"""
MLFLOW_STARTS = {
    "a verb": "from pipeline.cli import main; sys.exit(main(['sync']))",
    "a stage": STAGE,
    **{
        module: "from pipeline.repository import environment; environment.configure();"
        f" import {module}"
        for module in IMPORTS_MLFLOW
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("start", MLFLOW_STARTS)
def test_telemetry_is_off_before_mlflow_is_imported(start: str, folder: Path):
    (folder / "dvc.yaml").touch()
    (folder / ".spool/waiting").mkdir(parents=True)
    for name in ("conf", "data", "params.yaml"):
        (folder / name).symlink_to(REPOSITORY / name)
    ours = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")}
    command = [sys.executable, "-c", WATCH + MLFLOW_STARTS[start]]
    done = subprocess.run(command, env=ours, capture_output=True, text=True, check=True)
    assert done.stdout == "true"


def test_every_import_of_mlflow_is_looked_at():
    assert {"pipeline.tracking.record", "pipeline.tracking.store"} <= set(IMPORTS_MLFLOW)
    assert all(importlib.util.find_spec(module) for module in IMPORTS_MLFLOW)


def test_dvc_sends_nothing():
    text = (REPOSITORY / ".dvc/config").read_text(encoding="utf-8")
    assert re.search(r"^\s*analytics = false$", text, re.MULTILINE)
    assert re.search(r"^\s*check_update = false$", text, re.MULTILINE)


def test_the_audit_lets_nothing_pass_without_a_reason():
    lines = (REPOSITORY / ".ci/accepted-vulnerabilities.txt").read_text(encoding="utf-8")
    for line in filter(None, lines.splitlines()):
        assert re.fullmatch(r"#.*|(PYSEC|CVE|GHSA)-\S+ \S.{20,}", line), line


def test_the_audit_fails_where_it_cannot_ask():
    shown = subprocess.run(
        ["make", "-n", "audit", "VENV=none"], cwd=REPOSITORY, capture_output=True, text=True
    ).stdout
    assert "pip-audit --strict " in shown
