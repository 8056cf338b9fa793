"""The MLflow store, what was not sent to it, and runs that nobody works on."""

from collections.abc import Iterator
from pathlib import Path

from pipeline import files
from pipeline.doctor import work
from pipeline.doctor.finding import Finding, fail, ok, warn
from pipeline.doctor.space import why_not_writable
from pipeline.errors import TrackingError, listing, one_line
from pipeline.tracking import address, sqlite
from pipeline.tracking import spool as kept


def spool() -> Iterator[Finding]:
    """Count the runs that the store has not taken yet."""
    if found := kept.entries():
        count = "1 run is" if len(found) == 1 else f"{len(found)} runs are"
        yield warn("spool", f"{count} kept in .spool", "pipeline sync sends what is there", _send)
    else:
        yield ok("spool", "no run waits to be sent")


def _send() -> str:
    return f"{kept.send()} sent to {address.shown()}"


def store() -> Iterator[Finding]:
    """Check that the store can be reached and written, then the runs in it."""
    file = sqlite.file()
    if file is not None and not file.exists():
        if reason := why_not_writable(file.parent):
            yield fail("store", f"{file} cannot be made: {reason}", "let its folder be written")
        else:
            yield ok("store", f"{file} is not there yet; the first run makes it")
        return
    try:
        _require(file)
    except TrackingError as error:
        remedy = "until it is mended, runs wait in .spool"
        yield fail("store", one_line(error), remedy)
    else:
        yield ok("store", f"{address.shown()} {'answers' if file is None else 'can be written'}")
        yield from _runs(file)


def _require(file: Path | None) -> None:
    if file is not None:
        sqlite.require_writable(file)
        sqlite.require_current(file)
        return
    from pipeline.tracking import health  # MLflow, needed only here

    health.require_answer()


def _runs(file: Path | None) -> Iterator[Finding]:
    """Find runs that are RUNNING in the store at this root although nobody works here.

    Elsewhere the runs of other clones look the same, so that none there is judged.
    """
    if file is None or file.resolve() != files.root() / "mlflow.db":
        yield ok("runs", "those of other clones look the same, so that none is judged")
    elif work.at_work():
        yield ok("runs", "not judged, as somebody is at work")
    elif names := _left_running(file):
        text = f"RUNNING in MLflow, and nobody works on it: {listing(names)}"
        yield warn("runs", text, "the command that began it goes on with it", _mark_killed)
    else:
        yield ok("runs", "none is left RUNNING")


def _left_running(file: Path) -> list[str]:
    if not sqlite.has_running(file):
        return []
    from pipeline.tracking import health  # MLflow, needed only here

    return [str(run.info.run_name) for run in health.left_running()]


def _mark_killed() -> str:
    from pipeline.tracking import health

    with work.nobody_at_work():
        found = health.left_running()
        for run in found:
            health.mark_killed(run)
    names = listing(run.info.run_name for run in found) or "no run more"
    return f"{names} marked KILLED; the same execution completes it later"
