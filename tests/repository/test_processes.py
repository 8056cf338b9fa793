"""A verb that changes results is alone in a workspace, and others can name it."""

import shutil
import subprocess
import sys

import pytest
from filelock import FileLock

from pipeline import cli
from pipeline.errors import BusyError
from pipeline.repository import git, processes
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY

HOLDER = """
import sys
from pipeline.repository import processes
from pipeline.workspace import Workspace
with processes.exclusive(Workspace.here(), "sweep"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other_verb(folder):
    """Another process changes results in the current folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        env={"PYTHONPATH": str(REPOSITORY / "src")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_of_two_verbs_the_later_one_gives_way(other_verb):
    with (
        pytest.raises(BusyError, match=rf"^pipeline sweep \(pid {other_verb.pid}\) is at work"),
        processes.exclusive(Workspace.here(), "run"),
    ):
        pass
    other_verb.kill()
    other_verb.wait()
    with processes.exclusive(Workspace.here(), "run"):  # the kernel freed the lock
        pass


def test_a_verb_is_named_while_it_is_at_work(other_verb):
    assert processes.at_work(Workspace.here()) == [f"pipeline sweep (pid {other_verb.pid})"]
    with pytest.raises(BusyError, match="at work here: pipeline sweep"), nobody():
        pass


def test_a_verb_is_not_in_its_own_way(folder):
    with processes.exclusive(Workspace.here(), "run"):
        assert processes.at_work(Workspace.here()) == []
        with nobody():
            pass
    with FileLock(folder / ".dvc/tmp/verb.lock", timeout=0):  # it is free again
        pass


def nobody():
    return processes.nobody_at_work(Workspace.here())


@pytest.mark.parametrize("arguments", [["run"], ["sweep", "seed=1,2"]])
def test_verbs_that_change_results_are_exclusive(folder, monkeypatch, arguments):
    """They are where params.yaml is published."""
    (folder / "data").symlink_to(REPOSITORY / "data")
    shutil.copytree(REPOSITORY / "conf", folder / "conf")
    working = []

    def publish(text: str, workspace: Workspace) -> None:
        working.append(FileLock(workspace.temporary / "verb.lock").lock_file)
        assert (
            (workspace.temporary / "verb.holder")
            .read_text()
            .startswith(f"pipeline {arguments[0]} (pid ")
        )
        raise BusyError("enough")

    monkeypatch.setattr("pipeline.config.composing.publish", publish)
    assert cli.main(arguments) == BusyError.exit_code
    assert len(working) == 1
    assert not (folder / "params.yaml").exists()


def test_git_is_asked(folder):
    assert git.ask(folder, "rev-parse", "HEAD") is None
    assert git.run(folder, "rev-parse", "HEAD").returncode
    git.run(folder, "init", "-q", "-b", "main")
    (folder / " a b").touch()
    assert git.ask(folder, "ls-files", "-z", "--others") == " a b\0"


def test_git_that_is_not_installed(folder, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert git.ask(folder, "status") is None
