"""DVC's list of who reads and writes which path.

DVC rewrites the file in place: a kill can cut it, and DVC then refuses everything. It takes a
number in it for the process that wrote it, also when another process has that number by now.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from pipeline.doctor.work import RWLOCK, is_worker
from pipeline.errors import BusyError, PipelineError


@dataclass(frozen=True)
class Entry:
    """A process that DVC has written down, and its command."""

    pid: int
    command: str

    def is_alive(self, written: float) -> bool:
        """Tell whether the process that wrote the entry lives.

        Args:
            written: when the file was last written, in seconds since 1970.
        """
        try:
            process = psutil.Process(self.pid)
            if process.create_time() > written + 1:  # the number is another's by now
                return False
            command = process.cmdline()
        except psutil.NoSuchProcess:  # or one that has ended and is still listed
            return False
        except psutil.AccessDenied:
            return True
        return is_worker(command) or " ".join(command).endswith(self.command)


@dataclass(frozen=True)
class Entries:
    """The content of the file: `{"write": {path: entry}, "read": {path: [entry, …]}}`."""

    values: dict[str, dict[str, Any]]
    written: float

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Read the file; None where there is none or DVC could not read it."""
        try:
            return cls.require(path)
        except (PipelineError, FileNotFoundError):
            return None

    @classmethod
    def require(cls, path: Path) -> Self:
        """Read the file as DVC does.

        Raises:
            FileNotFoundError: there is none.
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
        """Read the file as DVC does, past a moment in which DVC itself has half written it.

        Raises:
            FileNotFoundError: there is none.
            BusyError: DVC is at it all the time.
            PipelineError: DVC could not read it.
        """
        try:
            return cls.require(path)
        except PipelineError:
            with guarded(path):
                return cls.require(path)

    @property
    def all(self) -> set[Entry]:
        """All entries, each once."""
        return {Entry(info["pid"], info["cmd"]) for infos in self._infos() for info in infos}

    def gone(self) -> set[Entry]:
        """Return the entries whose process is gone."""
        return {entry for entry in self.all if not entry.is_alive(self.written)}

    def without(self, gone: set[Entry]) -> dict[str, dict[str, Any]]:
        """Return the content without some entries."""
        pids = {entry.pid for entry in gone}
        write = {k: v for k, v in self.values["write"].items() if v["pid"] not in pids}
        read = {
            path: [info for info in infos if info["pid"] not in pids]
            for path, infos in self.values["read"].items()
        }
        return {"write": write, "read": {path: infos for path, infos in read.items() if infos}}

    def _infos(self) -> Iterator[list[dict[str, Any]]]:
        yield from ([info] for info in self.values["write"].values())
        yield from self.values["read"].values()


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Keep DVC from reading and writing the file while the block runs.

    Raises:
        BusyError: DVC is at it.
    """
    from dvc.lock import LockError, make_lock

    try:
        with make_lock(f"{path}.lock"):
            yield
    except LockError:
        raise BusyError(f"DVC is at {RWLOCK}; try again") from None
