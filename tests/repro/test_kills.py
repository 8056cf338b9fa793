"""A killed training goes on when the same command is given again, and ends with the same bytes."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ..conftest import Clone
from ..failures import Failure
from ..torture import (
    CHECKPOINT_EVERY,
    RESULTS,
    STEPS,
    Whole,
    assert_one_complete_run,
    prepared,
    processes,
)

pytestmark = pytest.mark.repro

PATIENCE = 600  # seconds: a busy machine is no failure

SECOND_CHECKPOINT = f"*/model.ckpt-{2 * CHECKPOINT_EVERY}.index"


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
    deadline = time.monotonic() + PATIENCE
    while not list((clone.path / ".resume").glob(SECOND_CHECKPOINT)):
        assert time.monotonic() < deadline
        assert started.poll() is None
        time.sleep(0.01)
    (os.killpg if whole_group else os.kill)(started.pid, signal.SIGKILL)
    started.wait()
    while processes(clone):  # an orphan ends by itself
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def long(finished: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone whose main job trains for some seconds and logs live from the start."""
    return prepared(finished.copy(tmp_path_factory.mktemp("long") / "copy"))


@pytest.fixture
def uninterrupted(whole: Whole) -> dict[str, str]:
    return whole.digests


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux alone")
@pytest.mark.parametrize(
    ("command", "whole_group"),
    [
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


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux alone")
def test_a_queued_experiment_that_is_killed_goes_on(long: Clone, uninterrupted, tmp_path: Path):
    clone = long.copy(tmp_path / "copy")
    queue(clone)
    deadline = time.monotonic() + PATIENCE
    while not list((clone.path / ".resume").glob(SECOND_CHECKPOINT)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    while left := processes(clone):  # the worker, its dvc, and the stage
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
    queue(clone)
    while not (names := clone.succeed("dvc", "exp", "list", "--name-only").split()):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    logs = [log.read_text() for log in (clone.path / ".dvc/tmp/exps/run").glob("*/*.out")]
    assert sum("going on from step" in log for log in logs) == 1
    clone.succeed("dvc", "queue", "stop", "--kill")
    clone.succeed("dvc", "exp", "apply", *names)
    assert clone.digests(*RESULTS) == uninterrupted
    assert_one_complete_run(clone)


def queue(clone: Clone) -> None:
    """Queue an experiment, and start a worker, which goes on by itself."""
    clone.succeed("dvc", "exp", "run", "--queue")
    subprocess.run(
        ["dvc", "queue", "start"], cwd=clone.path, env=clone.environment, check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_kill_at_any_moment_of_a_checkpoint(long: Clone, uninterrupted, tmp_path: Path):
    """The trainer alone, killed as soon as files of a checkpoint appear, at last of the last."""
    clone = long.copy(tmp_path / "copy")
    clone.repro("prepare")
    trainer = [sys.executable, "-m", "pipeline.stages", "train"]
    for step, file in (
        (CHECKPOINT_EVERY, "*"),
        (3 * CHECKPOINT_EVERY, ".data*"),
        (STEPS, ".data*"),
    ):
        started = subprocess.Popen(
            trainer, cwd=clone.path, env=clone.environment, stdout=subprocess.DEVNULL
        )
        while not list((clone.path / ".resume").glob(f"*/model.ckpt-{step}{file}")):
            assert started.poll() is None
        started.kill()
        started.wait()
    done = clone.stage("train")
    assert done.returncode == 0, done.stdout
    checkpoint = {k: v for k, v in uninterrupted.items() if "checkpoint" in k or "history" in k}
    assert clone.digests("artifacts/checkpoint", "reports/history.csv") == checkpoint


def test_a_stage_runs_the_code_of_its_work_tree(finished: Clone, tmp_path: Path):
    clone = finished.copy(tmp_path / "copy")
    clone.edit("src/pipeline/stages/prepare.py", '_log.info("', '_log.info("changed code: ')
    done = clone.run(sys.executable, "-m", "pipeline.stages", "prepare", PYTHONPATH="")
    assert "changed code: " in done.stdout


def test_two_commands_at_once_are_refused(finished: Clone, tmp_path: Path, failure: Failure):
    clone = finished.copy(tmp_path / "copy")
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from pipeline.repository import locks\n"
            "with locks.alone('stage train', Path('.dvc/tmp/stage.lock'), 0):\n"
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
    failure.said("Two stages at once", done.stdout, "is at work here", 9)
    assert clone.stage("prepare").returncode == 0  # nobody has to remove the lock of a dead process


def test_params_do_not_change_under_a_run(finished: Clone, tmp_path: Path, failure: Failure):
    clone = finished.copy(tmp_path / "copy")
    before = clone.digests("params.yaml")
    first = subprocess.Popen(
        ["dvc", "repro", "-f"], cwd=clone.path, env=clone.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    second = clone.run(sys.executable, "-m", "pipeline", "run", "seed=1")  # at the same moment
    assert first.poll() is None
    assert second.returncode == 9
    failure.said("Second run while one is under way", second.stdout, "is at work here", 9)
    assert clone.digests("params.yaml") == before
    first.kill()
    first.wait()
