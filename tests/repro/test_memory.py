"""A long training takes no more memory than a short one."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ..conftest import Clone

pytestmark = pytest.mark.repro


@pytest.mark.parametrize("is_live", [False, True], ids=["alone", "with its live curve"])
def test_memory_is_flat_over_a_million_steps(fresh: Clone, is_live: bool):
    # Without XLA a training is long enough for points to be sent beside most of its steps.
    how = ["train.xla=false", "tracking.live_after=0"] if is_live else ["tracking.live_after=3600"]
    fresh.compose(
        "train.steps=1000000", "train.rows=64", "train.checkpoint_every=100000",
        "train.log_every=1000", "tracking.flush_every=0.5", "device=cpu", *how,
    )  # fmt: skip
    assert fresh.stage("prepare").returncode == 0
    with (fresh.path / "log").open("w") as log:
        training = subprocess.Popen(
            [sys.executable, "-m", "pipeline.stages", "train"],
            cwd=fresh.path, env=fresh.environment, stdout=log, stderr=log,
        )  # fmt: skip
    # What a curve needs is imported while the first steps are trained.
    taken = memory_at_checkpoints(training, fresh, sends_points if is_live else lambda _: True)
    assert training.returncode == 0, (fresh.path / "log").read_text()
    assert len(taken) == 9 if not is_live else len(taken) > 4
    assert max(taken.values()) < 1.05 * taken[min(taken)], taken


def sends_points(repository: Path) -> bool:
    """Tell whether the store of a repository has points of a learning curve."""
    store = repository / "mlflow.db"
    if not store.is_file():
        return False
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        try:
            return bool(database.execute("SELECT 1 FROM metrics LIMIT 1").fetchall())
        except sqlite3.OperationalError:  # its tables are being made, or it is locked
            return False


def memory_at_checkpoints(
    training: subprocess.Popen[bytes], clone: Clone, is_ready: Callable[[Path], bool]
) -> dict[int, int]:
    """Return the resident bytes when each checkpoint but the last was written, once it is ready."""
    taken: dict[int, int] = {}
    seen: set[int] = set()
    process = psutil.Process(training.pid)
    while training.poll() is None:
        for file in (clone.path / ".resume").glob("*/model.ckpt-*.index"):
            step = int(file.stem.rpartition("-")[2])
            if step < 1_000_000 and step not in seen:
                seen.add(step)
                if is_ready(clone.path):
                    taken[step] = process.memory_info().rss
        time.sleep(0.02)
    return taken
