"""Stages whose dvc is gone; on Linux the kernel ends nearly all of them."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil

from pipeline.doctor.finding import Finding, warn
from pipeline.doctor.rwlock import Entries
from pipeline.doctor.work import RWLOCK, STAGES, described, processes, program
from pipeline.errors import PipelineError

# A stage that is asked to end puts its earlier results back.
SECONDS_TO_END = 10


def orphans() -> Iterator[Finding]:
    """Find stages that work on although nobody waits for them."""
    for process in processes():
        if is_orphan(process):
            text = f"{described(process)} works on although its dvc is gone"
            yield warn("orphans", text, "kill it", partial(end, process))


def is_orphan(process: psutil.Process) -> bool:
    """Tell whether DVC started a stage and is no longer above it."""
    try:
        if program(process.cmdline())[:1] != [STAGES] or "DVC_STAGE" not in process.environ():
            return False
        above, folder = process.parents(), Path(process.cwd())
    except psutil.Error:  # it has ended, or is someone else's
        return False
    entries = Entries.read(folder / RWLOCK)
    known = {entry.pid for entry in entries.all} if entries else set()
    return not any(parent.pid in known or _is_dvc(parent) for parent in above)


def _is_dvc(process: psutil.Process) -> bool:
    try:
        return program(process.cmdline())[:1] == ["dvc"]
    except psutil.Error:
        return False


def end(process: psutil.Process) -> str:
    """Ask a process to end, and make it end if it does not."""
    who = described(process)
    try:
        process.terminate()
        try:
            process.wait(SECONDS_TO_END)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(SECONDS_TO_END)
    except psutil.NoSuchProcess:
        pass
    except (psutil.AccessDenied, psutil.TimeoutExpired) as error:
        raise PipelineError(f"{who} cannot be ended: {error}") from None
    return f"{who} has ended"
