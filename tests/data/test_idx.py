"""IDX files are read as they are, or refused with a message, whatever their headers announce."""

import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from pipeline.data.sources import read_examples
from pipeline.data.sources.idx_images import TYPES, read_idx
from pipeline.errors import ConfigError, DataError
from pipeline.workspace import Workspace

from ..made import prepared_of

pytestmark = pytest.mark.slow

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 5, 4)).astype(np.uint8)
LABELS = (np.arange(12) % 3 * 2 + 1).astype(np.uint8)
PLAIN = {"images": "images", "labels": "labels", "test_images": None, "test_labels": None}


def encoded(array: np.ndarray) -> bytes:
    code = next(
        code for code, kind in TYPES.items() if np.dtype(kind) == array.dtype.newbyteorder()
    )
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + array.astype(TYPES[code]).tobytes()


def write(folder: Path, **arrays: np.ndarray) -> str:
    for name, array in arrays.items():
        (folder / name).write_bytes(encoded(array))
    return str(folder)


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("shape", [(7,), (2, 3), (2, 3, 4, 3)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_numbers_of_any_type_and_dimension_are_read(tmp_path: Path, kind, shape, pack):
    array = (np.random.default_rng(0).normal(size=shape) * 50).astype(kind)
    (tmp_path / "file").write_bytes(pack(encoded(array)))
    found = read_idx(tmp_path / "file")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_the_bytes_are_those_of_the_format(tmp_path: Path):
    (tmp_path / "labels").write_bytes(bytes.fromhex("00000801 00000003 070001"))
    np.testing.assert_array_equal(read_idx(tmp_path / "labels"), [7, 0, 1])
    (tmp_path / "shorts").write_bytes(bytes.fromhex("00000b02 00000001 00000002 0100 ffff"))
    np.testing.assert_array_equal(read_idx(tmp_path / "shorts"), [[256, -1]])


WHOLE = encoded(IMAGES)
PACKED = gzip.compress(WHOLE, mtime=0)


@pytest.mark.parametrize(
    ("what", "content", "expected"),
    [
        ("an empty IDX file", b"", "begins with nothing, which is not the magic number"),
        ("IDX with a cut magic number", b"\0\0\x08", "not the magic number"),
        ("IDX of an unknown type of number", b"\0\0\x0a\x03" + WHOLE[4:], "begins with 00000a03"),
        ("IDX without dimensions", b"\0\0\x08\0", "begins with 00000800"),
        ("a picture in place of an IDX file", b"\x89PNG", "not the magic number"),
        ("IDX cut in its header", WHOLE[:10], "ends after 6 of 12 bytes"),
        ("IDX cut at its end", WHOLE[:-1], "ends after 239 of 240 bytes"),
        ("IDX with a byte too many", WHOLE + b"\0", r"longer than its header says, \[12, 5, 4\]"),
        (
            "IDX in gzip, cut before it was packed",
            gzip.compress(WHOLE[:-1], mtime=0),
            "ends after 239 of 240 bytes",
        ),
        (
            "IDX in gzip with a byte too many",
            gzip.compress(WHOLE + b"\0", mtime=0),
            "longer than its header says",
        ),
        ("IDX in gzip, cut", PACKED[:-9], "is damaged"),
        ("IDX in gzip with a wrong checksum", PACKED[:-8] + bytes(4) + PACKED[-4:], "is damaged"),
        ("IDX in gzip with wrong bytes", PACKED[:12] + b"\xff\xff" + PACKED[14:], "is damaged"),
        ("IDX in gzip, cut in its header", PACKED[:5], "is damaged"),
        (
            "IDX that announces more than any disk holds",
            b"\0\0\x0e\x03" + b"\xff" * 12,
            "ends after 0 of",
        ),
        (
            "IDX of an impossible shape",
            b"\0\0\x08\x04" + bytes(4) + b"\xff" * 12,
            "an array of 0, 4294967295",
        ),
    ],
)
def test_a_damaged_file_is_one_message(failure, tmp_path: Path, what, content: bytes, expected):
    (tmp_path / "file").write_bytes(content)
    with failure.raises(what, DataError, match=f"{tmp_path}/file.*{expected}"):
        read_idx(tmp_path / "file")


@pytest.mark.parametrize("announced", [1000, 2**32 - 1])
def test_neither_a_gzip_bomb_nor_a_boastful_header_fills_memory(failure, tmp_path: Path, announced):
    held = 2**27 if announced == 1000 else 1000
    packed = gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", announced) + bytes(held), 1)
    (tmp_path / "bomb").write_bytes(packed)
    tracemalloc.start()
    try:
        what, expected = ("gzip bomb", "longer than") if held > 1000 else ("boast", "ends after")
        with failure.raises(f"IDX: a {what}", DataError, match=expected):
            read_idx(tmp_path / "bomb")
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


def test_images_are_flat_rows_and_classes_have_the_names_of_their_labels(data, tmp_path: Path):
    path = write(tmp_path, images=IMAGES, labels=LABELS)
    chosen = data("mnist", path=path, split="stratified", test_share=0.25, **PLAIN)
    dataset, splits = prepared_of(chosen)
    assert (dataset.classes, dataset.shape) == (("1", "3", "5"), (5, 4, 1))
    assert dataset.features[4:6] == ("pixel_1_0", "pixel_1_1")
    for split in (splits["train"], splits["test"]):
        np.testing.assert_array_equal(split.features, IMAGES[split.index - 1].reshape(-1, 20))
        np.testing.assert_array_equal(split.label[:, 0] * 2 + 1, LABELS[split.index - 1])


def test_colours_are_channels(data, tmp_path: Path):
    path = write(tmp_path, images=IMAGES.reshape(12, 2, 2, 5), labels=LABELS)
    examples = read_examples(data("mnist", path=path, **PLAIN), Workspace.here())
    assert examples.shape == (2, 2, 5)
    assert examples.feature_names[6] == "pixel_0_1_1"


def test_test_files_are_the_test_split(data, tmp_path: Path):
    arrays = {"images": IMAGES[:9], "labels": LABELS[:9], "more": IMAGES[9:], "named": LABELS[9:]}
    path = write(tmp_path, **arrays)
    chosen = data("mnist", path=path, **{**PLAIN, "test_images": "more", "test_labels": "named"})
    _, splits = prepared_of(chosen)
    np.testing.assert_array_equal(splits["train"].index, range(1, 10))
    np.testing.assert_array_equal(splits["test"].features, IMAGES[9:].reshape(3, 20))


@pytest.mark.parametrize(
    ("what", "arrays", "changes", "expected"),
    [
        (
            "IDX with fewer labels than images",
            {"labels": LABELS[:9]},
            {},
            "9 labels, and .* 12 images",
        ),
        (
            "IDX labels that are no whole numbers",
            {"labels": LABELS.astype(np.float32)},
            {},
            "must be .* integers, not .* float32",
        ),
        ("IDX images in place of labels", {"labels": IMAGES}, {}, "must be .* integers"),
        ("IDX labels of one class", {"labels": LABELS * 0}, {}, "only one class, 0"),
        (
            "IDX labels in place of images",
            {"images": LABELS},
            {},
            r"must be \[rows, …\], not \[12\]",
        ),
        (
            "IDX without images",
            {"images": IMAGES[:0], "labels": LABELS[:0]},
            {},
            r"not \[0, 5, 4\]",
        ),
        ("an IDX pixel that is NaN", {"images": np.full((12, 2), np.nan)}, {}, "NaN or infinite"),
        (
            "an IDX file that is not there",
            {},
            {"images": "image"},
            "image: no such file.*; nearest: images",
        ),
        (
            "test images without test labels",
            {},
            {"test_images": "images"},
            "give both, or null for both",
        ),
        (
            "IDX test images of another size",
            {"other": IMAGES[:, :4]},
            {"test_images": "other", "test_labels": "labels"},
            "of one size",
        ),
        (
            "a file in place of the folder of IDX files",
            {},
            {"path": "conf/config.yaml"},
            "is not a directory",
        ),
        ("a folder that is not there", {}, {"path": "nowhere"}, "data.path=nowhere: no such file"),
    ],
)
def test_files_that_do_not_fit_are_one_message(
    failure, data, tmp_path: Path, what, arrays, changes, expected
):
    path = write(tmp_path, **{"images": IMAGES, "labels": LABELS, **arrays})
    with failure.raises(what, DataError, match=expected):
        read_examples(data("mnist", **{"path": path, **PLAIN, **changes}), Workspace.here())


def test_without_test_files_nothing_is_given(failure, data, tmp_path: Path):
    path = write(tmp_path, images=IMAGES, labels=LABELS)
    chosen = data("mnist", path=path, **PLAIN)
    with failure.raises("split=given without test files", ConfigError, match="data.test_images"):
        prepared_of(chosen)
