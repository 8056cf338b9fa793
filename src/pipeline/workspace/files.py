"""Files that are written completely or not at all, and their digests."""

import errno
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import DISK_REMEDY, PipelineError
from pipeline.workspace import digests

# The disk is full, or nothing can be written to it.
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)

# In the name of the folder that a target is written in, and the name of an earlier one there.
PARTIAL = ".partial-"
REPLACED = "replaced"


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` that replaces it when the block ends without an error.

    Create a file or a folder at this path. After an error it is removed and `target` is unchanged.

    Raises:
        PipelineError: the operating system refuses to write.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}{PARTIAL}", dir=target.parent))
        partial = scratch / target.name
        try:
            yield partial
            if target.is_dir() and partial.is_dir():
                target.rename(scratch / REPLACED)
            partial.rename(target)  # the system refuses to replace a folder by a file
        finally:
            discard_partial(scratch)


def discard_partial(scratch: Path) -> None:
    """Remove what `replacing` has not completed; a folder that it has moved away comes back."""
    target, earlier = scratch.with_name(scratch.name[1:].rpartition(PARTIAL)[0]), scratch / REPLACED
    if earlier.exists() and not target.exists():
        earlier.rename(target)
    shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn an error of the operating system into a message that names the target and free space.

    Raises:
        PipelineError: the disk is full or read-only, or the folder may not be written to.
    """
    try:
        yield
    except OSError as error:
        file = error.filename if isinstance(error, PermissionError) else None
        denied = isinstance(file, str) and Path(file).is_relative_to(target.parent)
        # NumPy's errors have neither a number nor a file.
        if error.errno is None or error.errno in DISK_ERRORS or denied:
            raise unwritable(target, error.strerror or str(error)) from None
        raise


def unwritable(target: Path, reason: str) -> PipelineError:
    """Return the error for a file or folder that cannot be written."""
    folder = next(folder for folder in target.absolute().parents if folder.is_dir())
    free = shutil.disk_usage(folder).free / 1e6
    return PipelineError(
        f"{target} cannot be written: {reason}; {free:,.1f} MB are free in {folder}, and earlier"
        f" results are unchanged; {DISK_REMEDY}"
    )


def find_partials(folders: Iterable[Path]) -> list[Path]:
    """Return what is being written in folders, or was when its stage was killed."""
    return sorted(partial for folder in folders for partial in folder.glob(f".*{PARTIAL}*"))


def write_text(target: Path, text: str) -> None:
    """Write `text` to `target` atomically, as UTF-8 with Unix line endings."""
    with replacing(target) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def to_json(value: object) -> str:
    """Return `value` as indented JSON.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def write_json(target: Path, value: object) -> None:
    """Write `value` to `target` atomically as JSON."""
    write_text(target, to_json(value))


def sha256(path: Path, of_file: Callable[[Path], str] | None = None) -> str:
    """Return the SHA-256 of a file, or of the names and contents of all files in a folder.

    Args:
        of_file: returns the SHA-256 of one file; None: the file is read.
    """
    of_file = of_file or sha256_of_file
    if path.is_file():
        return of_file(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    names = [file.relative_to(path).as_posix() for file in files]
    with ThreadPoolExecutor() as pool:
        return digests.combine(zip(names, pool.map(of_file, files), strict=True))


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of the content of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
