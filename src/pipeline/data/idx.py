"""The IDX format of MNIST: magic number, sizes, then numbers, big-endian, plain or gzipped."""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

from pipeline.errors import DataError, listing, nearest

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"
CHUNK = 2**20


def read_idx(path: Path) -> np.ndarray:
    """Read an array of any number of dimensions; memory grows with what the file really holds.

    Raises:
        DataError: there is no such file, it is no IDX file, damaged, or not as long as it says.
    """
    if not path.is_file():
        there = [file.name for file in path.parent.glob("*")]
        raise DataError(f"{path}: no such file; give an existing one{nearest(path.name, there)}")
    with path.open("rb") as plain:
        is_packed = plain.read(len(GZIP)) == GZIP
        plain.seek(0)
        try:
            with gzip.open(plain) if is_packed else plain as file:
                return _array(file, path)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{path} is damaged ({error}); get it again") from None


def _array(file: IO[bytes] | gzip.GzipFile, path: Path) -> np.ndarray:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or magic[3] == 0:
        raise DataError(
            f"{path} begins with {magic.hex() or 'nothing'}, which is no magic number of an IDX"
            " file, such as 00000803; give images or labels in IDX format"
        )
    dtype: np.dtype[Any] = np.dtype(TYPES[magic[2]])
    sizes = _read(file, 4 * magic[3], path)
    shape = struct.unpack(f">{magic[3]}I", sizes)
    content = _read(file, math.prod(shape) * dtype.itemsize, path)
    if file.read(1):
        raise DataError(f"{path} is longer than its header says, {list(shape)}; get it again")
    try:
        array = np.frombuffer(content, dtype).reshape(shape)
    except ValueError:
        raise DataError(
            f"{path} announces an array of {listing(shape)}, which cannot be; get it again"
        ) from None
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read(file: IO[bytes] | gzip.GzipFile, size: int, path: Path) -> bytearray:
    """Read `size` bytes, piece by piece: a header may announce more than there is."""
    content = bytearray()
    while len(content) < size:
        piece = file.read(min(CHUNK, size - len(content)))
        if not piece:
            raise DataError(
                f"{path} ends after {len(content):,} of {size:,} bytes that it announces;"
                " get it again"
            )
        content += piece
    return content
