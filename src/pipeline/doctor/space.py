"""Room on the disks, and folders that can be written."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline import files
from pipeline.doctor.finding import Finding, fail, ok, warn

MEBIBYTE = 2**20
LITTLE = 1024 * MEBIBYTE
TOO_LITTLE = 100 * MEBIBYTE


def disk() -> Iterator[Finding]:
    """Check the disk of the repository, and that the folders of results can be written."""
    root = files.root()
    yield from room("disk", root)
    outs = (files.PREPARED, files.CHECKPOINT, files.FROZEN_GRAPH, files.METRICS)
    folders = {out.parent for out in outs} | {Path(".resume"), Path(".dvc/tmp")}
    for folder in [Path(), *sorted(folders)]:
        if reason := why_not_writable(root / folder):
            yield fail("disk", f"{root / folder} cannot be written: {reason}", "let it be written")


def room(name: str, folder: Path) -> Iterator[Finding]:
    """Check how much is free on the disk of a folder, which need not exist yet."""
    free = shutil.disk_usage(_existing(folder)).free
    text = f"{size(free)} free"
    if free < TOO_LITTLE:
        yield fail(name, text, "remove something; `dvc gc -w` drops results that are not used")
    elif free < LITTLE:
        yield warn(name, text, "`dvc gc -w` drops results that are not used")
    else:
        yield ok(name, text)


def why_not_writable(folder: Path) -> str | None:
    """Write a file into a folder, or into the nearest above it that exists.

    Returns:
        What the system said if it refused.
    """
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())


def size(amount: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:,.1f} GB"
