"""Kill a run of the whole pipeline at a random moment, give the same command again, and compare.

`make torture KILLS=100` does it so often; the tests take a sample.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .conftest import OUTS, Clone, clone

RESULTS = (*OUTS, "dvc.lock", "params.yaml")

# DVC rewrites two files in place, and cannot read what a kill in that moment leaves of them.
# `pipeline run` mends them before it calls DVC; `dvc repro` stops with one of these messages.
DVC_CUT_A_FILE = "Unable to read RWLock-file", "'./dvc.lock' validation failed"

STEPS = 20_000
CHECKPOINT_EVERY = STEPS // 8

COMMANDS = (["dvc", "repro"], [sys.executable, "-m", "pipeline", "run"])


def prepared(made: Clone) -> Clone:
    """Let the main job train for some seconds, with checkpoints, and log live from the start."""
    made.edit("conf/config.yaml", "train: full_batch", "train: minibatch")
    intervals = f"steps: {STEPS}\ncheckpoint_every: {CHECKPOINT_EVERY}\nlog_every: 500"
    made.edit("conf/train/minibatch.yaml", "steps: 4000", intervals)
    made.edit("conf/tracking/default.yaml", "live_after: 10", "live_after: 0")
    made.edit("conf/tracking/default.yaml", "flush_every: 2", "flush_every: 0.2")
    made.edit("conf/device/auto.yaml", "kind: auto", "kind: cpu")
    made.pipeline("run", "--dry-run")
    made.commit()
    return made


@dataclass(frozen=True)
class Whole:
    """A run that nobody killed: how long it took, and the SHA-256 of all its results."""

    seconds: float
    digests: dict[str, str]


def run_whole(template: Clone, to: Path) -> Whole:
    """Run a copy of a prepared clone to the end."""
    copy = template.copy(to)
    started = time.monotonic()
    assert "going on" not in copy.repro()
    whole = Whole(time.monotonic() - started, copy.digests(*RESULTS))
    shutil.rmtree(copy.path)
    return whole


def processes(clone: Clone, *names: bytes) -> list[int]:
    """Return the processes of the pipeline, or of names, in a clone or in a copy below it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            where = (process / "cwd").resolve()
        except OSError:
            continue
        named = any(name in command for name in names or (b"pipeline", b"dvc"))
        if named and where.is_relative_to(clone.path):
            found.append(int(process.name))
    return found


def assert_one_complete_run(clone: Clone) -> None:
    """Expect one run of the long training, finished, with each point of the curve once."""
    from mlflow import MlflowClient

    runs = [run for run in clone.runs() if run.data.params["train.steps"] == str(STEPS)]
    assert [run.info.status for run in runs] == ["FINISHED"]
    client = MlflowClient(f"sqlite:///{clone.path / 'mlflow.db'}")
    steps = [point.step for point in client.get_metric_history(runs[0].info.run_id, "loss")]
    history = pd.read_csv(clone.path / "reports/history.csv")
    assert steps == list(history.step)


class Torture:
    """Kills of one pipeline, each in a copy of its own.

    Args:
        template: a prepared clone, in which nothing has run.
        whole: a run of it that nobody killed.
        folder: for the copies.
    """

    def __init__(self, template: Clone, whole: Whole, folder: Path) -> None:
        self._template, self._whole, self._folder = template, whole, folder

    def kill(self, seed: int) -> str:
        """Kill at the moment that the seed draws, finish, compare; returns what was killed."""
        draw = random.Random(seed)
        copy = self._template.copy(self._folder / f"kill-{seed}")
        command, whole_group = draw.choice(COMMANDS), draw.random() < 0.5
        log = self._folder / f"kill-{seed}.log"
        with log.open("w") as output:
            started = subprocess.Popen(
                command, cwd=copy.path, env=copy.environment, start_new_session=True,
                stdout=output, stderr=output,
            )  # fmt: skip
            time.sleep(draw.uniform(0.2, self._whole.seconds))
            (os.killpg if whole_group else os.kill)(started.pid, signal.SIGKILL)
            started.wait()
        deadline = time.monotonic() + 60
        while processes(copy):  # an orphan ends by itself
            assert time.monotonic() < deadline
            time.sleep(0.05)
        stages = [line for line in log.read_text().splitlines() if line.startswith("Running stage")]
        where = stages[-1].split("'")[1] if stages else "the start"
        again = copy.run(*command)
        if any(text in again.stdout for text in DVC_CUT_A_FILE):  # before any of our code runs
            where += ", while DVC wrote a file of its own; pipeline doctor --fix mended it"
            copy.pipeline("doctor", "--fix")
            again = copy.run(*command)
        assert again.returncode == 0, again.stdout
        digests, expected = copy.digests(*RESULTS), self._whole.digests
        assert not {name for name, digest in digests.items() if digest != expected.get(name)}
        assert expected.keys() == digests.keys()
        assert_one_complete_run(copy)
        assert not list((copy.path / ".resume").glob("*"))
        assert not list((copy.path / ".spool").glob("*"))
        shutil.rmtree(copy.path)
        log.unlink()
        return where


def main() -> None:
    """Kill as often as the command line says, and count what was killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="of the first kill")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        template = prepared(clone(Path(folder) / "template"))
        torture = Torture(template, run_whole(template, Path(folder) / "whole"), Path(folder))
        counts: dict[str, int] = {}
        for number in range(arguments.seed, arguments.seed + arguments.kills):
            where = torture.kill(number)
            counts[where] = counts.get(where, 0) + 1
            print(f"kill {number}: in {where}; the same bytes, one complete run", flush=True)
    print(f"{arguments.kills} kills: {counts}")


if __name__ == "__main__":
    main()
