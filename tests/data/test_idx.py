"""IDX files are read as they are, or refused with a message, whatever their headers announce."""

import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from pipeline.data import preparation
from pipeline.data.idx import TYPES, read_idx
from pipeline.data.sources import read_examples
from pipeline.errors import ConfigError, DataError

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
PACKED = gzip.compress(WHOLE)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "begins with nothing, which is no magic number"),
        (b"\0\0\x08", "no magic number"),
        (b"\0\0\x0a\x03" + WHOLE[4:], "begins with 00000a03"),
        (b"\0\0\x08\0", "begins with 00000800"),
        (b"\x89PNG", "no magic number"),
        (WHOLE[:10], "ends after 6 of 12 bytes"),
        (WHOLE[:-1], "ends after 239 of 240 bytes"),
        (WHOLE + b"\0", r"longer than its header says, \[12, 5, 4\]"),
        (gzip.compress(WHOLE[:-1]), "ends after 239 of 240 bytes"),
        (gzip.compress(WHOLE + b"\0"), "longer than its header says"),
        (PACKED[:-9], "is damaged"),
        (PACKED[:-8] + bytes(4) + PACKED[-4:], "is damaged"),
        (PACKED[:12] + b"\xff\xff" + PACKED[14:], "is damaged"),
        (PACKED[:5], "is damaged"),
        (b"\0\0\x0e\x03" + b"\xff" * 12, "ends after 0 of"),
    ],
)
def test_a_damaged_file_is_one_message(tmp_path: Path, content: bytes, expected: str):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DataError, match=expected) as caught:
        read_idx(tmp_path / "file")
    assert str(tmp_path / "file") in str(caught.value)


@pytest.mark.parametrize("announced", [1000, 2**32 - 1])
def test_neither_a_gzip_bomb_nor_a_boastful_header_fills_memory(tmp_path: Path, announced):
    held = 2**27 if announced == 1000 else 1000
    packed = gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", announced) + bytes(held), 1)
    (tmp_path / "bomb").write_bytes(packed)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="longer than" if announced == 1000 else "ends after"):
            read_idx(tmp_path / "bomb")
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


def test_images_are_flat_rows_and_classes_have_the_names_of_their_labels(data, tmp_path: Path):
    path = write(tmp_path, images=IMAGES, labels=LABELS)
    chosen = data("mnist", path=path, split="stratified", test_share=0.25, **PLAIN)
    dataset, splits = preparation.prepare(chosen, 0, read_examples(chosen), "digest")
    assert (dataset.classes, dataset.shape) == (("1", "3", "5"), (5, 4, 1))
    assert dataset.features[4:6] == ("pixel_1_0", "pixel_1_1")
    for split in (splits["train"], splits["test"]):
        np.testing.assert_array_equal(split.features, IMAGES[split.index - 1].reshape(-1, 20))
        np.testing.assert_array_equal(split.label[:, 0] * 2 + 1, LABELS[split.index - 1])


def test_colours_are_channels(data, tmp_path: Path):
    path = write(tmp_path, images=IMAGES.reshape(12, 2, 2, 5), labels=LABELS)
    examples = read_examples(data("mnist", path=path, **PLAIN))
    assert examples.shape == (2, 2, 5)
    assert examples.feature_names[6] == "pixel_0_1_1"


def test_test_files_are_the_test_split(data, tmp_path: Path):
    arrays = {"images": IMAGES[:9], "labels": LABELS[:9], "more": IMAGES[9:], "named": LABELS[9:]}
    path = write(tmp_path, **arrays)
    chosen = data("mnist", path=path, **{**PLAIN, "test_images": "more", "test_labels": "named"})
    _, splits = preparation.prepare(chosen, 0, read_examples(chosen), "digest")
    np.testing.assert_array_equal(splits["train"].index, range(1, 10))
    np.testing.assert_array_equal(splits["test"].features, IMAGES[9:].reshape(3, 20))


@pytest.mark.parametrize(
    ("arrays", "changes", "expected"),
    [
        ({"labels": LABELS[:9]}, {}, "9 labels, .* 12 images"),
        ({"labels": LABELS.astype(np.float32)}, {}, "must be .* whole numbers, not .* float32"),
        ({"labels": IMAGES}, {}, "must be .* whole numbers"),
        ({"labels": LABELS * 0}, {}, "one class only, 0"),
        ({"images": LABELS}, {}, r"must be \[rows, …\], not \[12\]"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, {}, r"not \[0, 5, 4\]"),
        ({"images": np.full((12, 2), np.nan)}, {}, "NaN or infinite"),
        ({}, {"images": "image"}, "image: no such file.*; nearest: images"),
        ({}, {"test_images": "images"}, "give both, or null for both"),
        (
            {"other": IMAGES[:, :4]},
            {"test_images": "other", "test_labels": "labels"},
            "of one size",
        ),
        ({}, {"path": "conf/config.yaml"}, "is no folder"),
        ({}, {"path": "nowhere"}, "data.path=nowhere: no such file"),
    ],
)
def test_files_that_do_not_fit_are_one_message(data, tmp_path: Path, arrays, changes, expected):
    path = write(tmp_path, **{"images": IMAGES, "labels": LABELS, **arrays})
    with pytest.raises(DataError, match=expected):
        read_examples(data("mnist", **{"path": path, **PLAIN, **changes}))


def test_without_test_files_nothing_is_given(data, tmp_path: Path):
    path = write(tmp_path, images=IMAGES, labels=LABELS)
    chosen = data("mnist", path=path, **PLAIN)
    with pytest.raises(ConfigError, match=r"data\.test_images"):
        preparation.prepare(chosen, 0, read_examples(chosen), "digest")
