"""Files that may be compressed, as the ending of their name says."""

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow

from pipeline.errors import DataError

# A file may unpack to the larger of these: a number of bytes, and a multiple of its own size.
UNPACKED_BYTES, UNPACKED_RATIO = 2**28, 100


def open_reader(path: Path) -> Any:
    """Open a file to read its bytes, which are decompressed."""
    ending = path.suffix.lower()
    return COMPRESSIONS[ending][0](path) if ending in COMPRESSIONS else path.open("rb")


def open_writer(path: Path) -> Any:
    """Open a new file to write bytes, which are compressed if the name says so."""
    ending = path.suffix.lower()
    return COMPRESSIONS[ending][1](path) if ending in COMPRESSIONS else path.open("wb")


def unpacked_limit(path: Path) -> int:
    """Return the largest number of bytes that a file may unpack to."""
    return max(UNPACKED_BYTES, UNPACKED_RATIO * path.stat().st_size)


def _open_member(path: Path) -> Any:
    """Open the only file of a ZIP archive; what macOS adds to it does not count."""
    archive = zipfile.ZipFile(path)
    names = [
        name
        for name in archive.namelist()
        if not name.endswith("/") and not PurePosixPath(name).name.startswith(".")
    ]
    if len(names) != 1:
        raise DataError(f"{path} contains {len(names)} files; give an archive of one CSV file")
    return archive.open(names[0])


@contextmanager
def _create_member(path: Path) -> Iterator[Any]:
    """Create a ZIP archive of one file, named like the archive without its ending."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(path.stem, "w", force_zip64=True) as member,
    ):
        yield member


# Ending of the name, function to read, function to write.
COMPRESSIONS: dict[str, tuple[Callable[[Path], Any], Callable[[Path], Any]]] = {
    ".gz": (gzip.open, partial(gzip.GzipFile, mode="wb", mtime=0)),
    ".bz2": (bz2.open, partial(bz2.BZ2File, mode="wb")),
    ".xz": (lzma.open, partial(lzma.LZMAFile, mode="wb")),
    ".zip": (_open_member, _create_member),
    ".zst": (
        lambda path: pyarrow.CompressedInputStream(str(path), "zstd"),
        lambda path: pyarrow.CompressedOutputStream(str(path), "zstd"),
    ),
}
