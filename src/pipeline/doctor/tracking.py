"""The MLflow store, runs that were not sent to it, and runs without a process."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pipeline.doctor.finding import Finding, fail, ok, warn
from pipeline.doctor.space import why_not_writable
from pipeline.errors import TrackingError, listing, one_line
from pipeline.repository import processes
from pipeline.tracking import address, relocation, sqlite
from pipeline.tracking import spool as tracking_spool
from pipeline.workspace import Workspace


def spool(workspace: Workspace) -> Iterator[Finding]:
    """Count the runs that were not sent to the store yet."""
    if found := tracking_spool.entries(workspace):
        count = "1 run is" if len(found) == 1 else f"{len(found)} runs are"
        fix = partial(_send, workspace)
        yield warn("spool", f"{count} kept in .spool", "pipeline sync sends them", fix)
    else:
        yield ok("spool", "all runs were sent")


def _send(workspace: Workspace) -> str:
    return f"{tracking_spool.send(workspace)} sent to {address.printable_uri(workspace)}"


def store(workspace: Workspace) -> Iterator[Finding]:
    """Check that the store can be reached and written to, then the runs in it."""
    file = sqlite.file(workspace)
    if file is not None and not file.exists():
        if reason := why_not_writable(file.parent):
            yield fail("store", f"{file} cannot be created: {reason}", "change the permissions")
        else:
            yield ok("store", f"{file} does not exist yet; the first run creates it")
        return
    try:
        if file is None:
            from pipeline.tracking import store as mlflow_store  # imports MLflow

            mlflow_store.require_answer(workspace)
        else:
            sqlite.require_writable(file)
            sqlite.require_current(file)
    except TrackingError as error:
        yield fail("store", one_line(error), "until this is fixed, runs are kept in .spool")
    else:
        how = "answers" if file is None else "can be written"
        yield ok("store", f"{address.printable_uri(workspace)} {how}")
        yield from _paths(workspace)
        yield from _runs(workspace, file)


def _paths(workspace: Workspace) -> Iterator[Finding]:
    """Find a store whose paths are those of another folder, as after `mv` and `cp -r`."""
    if earlier := relocation.find_earlier(workspace):
        text = f"it has the paths of {listing(earlier)}, where the repository was"
        fix = partial(_follow, workspace)
        yield warn("store", text, "the next run or `pipeline sync` corrects them", fix)


def _follow(workspace: Workspace) -> str:
    relocation.follow(workspace)
    return f"its paths are now in {workspace.home}"


def _runs(workspace: Workspace, file: Path | None) -> Iterator[Finding]:
    """Find runs with status RUNNING in the store of this repository although no process runs.

    In any other store they may belong to other clones, so they are not checked.
    """
    if file is None or file.resolve() != workspace.home / "mlflow.db":
        yield ok("runs", "not checked, as they may belong to other clones")
    elif processes.at_work(workspace):
        yield ok("runs", "not checked while somebody is at work")
    elif names := sqlite.has_running(file) and _name_left_running(workspace):
        text = f"RUNNING in MLflow without a process: {listing(names)}"
        remedy = "run its command again to continue"
        yield warn("runs", text, remedy, partial(_mark_killed, workspace))
    else:
        yield ok("runs", "none is RUNNING without a process")


def _name_left_running(workspace: Workspace) -> list[str]:
    from pipeline.tracking import store as mlflow_store  # imports MLflow

    return [str(run.info.run_name) for run in mlflow_store.left_running(workspace)]


def _mark_killed(workspace: Workspace) -> str:
    from pipeline.tracking import store as mlflow_store

    with processes.nobody_at_work(workspace):
        found = mlflow_store.left_running(workspace)
        for run in found:
            mlflow_store.mark_killed(run, workspace)
    names = listing(run.info.run_name for run in found) or "no run"
    return f"{names} marked KILLED; the same command completes it later"
