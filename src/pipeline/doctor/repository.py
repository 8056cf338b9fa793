"""The repository: what makes DVC refuse to run, its cache, and the parameters."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from pipeline.doctor import locks
from pipeline.doctor.finding import Finding, Level, fail, ok
from pipeline.doctor.space import check_free, why_not_writable
from pipeline.errors import BusyError, ConfigError, PipelineError, one_line
from pipeline.repository import processes, rwlock
from pipeline.repository.dvc import is_cut, read_repository
from pipeline.workspace import Workspace, inputs

_log = logging.getLogger(__name__)

LOCK = "dvc.lock"


def dvc(workspace: Workspace) -> Iterator[Finding]:
    """Check that DVC can open the repository, read its files and write to its cache."""
    root = workspace.home
    if not (root / ".dvc").is_dir():
        above = next((folder for folder in root.parents if (folder / ".dvc").is_dir()), None)
        remedy = f"cd {above}" if above else "go to the root of the repository, or dvc init"
        yield fail("dvc", "this folder is not the root of a DVC repository", remedy)
        return
    if is_cut(root / LOCK):
        text = f"{LOCK} is empty after a kill, and DVC refuses to run"
        remedy = f"rm {LOCK} while nothing is running; DVC creates it again"
        yield fail("dvc", text, remedy, partial(_drop, workspace))
        return
    try:
        stages, cache = read_repository(root)
    except PipelineError as error:
        remedy = "fix the file, or restore the committed one: git restore FILE"
        yield fail("dvc", one_line(error), remedy)
        return
    if reason := why_not_writable(cache):
        remedy = "change the permissions, or dvc cache dir --local ANOTHER"
        yield fail("dvc", f"the cache {cache} cannot be written: {reason}", remedy)
    else:
        yield ok("dvc", f"{stages} stages; the cache {cache} can be written")
        yield from check_free("cache", cache)


def parameters(workspace: Workspace) -> Iterator[Finding]:
    """Check params.yaml against the schema, and for data that DVC refuses: a result of its own."""
    from pipeline import config

    try:
        inputs.refuse_results("data.path", config.load(workspace).data.path, workspace)
    except ConfigError as error:
        yield fail("parameters", one_line(error))
    else:
        yield ok("parameters", f"{workspace.params.name} fits the schema")


def free(workspace: Workspace) -> None:
    """Fix what would make DVC refuse a run, unless somebody is at work."""
    with suppress(BusyError):
        if is_cut(workspace.home / LOCK):
            _log.info(_drop(workspace))
        if not rwlock.is_idle(workspace.home / rwlock.RWLOCK):
            for finding in locks.locks(workspace):
                if finding.level is Level.FAIL and finding.fix:
                    _log.info(finding.fix())


def _drop(workspace: Workspace) -> str:
    with processes.nobody_at_work(workspace):
        (workspace.home / LOCK).unlink()
    return f"{LOCK} was empty and is removed; cached results are not computed again"
