"""Where everything lies, and how it is written: whole, or not at all.

Every path of the project is named here once. Stages run in the repository root, so that the paths
are relative to it; what outlives a stage's outs lies under `root()`, which stays the original
repository when DVC runs an experiment in a temporary copy.
"""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError

CONF = Path("conf")
PARAMS = Path("params.yaml")

PREPARED = Path("data/prepared")

CHECKPOINT = Path("artifacts/checkpoint")
FROZEN = Path("artifacts/frozen")
FROZEN_GRAPH = FROZEN / "model.pb"
SIGNATURE = FROZEN / "model.json"
SAVED_MODEL = Path("artifacts/saved_model")

HISTORY = Path("reports/history.csv")
PLACEMENT = Path("reports/placement.json")
METRICS = Path("reports/metrics.json")
PARITY = Path("reports/parity.json")
PREDICTIONS = Path("reports/predictions.csv")
FORECAST = Path("reports/forecast.csv")
FIGURES = Path("reports/figures")
REPORT = Path("reports/report.html")

# Written while training, for people; no outs.
TENSORBOARD = Path("tensorboard")
TRACE = Path("trace.json")

TRACKED = Path(".tracked.json")

PACKAGE = Path(__file__).parent

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def root() -> Path:
    """Return the absolute root of the repository that the user works in."""
    return Path(os.environ.get("DVC_ROOT") or Path.cwd()).resolve()


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` that takes its place when the block ends without an error.

    Write a file or make a folder there. After an error it is removed and `target` is as it was.

    Raises:
        PipelineError: the system does not let it be written.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.partial-", dir=target.parent))
        partial = scratch / target.name
        try:
            yield partial
            if target.is_dir() and partial.is_dir():
                target.rename(scratch / "replaced")
            partial.rename(target)  # a file never takes a folder's place: the system refuses
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Say what could not be written, and how much room there is, when the system refuses.

    Raises:
        PipelineError: it does.
    """
    try:
        yield
    except OSError as error:
        denied = isinstance(error, PermissionError) and _lies_beside(error.filename, target)
        # NumPy tells neither the number nor the file of what went wrong.
        if error.errno is None or error.errno in NO_ROOM or denied:
            raise unwritable(target, error.strerror or str(error)) from None
        raise


def unwritable(target: Path, reason: str) -> PipelineError:
    """Return the error of a file or folder that the system does not let be written."""
    place = next(folder for folder in target.absolute().parents if folder.is_dir())
    free = shutil.disk_usage(place).free / 1e6
    return PipelineError(
        f"{target} cannot be written: {reason}; {free:,.1f} MB are free in {place}, and what was"
        " there before is as it was; make room, or let it be written, then give the same command"
    )


def _lies_beside(file: str | bytes | None, target: Path) -> bool:
    return isinstance(file, str) and Path(file).is_relative_to(target.parent)


def remove_partials() -> None:
    """Remove what a killed stage had begun to write; only for one who is alone here."""
    for folder in {out.parent for out in (PREPARED, CHECKPOINT, FROZEN_GRAPH, METRICS)}:
        for partial in folder.glob(".*.partial-*"):
            shutil.rmtree(partial, ignore_errors=True)


def write_text(target: Path, text: str) -> None:
    """Write `text` to `target` atomically, as UTF-8 with Unix line ends."""
    with replacing(target) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def to_json(value: Any) -> str:
    """Return `value` as indented JSON; NaN and infinity are refused."""
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def write_json(target: Path, value: Any) -> None:
    """Write `value` to `target` atomically as JSON."""
    write_text(target, to_json(value))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and contents of all files in a folder."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return sha256_of_files(sorted(p for p in path.rglob("*") if p.is_file()), path)


def sha256_of_files(files: list[Path], base: Path) -> str:
    """Return one SHA-256 over the names, relative to `base`, and the contents of `files`."""
    digest = hashlib.sha256()
    with ThreadPoolExecutor() as pool:
        for file, found in zip(files, pool.map(sha256, files), strict=True):
            digest.update(f"{file.relative_to(base).as_posix()}\0{found}\n".encode())
    return digest.hexdigest()
