"""`pipeline reproduce`: real runs in temporary copies, compared; nothing here changes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, ReproductionError
from pipeline.experiments import reproduce as reproduction
from pipeline.schema.training.device import Device
from pipeline.workspace import Workspace
from pipeline.workspace import digests as identity

from ..conftest import OUTS, REPOSITORY, Clone, clone
from ..torture import processes

pytestmark = pytest.mark.repro

STATE = (*OUTS, ".dvc/cache", "dvc.lock", "params.yaml", "mlflow.db")

# The initial value of the output's bias is drawn anew by each process, from no seed.
UNSEEDED = """
import numpy as np
import tensorflow as tf

def network(options, features, outputs, variables, training):
    weights = variables("weights", [features.shape[1], outputs], "zeros")
    bias = variables("bias", [outputs], float(np.random.default_rng().normal()))
    return tf.matmul(features, weights) + bias
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A clone in which nothing has run, as current folder; temporary files lie beside it."""
    made = clone(tmp_path / "clone")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(made.path)
    return made


def check(*overrides: str, until: str, twice: bool = True) -> str:
    return reproduction.check(Workspace.here(), overrides, twice, [until])


def test_two_whole_runs_give_the_same_files(copy: Clone, tmp_path: Path):
    before = copy.digests(*STATE)
    store = f"sqlite:///{tmp_path}/of-the-user.db"
    said = copy.pipeline(
        "reproduce", "--twice",
        MLFLOW_TRACKING_URI=store, TMPDIR=str(tmp_path), DVC_NO_ANALYTICS="1",
    )  # fmt: skip
    *runs, result = said.splitlines()
    assert [line.partition(",")[0].partition(" in ")[0] for line in runs] == [
        "first run: started",
        "first run: finished",
        "second run: started",
        "second run: finished",
    ]
    assert result.startswith("reproducible: ")
    assert result.endswith(" bytes are equal in two runs")
    assert copy.digests(*STATE) == before
    assert not (tmp_path / "of-the-user.db").exists()
    assert not list(tmp_path.glob("pipeline-reproduce-*"))
    log = (copy.path / ".dvc/tmp/reproduce/second-run.log").read_text()
    assert "is cached - skipping run" not in log
    assert "MLflow run linear-" in log


def test_what_may_change_bits_is_recorded_with_the_run(finished: Clone):
    (run,) = finished.runs()
    assert {f"device.{name}" for name in Device.model_fields if name != "placement"} <= set(
        run.data.params
    )
    assert {"seed", "train.xla", "data.path"} <= set(run.data.params)
    assert {f"version.{name}" for name in identity.LIBRARIES} <= set(run.data.tags)
    assert {"device", "xla", "pipeline.code_sha256", "pipeline.data_sha256"} <= set(run.data.tags)


def test_a_network_that_draws_without_a_seed_is_found(home: Clone, caplog):
    (home.path / "unseeded.py").write_text(UNSEEDED)
    with pytest.raises(
        ReproductionError,
        match=r"not reproducible: stage train, out artifacts/checkpoint, file"
        r" model\.ckpt-2\.data-00000-of-00001, tensor network/bias: 1 of 1 values differ, by",
    ):
        check(
            "model=custom", "model._target_=unseeded.network", "data.split=random", "train.steps=5",
            until="train",
        )  # fmt: skip
    assert "network" not in caplog.text  # what the stages say is in the log
    assert not list((home.path.parent / "temporary").iterdir())
    assert home.succeed("git", "status", "--porcelain").split() == ["??", "unseeded.py"]


def test_a_new_run_is_compared_with_the_results_that_are_here(home: Clone):
    table = "a,y\n" + "".join(f"{i},{i * i}\n" for i in range(50))
    (home.path.parent / "own.csv").write_text(table)  # neither in the clone nor in Git
    own = ("data=csv", "data.path=../own.csv", "data.target=y")
    home.compose(*own)
    home.repro("prepare", PIPELINE_PARAMS_COMPOSED="1")
    assert check(until="prepare", twice=False).endswith(" in the work tree and the new run")
    with pytest.raises(ConfigError, match="compare two new runs with --twice"):
        check("seed=1", until="prepare", twice=False)


def test_a_run_that_fails_shows_its_last_lines(home: Clone, failure, caplog):
    (home.path / "own.csv").write_text("a,y\n1,2\n3,oops\n")
    with failure.raises(
        "a run in a temporary copy fails",
        ReproductionError,
        match=r"the first run failed; see .*\.dvc/tmp/reproduce/first-run\.log",
    ):
        own = ("data=csv", "data.path=own.csv", "data.target=y", "data.task=regression")
        check(*own, until="prepare")
    assert "column 'y' has text, such as 'oops', in row 2" in caplog.text
    assert not list((home.path.parent / "temporary").iterdir())


def test_outside_of_git(folder: Path, failure):
    (folder / "data").symlink_to(REPOSITORY / "data")
    shutil.copytree(REPOSITORY / "conf", folder / "conf")
    with failure.raises(
        "reproduce in a folder that is no Git repository",
        ReproductionError,
        match="Git cannot list the files of this folder; run in a clone of the repository",
    ):
        check(until="prepare")


def test_an_interruption_ends_the_stages_and_removes_the_folders(home: Clone):
    temporary = home.path.parent / "temporary"
    # What a shell starts with `&` ignores interruptions, and so would what it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    started = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "reproduce", "--twice"],
        env={**home.environment, "TMPDIR": str(temporary)},
        start_new_session=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 60
    while len(processes(Clone(temporary))) < 2:  # dvc, and a stage
        assert time.monotonic() < deadline
        assert started.poll() is None
        time.sleep(0.05)
    os.kill(started.pid, signal.SIGINT)
    assert started.wait(20) == 130
    assert processes(Clone(temporary)) == []
    assert not list(temporary.iterdir())
