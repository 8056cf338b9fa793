"""What killed stages leave: trainings that could go on, and half-written files."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline import files
from pipeline.doctor import work
from pipeline.doctor.finding import Finding, ok, warn
from pipeline.doctor.space import size
from pipeline.errors import listing


def resume() -> Iterator[Finding]:
    """Report trainings that did not end and are not under way."""
    for folder in sorted((files.root() / ".resume").glob("*")):
        lock = files.root() / work.TEMPORARY / f"{folder.name}.lock"
        if lock.is_file() and work.is_held(lock):
            yield ok("resume", f".resume/{folder.name} is under way")
            continue
        found = [path.lstat() for path in (folder, *folder.rglob("*"))]
        amount = size(sum(stat.st_size for stat in found))
        age = _age(max(stat.st_mtime for stat in found))
        text = f".resume/{folder.name} ({amount}, {age}) is of a training that did not end"
        remedy = f"the command that began it goes on, or: rm -r .resume/{folder.name}"
        yield warn("resume", text, remedy)


def _age(changed: float) -> str:
    seconds = max(time.time() - changed, 0)
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} old"
    return f"{seconds:.0f} seconds old"


def partials() -> Iterator[Finding]:
    """Find what was being written when a process was killed."""
    if (found := _partials()) and not work.at_work():
        names = listing(path.relative_to(files.root()) for path in found)
        yield warn("half-written", names, "rm -r them when nobody works here", _remove_partials)


def _partials() -> list[Path]:
    outs = (files.PREPARED, files.CHECKPOINT, files.FROZEN_GRAPH, files.METRICS)
    folders = {Path(), Path(".spool"), work.TEMPORARY, *(out.parent for out in outs)}
    return sorted(
        path for folder in folders for path in (files.root() / folder).glob(".*.partial-*")
    )


def _remove_partials() -> str:
    with work.nobody_at_work():
        found = [path for path in _partials() if path.is_dir()]
        for path in found:
            shutil.rmtree(path)
    return f"{len(found)} half-written folder{'s' * (len(found) > 1)} removed"
