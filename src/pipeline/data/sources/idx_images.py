"""Images and their classes in IDX files, such as MNIST: a magic number, sizes, then numbers."""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

from pipeline.data.examples import Examples, name_elements, source
from pipeline.errors import DataError, listing, nearest
from pipeline.schema.data import IdxData
from pipeline.workspace import Workspace

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"
CHUNK_BYTES = 2**20

Part = np.ndarray | None  # the split of each row, if it is given


@source("idx")
def read_idx_images(settings: IdxData, workspace: Workspace) -> Examples:
    """Read images and their classes; test images, if there are any, follow the others."""
    folder = workspace.path(settings.path)
    if not folder.is_dir():
        raise DataError(
            f"data.path={settings.path} is not a directory; give the one with {settings.images}"
        )
    images, label, part = _read_parts(settings, folder)
    classes, number = np.unique(label, return_inverse=True)
    if len(classes) < 2:
        raise DataError(
            f"{folder / settings.labels}: only one class, {classes[0]}, and two are needed; give"
            " labels of another class"
        )
    size = images.shape[1:]
    return Examples(
        features=images.reshape(len(images), -1),
        label=number[:, None].astype(np.float64),
        feature_names=name_elements("pixel", size),
        target="class",
        task="classification",
        classes=tuple(map(str, classes)),
        shape=(*size, 1) if len(size) == 2 else size,
        part=part,
    )


def _read_parts(settings: IdxData, folder: Path) -> tuple[np.ndarray, np.ndarray, Part]:
    if (settings.test_images is None) != (settings.test_labels is None):
        raise DataError("data.test_images and data.test_labels: give both, or null for both")
    images, label = _read_pair(folder / settings.images, folder / settings.labels)
    if settings.test_images is None or settings.test_labels is None:
        return images, label, None
    test_path = folder / settings.test_images
    test_images, test_label = _read_pair(test_path, folder / settings.test_labels)
    if test_images.shape[1:] != images.shape[1:]:
        raise DataError(
            f"{test_path}: images are {list(test_images.shape[1:])}, and those for training are"
            f" {list(images.shape[1:])}; give images of one size"
        )
    part = np.repeat(["train", "test"], [len(images), len(test_images)])
    return np.concatenate([images, test_images]), np.concatenate([label, test_label]), part


def _read_pair(images_path: Path, labels_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return images, `[rows, …]`, and their labels, `[rows]`."""
    images, label = read_idx(images_path), read_idx(labels_path)
    if images.ndim < 2 or not images.size:
        raise DataError(
            f"{images_path}: images must be [rows, …], not {list(images.shape)};"
            " give the file of the images"
        )
    if not np.isfinite(images).all():
        row = np.argwhere(~np.isfinite(images))[0, 0] + 1
        raise DataError(f"{images_path}: a pixel of image {row} is NaN or infinite; fix the file")
    if label.ndim != 1 or label.dtype.kind == "f":
        raise DataError(
            f"{labels_path}: labels must be [rows] integers, not {list(label.shape)}"
            f" {label.dtype}; give the file of the labels"
        )
    if len(label) != len(images):
        raise DataError(
            f"{labels_path} has {len(label):,} labels, and {images_path} has {len(images):,}"
            " images; give two files that belong together"
        )
    return images, label


def read_idx(path: Path) -> np.ndarray:
    """Read an array of any number of dimensions; memory grows with the bytes that the file has.

    Raises:
        DataError: The file does not exist, is not an IDX file, is damaged, or its length is wrong.
    """
    if not path.is_file():
        names = [file.name for file in path.parent.glob("*")]
        raise DataError(f"{path}: no such file; give an existing one{nearest(path.name, names)}")
    with path.open("rb") as plain:
        is_compressed = plain.read(len(GZIP)) == GZIP
        plain.seek(0)
        try:
            with gzip.open(plain) if is_compressed else plain as file:
                return _read_array(file, path)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{path} is damaged ({error}); download it again") from None


def _read_array(file: IO[bytes] | gzip.GzipFile, path: Path) -> np.ndarray:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or magic[3] == 0:
        raise DataError(
            f"{path} begins with {magic.hex() or 'nothing'}, which is not the magic number of an"
            " IDX file, such as 00000803; give images or labels in IDX format"
        )
    dtype: np.dtype[Any] = np.dtype(TYPES[magic[2]])
    shape = struct.unpack(f">{magic[3]}I", _read_bytes(file, 4 * magic[3], path))
    content = _read_bytes(file, math.prod(shape) * dtype.itemsize, path)
    if file.read(1):
        raise DataError(f"{path} is longer than its header says, {list(shape)}; download it again")
    try:
        array = np.frombuffer(content, dtype).reshape(shape)
    except ValueError:
        raise DataError(
            f"{path} announces an array of {listing(shape)}, which is impossible; download it again"
        ) from None
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_bytes(file: IO[bytes] | gzip.GzipFile, size: int, path: Path) -> bytearray:
    """Read `size` bytes in chunks: a header may announce more than the file has."""
    content = bytearray()
    while len(content) < size:
        chunk = file.read(min(CHUNK_BYTES, size - len(content)))
        if not chunk:
            raise DataError(
                f"{path} ends after {len(content):,} of {size:,} bytes that it announces;"
                " download it again"
            )
        content += chunk
    return content
