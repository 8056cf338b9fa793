"""Processes: who is working in the workspace, and stages that survived their DVC."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil

from pipeline.doctor.finding import Finding, ok, warn
from pipeline.errors import PipelineError, listing
from pipeline.repository.dvc import STAGE_VARIABLE
from pipeline.repository.processes import STAGES, at_work, described, processes, program
from pipeline.repository.rwlock import RWLOCK, Entries
from pipeline.workspace import Workspace

# A terminated stage restores its earlier results.
SECONDS_TO_END = 10


def others(workspace: Workspace) -> Iterator[Finding]:
    """Report who is at work; what they are working on is not checked."""
    busy = at_work(workspace)
    yield ok("at work", listing(busy) if busy else "nobody")


def orphans(workspace: Workspace) -> Iterator[Finding]:
    """Find stages that are running although their DVC has ended.

    On Linux, the kernel ends nearly all of them.
    """
    for process in processes(workspace):
        with suppress(psutil.Error):  # it has ended, or belongs to another user
            if _is_orphan(process):
                text = f"{described(process)} is running although its dvc has ended"
                yield warn("orphans", text, "kill it", partial(_end, process))


def _is_orphan(process: psutil.Process) -> bool:
    if program(process.cmdline())[:1] != [STAGES] or STAGE_VARIABLE not in process.environ():
        return False
    known: dict[int, str] = {}
    with suppress(PipelineError, FileNotFoundError):
        known = Entries.read(Path(process.cwd()) / RWLOCK).commands()
    return not any(parent.pid in known or _is_dvc(parent) for parent in process.parents())


def _is_dvc(process: psutil.Process) -> bool:
    try:
        return program(process.cmdline())[:1] == ["dvc"]
    except psutil.Error:
        return False


def _end(process: psutil.Process) -> str:
    who = described(process)
    with suppress(psutil.NoSuchProcess):
        try:
            process.terminate()
            _, left = psutil.wait_procs([process], SECONDS_TO_END)
            if left:
                process.kill()
                process.wait(SECONDS_TO_END)
        except (psutil.AccessDenied, psutil.TimeoutExpired) as error:
            raise PipelineError(f"{who} cannot be ended: {error}") from None
    return f"{who} has ended"
