"""What killed stages leave: unfinished trainings and incomplete files."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pipeline.doctor.finding import Finding, ok, warn
from pipeline.doctor.space import size
from pipeline.errors import listing
from pipeline.repository import locks, processes
from pipeline.workspace import Workspace, files


def resume(workspace: Workspace) -> Iterator[Finding]:
    """Report unfinished trainings that are not running, and checkpoints that the clock kept."""
    for folder in sorted(workspace.resume.glob("*")):
        if folder.name.startswith("kept-"):
            names = f".resume/{folder.name} has checkpoints of train.keep_checkpoint_every_n_hours"
            yield ok("resume", f"{names}; rm -r it when they are of no use")
            continue
        lock = workspace.temporary / f"{folder.name}.lock"
        if lock.is_file() and locks.is_held(lock):
            yield ok("resume", f".resume/{folder.name} is a running training")
            continue
        found = [path.lstat() for path in (folder, *folder.rglob("*"))]
        amount = size(sum(stat.st_size for stat in found))
        age = _age(max(stat.st_mtime for stat in found))
        text = f".resume/{folder.name} ({amount}, {age}) is an unfinished training"
        remedy = f"run its command again to continue, or: rm -r .resume/{folder.name}"
        yield warn("resume", text, remedy)


def _age(changed: float) -> str:
    seconds = max(time.time() - changed, 0)
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} old"
    return f"{seconds:.0f} seconds old"


def partials(workspace: Workspace) -> Iterator[Finding]:
    """Find files that a killed process has not completed."""
    if (found := _find_partials(workspace)) and not processes.at_work(workspace):
        names = listing(path.relative_to(workspace.home) for path in found)
        remedy = "remove them with rm -r while nothing is running"
        yield warn("half-written", names, remedy, partial(_remove_partials, workspace))


def _find_partials(workspace: Workspace) -> list[Path]:
    home = Workspace(workspace.home)
    return files.find_partials({home.root, home.spool, home.temporary, *home.published_folders})


def _remove_partials(workspace: Workspace) -> str:
    with processes.nobody_at_work(workspace):
        found = [path for path in _find_partials(workspace) if path.is_dir()]
        for path in found:
            files.discard_partial(path)
    return f"{len(found)} half-written folder{'s' * (len(found) > 1)} removed"
