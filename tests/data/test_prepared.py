"""What is prepared is written whole, read again, and made again when it is damaged."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.data import preparation, prepared
from pipeline.data.sources import read_examples
from pipeline.errors import DataError


def make(chosen):
    return preparation.prepare(chosen, 0, read_examples(chosen), "digest")


@pytest.mark.parametrize("option", ["sp500", "digits", "digit_pairs", "cosine", "offsets"])
def test_what_is_written_is_read_again_byte_for_byte(data, tmp_path: Path, option):
    dataset, splits = make(data(option))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        prepared.write(dataset, splits, tmp_path / name)
    assert prepared.read_dataset(tmp_path / "one") == dataset
    assert list(splits) == ["train", "validation", "test", "latest"]
    for name, split in splits.items():
        found = prepared.read_split(name, tmp_path / "one")
        for field in ("features", "label", "index"):
            np.testing.assert_array_equal(getattr(found, field), getattr(split, field))
        assert found.features.dtype == found.label.dtype == np.float32
        assert found.features.shape == (len(found.index), len(dataset.features))
        assert np.prod(dataset.shape) == len(dataset.features)
    for file in (tmp_path / "one").rglob("*.*"):
        other = tmp_path / "two" / file.relative_to(tmp_path / "one")
        assert file.read_bytes() == other.read_bytes()


def test_damaged_prepared_data_says_how_to_make_it_again(failure, data, tmp_path: Path):
    dataset, splits = make(data("sp500"))
    folder = tmp_path / "prepared"
    folder.mkdir()
    prepared.write(dataset, splits, folder)
    (folder / "dataset.json").write_text("{}")
    (folder / "test/features.npy").write_bytes(b"\x93NUMPY")
    with failure.raises("damaged dataset.json", DataError, match="dvc repro prepare"):
        prepared.read_dataset(folder)
    with failure.raises("damaged prepared arrays", DataError, match="dvc repro prepare"):
        prepared.read_split("test", folder)
