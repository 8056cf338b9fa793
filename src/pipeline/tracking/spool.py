"""Executions that MLflow does not have yet, in `.spool/` at the repository root.

Each is kept there, whole, before it is sent, and removed when the store has it. So a store that is
away, slow, full or locked costs no run: the next execution sends what is kept, as does
`pipeline sync`. A kept execution is a folder with its description and, unless it failed, the
results under their own names, as hard links where the file system can.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from pipeline import files
from pipeline.errors import BusyError, PipelineError, RefusedError, TrackingError, one_line
from pipeline.tracking.execution import Execution

if TYPE_CHECKING:
    from pipeline.tracking.record import Results

# What the record of an execution is made from.
RESULTS = (
    files.PREPARED / "dataset.json",
    files.PREPARED / "train",
    files.CHECKPOINT,
    files.FROZEN,
    files.HISTORY.parent,
)


def folder() -> Path:
    """Return where executions are kept."""
    return files.root() / ".spool"


def entries() -> list[Path]:
    """Return the folders of kept executions, the oldest first."""
    found = []
    for entry in folder().glob("[!.]*"):
        with suppress(FileNotFoundError):  # another process has just sent it
            found.append((entry.stat().st_mtime_ns, entry))
    return [entry for _, entry in sorted(found)]


def keep(execution: Execution) -> Path:
    """Keep an execution, with the results in the current folder unless it failed."""
    with files.replacing(folder() / execution.identity[:16]) as entry:
        entry.mkdir()
        execution.write(entry)
        for result in RESULTS if execution.failure is None else ():
            if result.is_dir():
                shutil.copytree(result, entry / result, copy_function=_link)
            else:
                _link(result, entry / result)
    return folder() / execution.identity[:16]


def _link(source: str | Path, target: str | Path) -> None:
    """Link a file, or copy it where that cannot be; stages replace files and never change them."""
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copy2(source, target)


def send(within: float | None = None) -> int:
    """Send all kept executions, the oldest first; returns how many were.

    Args:
        within: seconds after which no new request is made; None for as long as it takes.

    Raises:
        TrackingError: the store cannot be used, or answers too slowly; what is not sent is kept.
    """
    if not entries():
        return 0
    from pipeline.tracking import record  # MLflow, needed only here

    sent, troubles = 0, []
    with _alone(within):
        in_time = _deadline(within)
        for entry in entries():
            try:
                execution = _read(entry)
                results = None if execution.failure else _results(entry)
                new = record.send(execution, results, in_time)
            except RefusedError as error:
                troubles.append(str(error))
                continue
            _remove(entry, execution)
            sent += 1
            how = "failed" if execution.failure else "complete" if new else "was already complete"
            print(f"MLflow run {execution.name}: {how}")
    if troubles:
        raise TrackingError("; ".join(troubles))
    return sent


def _read(entry: Path) -> Execution:
    try:
        return Execution.read(entry)
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(entry, error) from None


def _results(entry: Path) -> "Results":
    from pipeline.tracking import record

    try:
        return record.Results.read(entry)
    except (PipelineError, OSError, ValueError, KeyError) as error:
        raise _damaged(entry, error) from None


def _damaged(entry: Path, error: Exception) -> RefusedError:
    return RefusedError(
        f"{entry} is damaged ({one_line(error)}); remove it, and `dvc repro -s -f track` records"
        " the results that are here"
    )


def _remove(entry: Path, sent: Execution) -> None:
    """Remove an entry whose execution was sent; what was kept there meanwhile stays."""
    aside = folder() / f".{entry.name}.partial-sent"
    shutil.rmtree(aside, ignore_errors=True)
    entry.rename(aside)  # a kill while it is removed leaves no half entry
    if _read(aside) != sent and not entry.exists():
        aside.rename(entry)
    else:
        shutil.rmtree(aside)


def send_or_warn(within: float) -> bool:
    """Send all kept executions; what cannot be sent costs a warning.

    Returns:
        Whether all were sent.
    """
    try:
        send(within)
    except (TrackingError, BusyError) as error:
        kept = len(entries())
        print(
            f"warning: {error}\n{kept} {'run is' if kept == 1 else 'runs are'} kept in .spool;"
            " the next run or `pipeline sync` sends what is there",
            flush=True,
        )
        return False
    return True


@contextmanager
def _alone(within: float | None) -> Iterator[None]:
    """One process at a time sends."""
    lock = FileLock(files.root() / ".dvc/tmp/spool.lock")
    Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
    try:
        with lock.acquire(timeout=-1 if within is None else within):
            yield
    except Timeout:
        raise BusyError("another process sends the runs that are kept in .spool") from None


def _deadline(within: float | None) -> Callable[[], None]:
    """Return what raises when the time is over."""
    end = None if within is None else time.monotonic() + within

    def in_time() -> None:
        if end is not None and time.monotonic() > end:
            raise TrackingError(
                f"the MLflow store has not taken everything in {within:g} s (tracking.patience)"
            )

    return in_time
