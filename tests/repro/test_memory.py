"""A long training takes no more memory than a short one."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ..conftest import Clone

pytestmark = pytest.mark.repro


def test_memory_is_flat_over_a_million_steps(fresh: Clone):
    fresh.compose("train.steps=1000000", "train.rows=64", "train.checkpoint_every=100000",
                  "train.log_every=1000", "device=cpu", "tracking.live_after=0")  # fmt: skip
    assert fresh.stage("prepare").returncode == 0
    with (fresh.path / "log").open("w") as log:
        training = subprocess.Popen(
            [sys.executable, "-m", "pipeline.stages", "train"],
            cwd=fresh.path, env=fresh.environment, stdout=log, stderr=log,
        )  # fmt: skip
    taken = memory_at_checkpoints(training, fresh.path / ".resume")
    assert training.returncode == 0, (fresh.path / "log").read_text()
    assert len(taken) == 9
    assert max(taken.values()) < 1.05 * taken[100_000], taken


def memory_at_checkpoints(training: subprocess.Popen[bytes], resume: Path) -> dict[int, int]:
    """Return the resident bytes when each checkpoint but the last was written."""
    taken: dict[int, int] = {}
    process = psutil.Process(training.pid)
    while training.poll() is None:
        for file in resume.glob("*/model.ckpt-*.index"):
            step = int(file.stem.rpartition("-")[2])
            if step < 1_000_000 and step not in taken:
                taken[step] = process.memory_info().rss
        time.sleep(0.02)
    return taken
