"""The real stages in children of the waiting process; tests/repository has the process itself."""

import os
import signal
import subprocess
import sys
import time

import pytest

from ..conftest import OUTS, Clone
from ..torture import processes

pytestmark = [
    pytest.mark.repro,
    pytest.mark.skipif(sys.platform != "linux", reason="the process needs Linux"),
]

RESULTS = (*OUTS, "params.yaml", "dvc.lock")
# A stage says why it is not handed over; what it says there, it says in a child.
FORKED = "PIPELINE_WAITING is set"


def assert_nothing_is_left(clone: Clone, *names: bytes) -> None:
    """Expect that the processes have ended, which they do a moment after their dvc."""
    deadline = time.monotonic() + 20
    while processes(clone, *names):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not list((clone.path / ".dvc/tmp").glob("waiting-*"))


def test_stages_give_the_same_bytes_in_their_own_processes(finished: Clone, copy: Clone):
    served = finished.path.with_suffix(".log").read_text(encoding="utf-8")
    assert served.count(FORKED) == len(("train", "freeze", "evaluate", "track"))
    assert_nothing_is_left(finished, b"waiting/process.py")  # others may look at it now
    alone = copy.repro("-f", PIPELINE_VERBOSITY="verbose", PIPELINE_WAITING="0")
    assert alone.count(FORKED) == len(("config", "prepare", "train", "freeze", "evaluate", "track"))
    assert copy.digests(*RESULTS) == finished.digests(*RESULTS)


def test_a_run_starts_one_process(copy: Clone):
    """Also where its caller is not in a shell, so that `PWD` is that of another folder."""
    log, found = copy.path.with_suffix(".log"), set()
    with log.open("w") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "run", "optimizer.learning_rate=0.3"],
            cwd=copy.path, env={**copy.environment, "PWD": "/", "PIPELINE_VERBOSITY": "verbose"},
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        while started.poll() is None:
            found |= set((copy.path / ".dvc/tmp").glob("waiting-*"))
            time.sleep(0.05)
    assert started.returncode == 0
    assert log.read_text().count(FORKED) == len(("train", "freeze", "evaluate", "track"))
    assert len(found) == 1
    assert_nothing_is_left(copy)


def test_a_failure_is_told_once_and_gives_the_earlier_results_back(copy: Clone):
    before = copy.digests("artifacts/checkpoint")
    copy.edit("conf/optimizer/gradient_descent.yaml", "learning_rate: ", "learning_rate: 1e30 # ")
    said = copy.fail("dvc", "repro")
    assert said.count("train failed: ") == 1
    assert copy.digests("artifacts/checkpoint") == before
    assert_nothing_is_left(copy)


def test_an_interrupted_training_gives_its_earlier_results_back(copy: Clone):
    copy.edit("conf/train/full_batch.yaml", "steps: 1000", "steps: 40000000")
    before = copy.digests("artifacts/checkpoint")
    started = subprocess.Popen(
        ["dvc", "repro"], cwd=copy.path, env=copy.environment, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    while not list((copy.path / ".resume").glob("*")):
        assert started.poll() is None
        time.sleep(0.05)
    time.sleep(1)
    assert "nobody" not in copy.run(sys.executable, "-m", "pipeline", "doctor").stdout
    os.killpg(started.pid, signal.SIGINT)  # as a terminal does
    output, _ = started.communicate(timeout=120)
    assert output.count("train was interrupted; the same command continues it") == 1
    assert "Traceback" not in output
    assert started.returncode != 0
    assert copy.digests("artifacts/checkpoint") == before
    assert_nothing_is_left(copy)
