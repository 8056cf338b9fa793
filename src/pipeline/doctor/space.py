"""Free disk space, and folders that can be written to."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.doctor.finding import Finding, fail, ok, warn
from pipeline.workspace import Workspace

# Bytes.
LITTLE = 1024 * 2**20
TOO_LITTLE = 100 * 2**20


def disk(workspace: Workspace) -> Iterator[Finding]:
    """Check the disk of the repository, and that results can be written."""
    home = Workspace(workspace.home)
    yield from check_free("disk", home.root)
    folders = home.published_folders | {home.resume, home.temporary}
    for folder in [home.root, *sorted(folders)]:
        if reason := why_not_writable(folder):
            yield fail("disk", f"{folder} cannot be written: {reason}", "change its permissions")


def check_free(name: str, folder: Path) -> Iterator[Finding]:
    """Check the free space on the disk of a folder, which may not exist yet."""
    free = shutil.disk_usage(_existing(folder)).free
    text = f"{size(free)} free"
    if free < TOO_LITTLE:
        yield fail(name, text, "free disk space; `dvc gc -w` removes unused results")
    elif free < LITTLE:
        yield warn(name, text, "`dvc gc -w` removes unused results")
    else:
        yield ok(name, text)


def why_not_writable(folder: Path) -> str | None:
    """Return why the system refuses to write to a folder, or to its nearest parent that exists."""
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def size(amount: float) -> str:
    """Return a number of bytes with a readable unit."""
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:,.1f} GB"
