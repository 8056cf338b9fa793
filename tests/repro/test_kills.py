"""A killed training loses nothing."""

import signal
import subprocess
import sys
import time

import pytest

from ..conftest import Clone

pytestmark = pytest.mark.repro


def test_a_killed_training_goes_on_and_ends_with_the_same_bytes(copy: Clone):
    overrides = [
        "train=minibatch",
        "train.steps=40000",
        "train.checkpoint_every=5000",
        "device=cpu",
    ]
    (copy.path / "params.yaml").write_text(copy.pipeline("run", "--dry-run", *overrides))
    trainer = subprocess.Popen(
        [sys.executable, "-m", "pipeline.stages", "train"],
        cwd=copy.path,
        env=copy.environment,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not list((copy.path / ".resume").glob("*/model.ckpt-10000.index")):
        assert time.monotonic() < deadline
        assert trainer.poll() is None
        time.sleep(0.02)
    trainer.send_signal(signal.SIGKILL)
    trainer.wait()
    assert "going on from step" in copy.stage("train").stdout
    resumed = copy.digests("artifacts/checkpoint", "reports/history.csv")
    assert not list((copy.path / ".resume").iterdir())
    assert "going on" not in copy.stage("train").stdout
    assert copy.digests("artifacts/checkpoint", "reports/history.csv") == resumed
