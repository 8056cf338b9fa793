"""HEAD after a killed `dvc exp run`, and merges."""

from pathlib import Path

import pytest

from pipeline.doctor import git
from pipeline.doctor.finding import Level
from pipeline.errors import PipelineError, ReproductionError
from pipeline.experiments import reproduce
from pipeline.repository import processes
from pipeline.workspace import Workspace

from .conftest import dvc, mended, one, text, until


def test_a_branch(place):
    assert one(git.head(Workspace.here()), Level.OK).text == "on branch main"
    assert not list(git.merge(Workspace.here()))


@pytest.fixture
def others(place, monkeypatch) -> str:
    """The repository belongs to another user; the command that Git advises."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("HOME", str(place.path / ".git"))
    return f"git config --global --add safe.directory {place.path}"


def test_a_repository_of_another_user(place, others, failure):
    found = one(git.head(Workspace.here()), Level.FAIL)
    assert found.remedy == others
    failure.said("repository of another user", str(found), "belongs to another user", 1)
    place.succeed(*others.split(), HOME=str(place.path / ".git"))
    assert one(git.head(Workspace.here()), Level.OK).text == "on branch main"


def test_a_run_in_a_repository_of_another_user_says_what_it_lacks(place, others, caplog, failure):
    with processes.exclusive(Workspace.here(), "run"):
        (said,) = caplog.messages
    failure.said("run in a repository of another user", said, f"to allow it: {others}")


def test_a_reproduction_in_a_repository_of_another_user(place, others, failure):
    what = "reproduction in a repository of another user"
    with failure.raises(what, ReproductionError, match=f"cannot list the files.*; {others}"):
        reproduce.check(Workspace(place.path), [], twice=True)


@pytest.mark.slow
def test_a_killed_experiment(place, begin, failure):
    """The work tree and the changes in it stay as the kill left them."""
    place.edit("params.yaml", "seed: 0", "seed: 1")
    Path("new").touch()
    experiment = begin(*dvc("exp", "run"))
    until(lambda: "exp run" in rwlock())
    assert "while `dvc exp run` is running" in one(git.head(Workspace.here()), Level.OK).text
    experiment.kill()
    experiment.wait()
    before = place.succeed("git", "status", "--porcelain")
    assert "params.yaml" in before
    said = text(git.head(Workspace.here()))
    assert "branch main points to the same commit; git switch main" in said
    failure.said("a killed `dvc exp run`", said, "by a killed `dvc exp run`")
    mended(git.head)
    assert one(git.head(Workspace.here()), Level.OK).text == "on branch main"
    assert place.succeed("git", "status", "--porcelain") == before
    assert "seed: 1" in Path("params.yaml").read_text()


def rwlock() -> str:
    path = Path(".dvc/tmp/rwlock")
    return path.read_text() if path.is_file() else ""


def test_detached_where_no_branch_is(place, failure):
    place.succeed("git", "checkout", "-q", "--detach")
    place.commit()
    failure.said(
        "a commit that no branch points to", text(git.head(Workspace.here())), "no branch points"
    )
    assert one(git.head(Workspace.here()), Level.WARN).fix is None


def test_detached_where_many_branches_are(place):
    place.succeed("git", "branch", "other")
    place.succeed("git", "branch", "third")
    place.succeed("git", "checkout", "-q", "--detach")
    found = one(git.head(Workspace.here()), Level.WARN)  # the one it came from
    assert found.remedy == "git switch main"
    place.succeed("git", "checkout", "-q", "--detach")
    place.succeed("git", "checkout", "-q", "HEAD~0")
    place.succeed("git", "branch", "-q", "-D", "main")
    found = one(git.head(Workspace.here()), Level.WARN)
    assert found.fix is None
    assert "other, third" in found.text


def test_a_branch_that_has_moved_meanwhile(place):
    place.succeed("git", "checkout", "-q", "--detach")
    found = one(git.head(Workspace.here()), Level.WARN)
    place.commit()
    with pytest.raises(PipelineError, match="main has moved"):
        found.fix()
    assert place.run("git", "symbolic-ref", "-q", "HEAD").returncode == 1


def test_an_unfinished_merge(place, failure):
    place.succeed("git", "switch", "-q", "-c", "other")
    place.edit("params.yaml", "seed: 0", "seed: 1")
    place.commit()
    place.succeed("git", "switch", "-q", "main")
    place.edit("params.yaml", "seed: 0", "seed: 2")
    place.commit()
    assert place.run("git", "merge", "other").returncode
    failure.said(
        "a merge that is not finished", text(git.merge(Workspace.here())), "git merge --continue"
    )


def test_no_git(folder, failure):
    failure.said("no Git repository", text(git.head(Workspace.here())), "not a git repository", 1)
    assert not list(git.merge(Workspace.here()))
