"""A small repository of Git and DVC, in which one thing at a time goes wrong."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.doctor.finding import Finding, Level
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY, Clone

STAGE = """
stages:
  slow:
    cmd: exec sleep 60
    deps: [constraints.txt]
    params: [seed]
    outs: [out]
"""


@pytest.fixture
def place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A repository with one stage that never ends, which is the current folder."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name in ("pyproject.toml", "constraints.txt", "params.yaml", ".gitignore"):
        shutil.copy(REPOSITORY / name, folder / name)
    (folder / ".dvc/tmp").mkdir(parents=True)
    (folder / ".dvc/config").write_text("[core]\n    analytics = false\n")
    (folder / ".dvc/.gitignore").write_text("/tmp\n/cache\n/config.local\n")
    (folder / "dvc.yaml").write_text(STAGE)
    made = Clone(folder)
    made.begin()
    return made


Begin = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def begin(place: Clone) -> Iterator[Begin]:
    """Start processes in the repository; they end with the test."""
    started = []

    def begin(*command: str, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command,
            cwd=place.path,
            env={**place.environment, "PYTHONPATH": str(REPOSITORY / "src"), **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, 9)
        process.wait()


def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def dvc(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "dvc", *arguments]


def text(findings: Iterator[Finding]) -> str:
    """Return findings as the program prints them."""
    return "\n".join(map(str, findings))


def one(findings: Iterator[Finding], level: Level) -> Finding:
    """Return the only finding, which has this level."""
    (found,) = findings
    assert found.level is level, found
    return found


def mended(check: Callable[[], Iterator[Finding]]) -> str:
    """Apply the fix of a check's only finding that has one; returns what it says it did."""
    (fix,) = [finding.fix for finding in check(Workspace.here()) if finding.fix]
    return fix()
