"""Repositories whose stages run on a GPU, without DVC and MLflow: `make test-gpu`.

`--device cpu` tries the tests themselves on a machine without a GPU.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]

STAGES = ("prepare", "train", "freeze", "evaluate")

COMPOSE = """
import sys
from pipeline.config import composing
from pipeline.workspace import Workspace
print(composing.compose(Workspace.here(), sys.argv[1:])[1], end="")
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", choices=("gpu", "cpu"), default="gpu", help="where stages run")


@dataclass(frozen=True)
class Repository:
    """A copy of what the stages read; `device` is the kind on which they run."""

    path: Path
    device: str

    @property
    def environment(self) -> dict[str, str]:
        sources = [str(self.path / "src"), os.environ.get("PYTHONPATH", "")]
        return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sources))}

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.path, env=self.environment, text=True, check=False, capture_output=True,
        )  # fmt: skip

    def succeed(self, *command: str) -> str:
        done = self.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def compose(self, *overrides: str) -> None:
        """Write the params.yaml of these overrides."""
        text = self.succeed("-c", COMPOSE, f"device={self.device}", *overrides)
        (self.path / "params.yaml").write_text(text)

    def stage(self, *names: str) -> str:
        return "".join(self.succeed("-m", "pipeline.stages", name) for name in names)

    def json(self, path: str) -> Any:
        return json.loads((self.path / path).read_text(encoding="utf-8"))

    def bytes_of(self, folder: str) -> dict[str, bytes]:
        files = (self.path / folder).rglob("*")
        return {file.name: file.read_bytes() for file in files if file.is_file()}


@pytest.fixture
def repository(tmp_path: Path, pytestconfig: pytest.Config) -> Repository:
    """A repository in which nothing has run."""
    for name in ("conf", "src", "data/raw"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=ignored)
    for name in ("dvc.yaml", "pyproject.toml", "constraints.txt"):
        shutil.copy2(REPOSITORY / name, tmp_path)
    return Repository(tmp_path, pytestconfig.getoption("--device"))
