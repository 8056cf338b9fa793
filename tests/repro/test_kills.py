"""A killed training goes on when the same command is given again, and ends with the same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from ..conftest import Clone

pytestmark = pytest.mark.repro

RESULTS = (
    "artifacts/checkpoint",
    "artifacts/frozen",
    "reports/history.csv",
    "reports/metrics.json",
)


@pytest.fixture(scope="module")
def long(finished: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone whose main job trains for some seconds and logs live from the start."""
    made = finished.copy(tmp_path_factory.mktemp("long") / "copy")
    made.edit("conf/config.yaml", "train: full_batch", "train: minibatch")
    made.edit("conf/train/minibatch.yaml", "steps: 4000", "steps: 40000")
    made.edit("conf/train/minibatch.yaml", "checkpoint_every: 1000", "checkpoint_every: 5000")
    made.edit("conf/train/minibatch.yaml", "log_every: 20", "log_every: 500")
    made.edit("conf/tracking/default.yaml", "live_after: 3", "live_after: 0")
    made.edit("conf/tracking/default.yaml", "flush_every: 2", "flush_every: 0.2")
    made.edit("conf/device/auto.yaml", "kind: auto", "kind: cpu")
    made.pipeline("run", "--dry-run")
    made.commit()
    return made


@pytest.fixture(scope="module")
def uninterrupted(long: Clone, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    clone = long.copy(tmp_path_factory.mktemp("uninterrupted") / "copy")
    assert "going on" not in clone.repro()
    return clone.digests(*RESULTS)


def processes(clone: Clone) -> list[int]:
    """Return the processes that work in a clone or in a copy below it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            where = (process / "cwd").resolve()
        except OSError:
            continue
        if (b"pipeline" in command or b"dvc" in command) and where.is_relative_to(clone.path):
            found.append(int(process.name))
    return found


def kill(clone: Clone, command: list[str], whole_group: bool) -> None:
    """Start a command, and kill it with SIGKILL after its second checkpoint."""
    started = subprocess.Popen(
        command,
        cwd=clone.path,
        env=clone.environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not list((clone.path / ".resume").glob("*/model.ckpt-10000.index")):
        assert time.monotonic() < deadline
        assert started.poll() is None
        time.sleep(0.01)
    (os.killpg if whole_group else os.kill)(started.pid, signal.SIGKILL)
    started.wait()
    while processes(clone):  # an orphan ends by itself
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux alone")
@pytest.mark.parametrize(
    ("command", "whole_group"),
    [
        (["dvc", "repro"], False),
        ([sys.executable, "-m", "pipeline", "run"], True),
        (["dvc", "exp", "run"], False),
        (["dvc", "exp", "run", "--temp"], True),
    ],
    ids=lambda value: " ".join(value[-3:]) if isinstance(value, list) else f"group-{value}",
)
def test_a_kill_costs_nothing_but_time(
    long: Clone,
    uninterrupted: dict[str, str],
    tmp_path: Path,
    command: list[str],
    whole_group: bool,
):
    clone = long.copy(tmp_path / "copy")
    kill(clone, command, whole_group)
    clone.run("git", "switch", "-q", "-f", "main")  # a killed `dvc exp run` leaves HEAD detached
    output = clone.succeed(*command)
    assert "going on from step" in output
    if "--temp" in command:
        (name,) = clone.succeed("dvc", "exp", "list", "--name-only").split()
        clone.succeed("dvc", "exp", "apply", name)
    assert clone.digests(*RESULTS) == uninterrupted
    assert not list((clone.path / ".resume").iterdir())
    assert_one_complete_run(clone)


def assert_one_complete_run(clone: Clone) -> None:
    from mlflow import MlflowClient

    runs = [run for run in clone.runs() if run.data.params["train.steps"] == "40000"]
    assert [run.info.status for run in runs] == ["FINISHED"]
    client = MlflowClient(f"sqlite:///{clone.path / 'mlflow.db'}")
    steps = [point.step for point in client.get_metric_history(runs[0].info.run_id, "loss")]
    history = pd.read_csv(clone.path / "reports/history.csv")
    assert steps == list(history.step)


def test_a_kill_at_any_moment_of_a_checkpoint(long: Clone, uninterrupted, tmp_path: Path):
    """The trainer alone, killed as soon as files of a checkpoint appear, at last of the last."""
    clone = long.copy(tmp_path / "copy")
    clone.repro("prepare")
    trainer = [sys.executable, "-m", "pipeline.stages", "train"]
    for pattern in ("model.ckpt-5000*", "model.ckpt-15000.data*", "model.ckpt-40000.data*"):
        started = subprocess.Popen(
            trainer, cwd=clone.path, env=clone.environment, stdout=subprocess.DEVNULL
        )
        while not list((clone.path / ".resume").glob(f"*/{pattern}")):
            assert started.poll() is None
        started.kill()
        started.wait()
    done = clone.stage("train")
    assert done.returncode == 0, done.stdout
    checkpoint = {k: v for k, v in uninterrupted.items() if "checkpoint" in k or "history" in k}
    assert clone.digests("artifacts/checkpoint", "reports/history.csv") == checkpoint


def test_a_stage_runs_the_code_of_its_work_tree(finished: Clone, tmp_path: Path):
    clone = finished.copy(tmp_path / "copy")
    clone.edit("src/pipeline/stages/prepare.py", 'print(f"', 'print(f"changed code: ')
    done = clone.run(sys.executable, "-m", "pipeline.stages", "prepare", PYTHONPATH="")
    assert "changed code: " in done.stdout


def test_two_stages_at_once_are_refused(finished: Clone, tmp_path: Path):
    clone = finished.copy(tmp_path / "copy")
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from pipeline.stages import process\n"
            "with process.alone('stage train', Path('.dvc/tmp/stage.lock'), 0):\n"
            "    print('held', flush=True); time.sleep(60)",
        ],
        cwd=clone.path,
        env=clone.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout and holder.stdout.readline() == "held\n"
    done = clone.stage("prepare")
    holder.kill()
    holder.wait()
    assert done.returncode == 9
    assert f"stage train (pid {holder.pid}) is at work here" in done.stdout
    assert clone.stage("prepare").returncode == 0  # nobody has to remove the lock of a dead process
