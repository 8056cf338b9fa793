"""Who works in this repository: processes, and the locks that they hold."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from pipeline import files
from pipeline.doctor.finding import Finding, ok
from pipeline.errors import BusyError, listing

STAGES = "pipeline.stages"

# The verbs that change results; the others only look at them.
WORKING_VERBS = ("run", "sweep", "sync")

# What runs in temporary copies, or changes nothing.
ASIDE = ("--temp", "--queue", "--run-all", "--dry-run")

TEMPORARY = Path(".dvc/tmp")
RWLOCK = TEMPORARY / "rwlock"


def others() -> Iterator[Finding]:
    """Say who is at work, as what is under way is not judged."""
    busy = at_work()
    yield ok("at work", listing(busy) if busy else "nobody")


def at_work() -> list[str]:
    """Describe the processes that work here, and the locks that are held by others unseen."""
    found = [described(process) for process in processes()]
    return found or [f"who holds {lock}" for lock in held_locks()]


@contextmanager
def nobody_at_work() -> Iterator[None]:
    """Keep stages out while the block runs.

    Raises:
        BusyError: somebody is at work.
    """
    if busy := at_work():
        raise BusyError(f"at work here: {listing(busy)}; wait for it, or end it")
    temporary = files.root() / TEMPORARY
    try:
        lock = FileLock(temporary / "stage.lock", timeout=0)
        with lock if temporary.is_dir() else nullcontext():
            yield
    except Timeout:
        raise BusyError("a stage has just begun; wait for it") from None


def require_nobody() -> None:
    """Refuse to change params.yaml under a run; experiments in temporary copies have their own.

    Raises:
        BusyError: a run is under way in this work tree.
    """
    this = _age(psutil.Process())
    for process in processes():
        with suppress(psutil.Error):
            name, *arguments = program(process.cmdline())
            words = [word for word in arguments if not word.startswith("-")]
            runs = name != "dvc" or words[:1] == ["repro"] or words[1:2] == ["run"]
            here = process.cwd() == str(files.root()) and not set(ASIDE).intersection(arguments)
            if runs and here and _age(process) < this:  # of two, the later one gives way
                raise BusyError(f"{described(process)} is at work here; wait for it, or end it")


def _age(process: psutil.Process) -> tuple[float, int]:
    """Return what orders processes by their start, which the kernel tells in hundredths alone."""
    return process.create_time(), process.pid


def held_locks() -> list[Path]:
    """Return the locks of stages, trainings and DVC that a process holds."""
    temporary = files.root() / TEMPORARY
    locks = [*sorted(temporary.glob("*.lock")), temporary / "lock"]
    return [TEMPORARY / lock.name for lock in locks if lock.is_file() and is_held(lock)]


def is_held(lock: Path) -> bool:
    """Tell whether a process holds a lock."""
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True


def processes() -> list[psutil.Process]:
    """Return the other processes of DVC, stages and verbs in this work tree or below it."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        where, command = process.info["cwd"], process.info["cmdline"]
        if process.pid == os.getpid() or not where or not is_worker(command or ()):
            continue
        if Path(where).is_relative_to(files.root()):
            found.append(process)
    return found


def is_worker(command: Sequence[str]) -> bool:
    """Tell whether a command line is one that changes results here."""
    name, *arguments = program(command) or [""]
    verb = next((word for word in arguments if not word.startswith("-")), "")
    return name in ("dvc", STAGES) or (name == "pipeline" and verb in WORKING_VERBS)


def program(command: Sequence[str]) -> list[str]:
    """Return a command line without the interpreter, its options, and folders of the program."""
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
