"""The spool: executions that MLflow does not have yet, in `.spool/` of the workspace's home.

An execution is kept there, complete, before it is sent, and removed when the store has it. So no
run is lost when the store is unreachable, slow, full or locked: the next execution or
`pipeline sync` sends what is kept. An entry is a folder with the description of the execution and,
unless it failed, the results under their own names, as hard links where the file system can.
"""

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import BusyError, PipelineError, RefusedError, TrackingError, one_line
from pipeline.tracking import relocation
from pipeline.tracking.execution import Execution
from pipeline.workspace import Workspace, files

_log = logging.getLogger(__name__)


def entries(workspace: Workspace) -> list[Path]:
    """Return the folders of kept executions, the oldest first."""
    found = []
    for entry in workspace.spool.glob("[!.]*"):
        with suppress(FileNotFoundError):  # another process has just sent it
            found.append((entry.stat().st_mtime_ns, entry))
    return [entry for _, entry in sorted(found)]


def keep(execution: Execution, workspace: Workspace) -> Path:
    """Keep an execution, with the results in its workspace unless it failed."""
    target = workspace.spool / execution.identity[:16]
    prepared = workspace.prepared / "dataset.json", workspace.prepared / "sample"
    outs = (*prepared, workspace.checkpoint, workspace.frozen, workspace.reports)
    with files.replacing(target) as entry:
        entry.mkdir()
        execution.write(entry)
        for path in outs if execution.failure is None else ():
            kept = entry / path.relative_to(workspace.root)
            if path.is_dir():
                shutil.copytree(path, kept, copy_function=_link)
            else:
                _link(path, kept)
    return target


def send(workspace: Workspace, within: float | None = None) -> int:
    """Send all kept executions, the oldest first, `within` seconds; return their number.

    Raises:
        TrackingError: the store cannot be used, or is too slow; what was not sent stays kept.
        BusyError: another process is sending.
    """
    relocation.follow(workspace)
    if not entries(workspace):
        return 0
    from pipeline.tracking import record  # imports MLflow, which takes seconds

    sent, refusals = 0, []
    with _lock(workspace, within):
        check_deadline = _deadline(within)
        for entry in entries(workspace):
            try:
                with _explain_damage(entry):
                    execution = Execution.read(entry)
                    outs = None if execution.failure else record.Outs.read(Workspace(entry))
                is_new = record.send(execution, outs, workspace, check_deadline)
            except RefusedError as error:
                refusals.append(str(error))
                continue
            _remove(entry, execution)
            sent += 1
            complete = "complete" if is_new else "was already complete"
            status = "failed" if execution.failure else complete
            _log.info("MLflow run %s: %s", execution.name, status)
    if refusals:
        raise TrackingError("; ".join(refusals))
    return sent


def send_or_warn(workspace: Workspace, within: float) -> bool:
    """Send as `send` does, but warn in place of an error; tell whether all were sent."""
    try:
        send(workspace, within)
    except (TrackingError, BusyError) as error:
        count = len(entries(workspace))
        runs = "1 run is" if count == 1 else f"{count or 'no'} runs are"
        remedy = "the next run or `pipeline sync` sends what is there"
        _log.warning("%s\n%s kept in .spool; %s", error, runs, remedy)
        return False
    return True


def _link(source: str | Path, target: str | Path) -> None:
    """Link a file, or copy it where links fail; stages replace files and never change them."""
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copy2(source, target)


@contextmanager
def _explain_damage(entry: Path) -> Iterator[None]:
    try:
        yield
    except (PipelineError, OSError, ValueError, KeyError, TypeError) as error:
        raise RefusedError(
            f"{entry} is damaged ({one_line(error)}); remove it, then `dvc repro -s -f track`"
            " records the current results"
        ) from None


def _remove(entry: Path, sent: Execution) -> None:
    """Remove the entry of a sent execution, unless another was kept there in the meantime."""
    aside = entry.with_name(f".{entry.name}.partial-sent")
    shutil.rmtree(aside, ignore_errors=True)
    entry.rename(aside)  # a kill during the removal leaves no partial entry
    with _explain_damage(aside):
        is_other = Execution.read(aside) != sent
    if is_other and not entry.exists():
        aside.rename(entry)
    else:
        shutil.rmtree(aside)


@contextmanager
def _lock(workspace: Workspace, within: float | None) -> Iterator[None]:
    lock = FileLock(workspace.temporary / "spool.lock")
    Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
    try:
        with lock.acquire(timeout=-1 if within is None else within):
            yield
    except Timeout:
        raise BusyError(
            "another process is sending the runs that are kept in .spool; wait for it"
        ) from None


def _deadline(within: float | None) -> Callable[[], None]:
    """Return a function that raises `TrackingError` once the time is over."""
    begin = time.monotonic()

    def check() -> None:
        if within is not None and time.monotonic() > begin + within:
            raise TrackingError(
                f"the MLflow store has not accepted all data within {within:g} s; set a larger"
                " tracking.patience, or run `pipeline sync`"
            )

    return check
