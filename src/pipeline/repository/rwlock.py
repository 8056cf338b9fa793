"""DVC's list of the processes that read and write each path.

DVC rewrites the file in place: a kill can cut it, and DVC then refuses every command. DVC waits for
a process with an id that the file names, even if another process has that id by now.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from pipeline.errors import BusyError, PipelineError
from pipeline.repository.processes import is_worker

RWLOCK = Path(".dvc/tmp/rwlock")

# The content when no DVC command runs: it tells so without the import of DVC.
IDLE = (b"{}", b'{"write": {}, "read": {}}', b'{"read": {}, "write": {}}')


def is_idle(path: Path) -> bool:
    """Tell whether the file is missing or names no process."""
    return not path.exists() or path.read_bytes() in IDLE


@dataclass(frozen=True)
class Entries:
    """The content of the file, and when it was written, in seconds since 1970.

    `{"write": {path: entry}, "read": {path: [entry, …]}}`; entries: `{"pid": id, "cmd": command}`.
    """

    values: dict[str, dict[str, Any]]
    written: float

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file as DVC does.

        Raises:
            FileNotFoundError: it does not exist.
            PipelineError: DVC could not read it.
        """
        from dvc.rwlock import SCHEMA
        from voluptuous import Invalid

        try:
            values = SCHEMA(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, Invalid):
            raise PipelineError(f"{RWLOCK} is damaged, and DVC refuses to work") from None
        return cls(values, path.stat().st_mtime)

    @classmethod
    def settled(cls, path: Path) -> Self:
        """Read the file as DVC does; wait while DVC is writing it.

        Raises:
            FileNotFoundError: it does not exist.
            BusyError: DVC uses it all the time.
            PipelineError: DVC could not read it.
        """
        try:
            return cls.read(path)
        except PipelineError:
            with guarded(path):
                return cls.read(path)

    def commands(self) -> dict[int, str]:
        """Return the commands of the processes by id."""
        write, read = self.values["write"].values(), self.values["read"].values()
        entries = [*write, *(entry for several in read for entry in several)]
        return {entry["pid"]: entry["cmd"] for entry in entries}

    def gone(self) -> list[int]:
        """Return the ids of the processes that have ended."""
        return sorted(pid for pid, cmd in self.commands().items() if not self._is_alive(pid, cmd))

    def without(self, pids: list[int]) -> dict[str, dict[str, Any]]:
        """Return the content without the entries of some processes."""
        write = {k: v for k, v in self.values["write"].items() if v["pid"] not in pids}
        read = {
            path: [entry for entry in entries if entry["pid"] not in pids]
            for path, entries in self.values["read"].items()
        }
        return {"write": write, "read": {path: left for path, left in read.items() if left}}

    def _is_alive(self, pid: int, command: str) -> bool:
        try:
            process = psutil.Process(pid)
            if process.create_time() > self.written + 1:  # another process has this id by now
                return False
            running = process.cmdline()
        except psutil.NoSuchProcess:  # this includes zombies
            return False
        except psutil.AccessDenied:
            return True
        return is_worker(running) or " ".join(running).endswith(command)


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Keep DVC from reading and writing the file while the block runs.

    Raises:
        BusyError: DVC uses it.
    """
    from dvc.lock import LockError, make_lock

    try:
        with make_lock(f"{path}.lock"):
            yield
    except LockError:
        raise BusyError(f"DVC is at {RWLOCK}; try again") from None
