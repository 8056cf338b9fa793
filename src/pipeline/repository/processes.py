"""Processes that change results in a workspace, and the locks that they hold.

A verb of `pipeline` that changes results holds a lock meanwhile (`exclusive`); DVC and the stages
are found among the processes of the machine.
"""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from pipeline.errors import BusyError, listing
from pipeline.repository import git, locks
from pipeline.workspace import Workspace

_log = logging.getLogger(__name__)

STAGES = "pipeline.stages"
VERB_LOCK = "verb.lock"

# Options of DVC commands that run in temporary copies, or change nothing.
ASIDE = ("--temp", "--queue", "--run-all")

SECONDS_TO_END = 10
SECONDS_BETWEEN_POLLS = 0.05


@contextmanager
def exclusive(workspace: Workspace, verb: str) -> Iterator[None]:
    """Let one verb at a time change results while the block runs; experiments elsewhere go on.

    Raises:
        BusyError: another verb, DVC or a stage changes results in this work tree.
    """
    with suppress(OSError):  # Git is not installed
        if remedy := git.find_remedy(workspace.home):
            _log.warning(
                "%s belongs to another user, so Git does not tell the commit of this run; to allow"
                " it: %s",
                workspace.home,
                remedy,
            )
    with locks.alone(f"pipeline {verb}", workspace.temporary / VERB_LOCK, wait=0):
        for process in processes(workspace):
            with suppress(psutil.Error):
                if _changes_this_tree(process, workspace):
                    raise BusyError(f"{described(process)} is at work here; wait for it, or end it")
        yield


@contextmanager
def nobody_at_work(workspace: Workspace) -> Iterator[None]:
    """Keep stages out while the block runs.

    Raises:
        BusyError: a process changes results here.
    """
    if busy := at_work(workspace):
        raise BusyError(f"at work here: {listing(busy)}; wait for it, or end it")
    lock = FileLock(workspace.temporary / "stage.lock", timeout=0)
    try:
        with lock if workspace.temporary.is_dir() else nullcontext():
            yield
    except Timeout:
        raise BusyError("a stage has just begun; wait for it") from None


def at_work(workspace: Workspace) -> list[str]:
    """Name the other processes that change results here, and locks whose holder is not found."""
    found = [described(process) for process in processes(workspace)]
    temporary, verb = workspace.temporary, workspace.temporary / VERB_LOCK
    held = [
        lock
        for lock in [*sorted(temporary.glob("*.lock")), temporary / "lock"]
        if lock.is_file() and locks.is_held(lock)
    ]
    if verb in held:
        found.append(locks.holder(verb))
    return found or [f"who holds {lock.relative_to(workspace.home)}" for lock in held]


def processes(workspace: Workspace) -> list[psutil.Process]:
    """Return the other processes of DVC and stages in this work tree or below it."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "cwd"])
        if process.pid != os.getpid()
        and is_worker(process.info["cmdline"] or ())
        and Path(process.info["cwd"] or "/").is_relative_to(workspace.home)
    ]


def is_worker(command: Sequence[str]) -> bool:
    """Tell whether a command line is one of DVC or a stage."""
    return program(command)[:1] in (["dvc"], [STAGES])


def program(command: Sequence[str]) -> list[str]:
    """Return a command line without the interpreter, its options, and the program's folder."""
    words = list(command)
    if words and Path(words[0]).name.startswith("python"):
        words = words[1:]
        while words and words[0].startswith("-") and words[0] != "-m":
            words = words[2 if words[0] in ("-X", "-W") else 1 :]
        words = words[1:] if words[:1] == ["-m"] else words
    return [Path(words[0]).name, *words[1:]] if words else []


def described(process: psutil.Process) -> str:
    """Name a process for a message."""
    words: list[str] = []
    with suppress(psutil.Error):
        words = program(process.cmdline())
    return f"{' '.join(words[:4]) or 'a process'} (pid {process.pid})"


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the leader of a process group with the group, and wait until it writes no more."""
    deadline = time.monotonic() + SECONDS_TO_END
    while time.monotonic() < deadline and _is_alive(process.pid):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(SECONDS_BETWEEN_POLLS)
    process.poll()


def _is_alive(group: int) -> bool:
    """Tell whether a process of the group runs; zombies do not count."""
    for process in psutil.process_iter(["status"]):
        with suppress(ProcessLookupError):
            ended = process.info["status"] == psutil.STATUS_ZOMBIE
            if not ended and os.getpgid(process.pid) == group:
                return True
    return False


def _changes_this_tree(process: psutil.Process, workspace: Workspace) -> bool:
    name, *arguments = program(process.cmdline())
    words = [word for word in arguments if not word.startswith("-")]
    runs = name != "dvc" or words[:1] == ["repro"] or words[1:2] == ["run"]
    here = process.cwd() == str(workspace.home)
    return runs and here and not set(ASIDE).intersection(arguments)
