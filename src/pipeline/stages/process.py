"""A stage as a process: whose code it runs, with whom it ends, and that it is alone.

DVC cannot promise these: a killed `dvc` leaves its stage running, and an experiment in a temporary
copy would run the code of the environment and not of the copy.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline import files
from pipeline.errors import BusyError

PR_SET_PDEATHSIG = 1

# A stage whose dvc was killed needs a moment to end.
PATIENCE_SECONDS = 10


def use_code_of_work_tree(arguments: list[str]) -> None:
    """Start again with the package of the current folder, if this one is from elsewhere."""
    source = Path("src").resolve()
    if (source / "pipeline").is_dir() and source / "pipeline" != files.PACKAGE.resolve():
        path = os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "pipeline.stages", *arguments]
        os.execve(sys.executable, command, {**os.environ, "PYTHONPATH": path})  # noqa: S606


def end_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it dies (Linux)."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def alone(name: str, place: Path, wait: float) -> Iterator[None]:
    """Hold `place` for this process while the block runs; the kernel frees it when it dies.

    Args:
        name: who holds it, for the message.
        place: of the lock file.
        wait: how long to wait for another holder, in seconds; -1 for as long as it takes.

    Raises:
        BusyError: another process holds it; the message names it.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = place.with_suffix(".holder")
        who = holder.read_text(encoding="utf-8") if holder.exists() else "another process"
        print(f"waiting for {who}", file=sys.stderr)
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise BusyError(f"{who} is at work here; wait for it, or end it") from None
    try:
        files.write_text(place.with_suffix(".holder"), f"{name} (pid {os.getpid()})")
        yield
    finally:
        lock.release()
