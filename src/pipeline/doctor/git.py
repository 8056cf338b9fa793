"""The state of Git after a killed `dvc exp run` or an unfinished merge."""

from collections.abc import Iterator
from functools import partial

from pipeline.doctor.finding import Finding, fail, ok, warn
from pipeline.errors import PipelineError
from pipeline.repository import git, processes
from pipeline.repository.dvc import EXPERIMENT_REFERENCE
from pipeline.workspace import Workspace


def head(workspace: Workspace) -> Iterator[Finding]:
    """Check that a branch is checked out; DVC detaches HEAD while an experiment runs."""
    ask = partial(git.ask, workspace.home)
    inside = git.run(workspace.home, "rev-parse", "--is-inside-work-tree")
    if remedy := git.find_remedy(workspace.home):
        text = f"{workspace.home} belongs to another user, so Git and `dvc exp run` refuse to work"
        yield fail("git", text, remedy)
        return
    if inside.stdout.strip() != "true":
        reason = inside.stderr.strip().partition("\n")[0] or "not a work tree"
        yield fail("git", reason, "go to the root of the repository")
        return
    if branch := ask("symbolic-ref", "--quiet", "--short", "HEAD"):
        yield ok("git", f"on branch {branch}")
        return
    if processes.at_work(workspace):
        yield ok("git", "HEAD is detached while `dvc exp run` is running")
        return
    killed = ask("rev-parse", "--quiet", "--verify", EXPERIMENT_REFERENCE)
    text = "HEAD is detached" + (" by a killed `dvc exp run`" if killed else "")
    listed = ask("for-each-ref", "--points-at=HEAD", "--format=%(refname:short)", "refs/heads")
    here = (listed or "").split()
    before = ask("rev-parse", "--abbrev-ref", "@{-1}")
    if before in here or len(here) == 1:
        name = before if before in here else here[0]
        text += f"; branch {name} points to the same commit"
        yield warn("git", text, f"git switch {name}", partial(_switch, workspace, str(name)))
    elif here:
        text += f"; branches {', '.join(here)} point to the same commit"
        yield warn("git", text, "git switch BRANCH to one of them")
    else:
        text += ", and no branch points to its commit"
        yield warn("git", text, "git switch -c NEW keeps the commit, git switch BRANCH abandons it")


def merge(workspace: Workspace) -> Iterator[Finding]:
    """Report an unfinished merge, which leaves conflict markers in dvc.lock and params.yaml."""
    if git.ask(workspace.home, "rev-parse", "--quiet", "--verify", "MERGE_HEAD"):
        remedy = "git merge --continue after resolving conflicts, or git merge --abort"
        yield warn("git", "a merge is not finished", remedy)


def _switch(workspace: Workspace, branch: str) -> str:
    """Check out a branch that points to the same commit; no file changes."""
    home = workspace.home
    with processes.nobody_at_work(workspace):
        if git.ask(home, "rev-parse", "HEAD") != git.ask(home, "rev-parse", f"refs/heads/{branch}"):
            raise PipelineError(f"{branch} has moved")
        done = git.run(home, "switch", "--quiet", branch)
    if done.returncode:
        raise PipelineError(f"git switch {branch}: {done.stderr.strip()}")
    return f"HEAD is on {branch} again; no file was changed"
