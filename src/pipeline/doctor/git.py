"""What a killed `dvc exp run` or an unfinished merge leaves in Git."""

import subprocess
from collections.abc import Iterator
from functools import partial

from pipeline import files
from pipeline.doctor import work
from pipeline.doctor.finding import Finding, fail, ok, warn
from pipeline.errors import PipelineError

# `dvc exp run` keeps this reference while it works.
EXPERIMENT = "refs/exps/exec/EXEC_BASELINE"


def head() -> Iterator[Finding]:
    """Check that a branch is checked out; DVC detaches HEAD while an experiment runs."""
    if git("rev-parse", "--is-inside-work-tree") != "true":
        yield fail("git", _refusal(), "go to the repository's root")
        return
    branch = git("symbolic-ref", "--quiet", "--short", "HEAD")
    if branch:
        yield ok("git", f"on branch {branch}")
        return
    if work.at_work():
        yield ok("git", "HEAD is detached, as it is while `dvc exp run` works")
        return
    killed = git("rev-parse", "--quiet", "--verify", EXPERIMENT)
    text = "HEAD is detached" + (", as a killed `dvc exp run` leaves it" if killed else "")
    branches = git("for-each-ref", "--points-at=HEAD", "--format=%(refname:short)", "refs/heads")
    here = (branches or "").split()
    before = git("rev-parse", "--abbrev-ref", "@{-1}")
    if before in here or len(here) == 1:
        name = before if before in here else here[0]
        text += f"; branch {name} points to the same commit"
        yield warn("git", text, f"git switch {name}", partial(_switch, str(name)))
    elif here:
        text += f"; branches {', '.join(here)} point to the same commit"
        yield warn("git", text, "git switch to one of them")
    else:
        text += ", and no branch points to its commit"
        yield warn("git", text, "git switch -c NEW keeps the commit, git switch BRANCH leaves it")


def merge() -> Iterator[Finding]:
    """Report an unfinished merge, which leaves its marks in dvc.lock and params.yaml."""
    if git("rev-parse", "--quiet", "--verify", "MERGE_HEAD"):
        remedy = "git merge --continue when it is resolved, or git merge --abort"
        yield warn("git", "a merge is not finished", remedy)


def git(*arguments: str) -> str | None:
    """Return what Git says; None where it refuses."""
    done = _run(*arguments)
    return done.stdout.strip() if done.returncode == 0 else None


def _refusal() -> str:
    lines = _run("rev-parse", "--is-inside-work-tree").stderr.strip().splitlines()
    return lines[0] if lines else "no work tree"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Git at the root.

    Raises:
        FileNotFoundError: Git is not installed.
    """
    return subprocess.run(
        ["git", *arguments], cwd=files.root(), capture_output=True, text=True, check=False
    )


def _switch(branch: str) -> str:
    """Check out a branch that points to the same commit: no file changes."""
    with work.nobody_at_work():
        if git("rev-parse", "HEAD") != git("rev-parse", f"refs/heads/{branch}"):
            raise PipelineError(f"{branch} has moved")
        done = _run("switch", "--quiet", branch)
    if done.returncode:
        raise PipelineError(f"git switch {branch}: {done.stderr.strip()}")
    return f"HEAD is on {branch} again; no file was changed"
