"""A stage as a process: whose code it runs, and that it is alone.

DVC ensures neither: an experiment in a temporary copy would run the code of the environment and not
of the copy.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import BusyError
from pipeline.workspace import Workspace, digests, files

_log = logging.getLogger(__name__)

# Seconds that a stage needs at most to end after its dvc was killed.
PATIENCE_SECONDS = 10


def use_code_of(workspace: Workspace, arguments: list[str]) -> None:
    """Start the stage again with the package of its workspace if this one is another."""
    source = (workspace.root / "src").resolve()
    if (source / "pipeline").is_dir() and source / "pipeline" != digests.PACKAGE.resolve():
        path = os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "pipeline.stages", *arguments]
        # A list of arguments, without a shell.
        os.execve(sys.executable, command, {**os.environ, "PYTHONPATH": path})  # noqa: S606


@contextmanager
def alone(name: str, path: Path, wait: float) -> Iterator[None]:
    """Hold a lock for this process while the block runs; the kernel frees it when the process ends.

    Args:
        name: of the holder, for messages.
        wait: seconds to wait for another holder; 0 not at all, -1 without a limit.

    Raises:
        BusyError: another process holds it; the message names that process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if wait and is_held(path):
        _log.info("waiting for %s", holder(path))
    try:
        held = FileLock(path).acquire(timeout=wait)
    except Timeout:
        raise BusyError(f"{holder(path)} is at work here; wait for it, or end it") from None
    with held:
        files.write_text(path.with_suffix(".holder"), f"{name} (pid {os.getpid()})")
        yield


def holder(path: Path) -> str:
    """Name the process that holds a lock, or the last one that did."""
    file = path.with_suffix(".holder")
    return file.read_text(encoding="utf-8") if file.exists() else "another process"


def is_held(path: Path) -> bool:
    """Tell whether another process holds a lock."""
    if holder(path).endswith(f"(pid {os.getpid()})"):
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
