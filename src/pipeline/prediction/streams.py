"""Standard input and output in place of files, which readers and writers need."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

STANDARD = "-"

# How files begin that are not CSV, and their endings.
_BEGINNINGS = (
    (b"PAR1", ".parquet"),
    (b"\x93NUMPY", ".npy"),
    (b"PK\x03\x04", ".npz"),
    (b"{", ".jsonl"),
)


def is_standard(path: Path) -> bool:
    """Tell whether a path stands for standard input or output."""
    return str(path) == STANDARD


@contextmanager
def reading(source: Path) -> Iterator[Path]:
    """Yield the file to read: `source`, or a copy of standard input with a fitting ending."""
    if not is_standard(source):
        yield source
        return
    with TemporaryDirectory() as folder:
        start = sys.stdin.buffer.read(8)
        endings = (ending for begin, ending in _BEGINNINGS if start.lstrip().startswith(begin))
        copy = Path(folder, f"standard input{next(endings, '.csv')}")
        with copy.open("wb") as file:
            file.write(start)
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield copy


@contextmanager
def writing(to: Path, source: Path) -> Iterator[Path]:
    """Yield the file to write: `to`, or one that is copied to standard output at the end.

    That is JSON lines if the input is, else CSV.
    """
    if not is_standard(to):
        yield to
        return
    ending = ".jsonl" if source.suffix.lower() in (".jsonl", ".ndjson") else ".csv"
    with TemporaryDirectory() as folder:
        file = Path(folder, f"standard output{ending}")
        yield file
        with file.open("rb") as written:
            shutil.copyfileobj(written, sys.stdout.buffer)
        sys.stdout.buffer.flush()
