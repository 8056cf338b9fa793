"""`python -m pipeline.stages NAME`: usage, and the names of stages."""

import os
import subprocess
import sys

import pytest
import yaml

from ..conftest import REPOSITORY


def stages(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline.stages", *arguments],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["tune"], ["__main__"], ["train", "freeze"]])
def test_wrong_usage_lists_the_stages(folder, arguments):
    done = stages(*arguments)
    assert done.returncode == 1
    names = done.stderr.strip().removeprefix("usage: python -m pipeline.stages ").strip("{}")
    known = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert sorted(names.split(",")) == sorted(known)
    assert list(folder.iterdir()) == []


def test_a_mistake_is_one_message(folder):
    (folder / ".dvc").mkdir()
    done = stages("prepare")
    assert done.returncode == 2
    (line,) = [text for text in done.stderr.splitlines() if "prepare failed: " in text]
    assert str(folder) not in line
    assert "Traceback" not in done.stderr
