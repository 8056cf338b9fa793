"""What is prepared is written whole, read again, and made again when it is damaged."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.data.prepared import dataset as prepared
from pipeline.data.prepared.dataset import Split, SplitWriter
from pipeline.errors import DataError

from ..made import prepared_of, ready_options


@pytest.mark.slow
@pytest.mark.parametrize("option", ready_options())
def test_what_is_prepared_twice_is_the_same_byte_for_byte(data, tmp_path: Path, option):
    dataset, splits = prepared_of(data(option), folder=tmp_path / "one")
    prepared_of(data(option), folder=tmp_path / "two")
    assert list(splits) == ["train", "validation", "test", "latest"]
    for split in splits.values():
        assert split.features.dtype == split.label.dtype == np.float32
        assert split.features.shape == (len(split.index), len(dataset.features))
        assert np.prod(dataset.shape) == len(dataset.features)
    for file in (tmp_path / "one").rglob("*.*"):
        other = tmp_path / "two" / file.relative_to(tmp_path / "one")
        assert file.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("kind", ["int64", "datetime64[D]", "datetime64[s]", "<U5"])
def test_blocks_are_written_as_numpy_saves_the_whole(tmp_path: Path, kind):
    rows = Split(
        np.arange(12, dtype=np.float32).reshape(4, 3),
        np.arange(4, dtype=np.float32)[:, None],
        np.arange(4).astype(kind),
    )
    with SplitWriter(tmp_path / "train", 4, 3, rows.index.dtype) as writer:
        for some in (slice(0, 1), slice(1, 1), slice(1, 4)):
            writer.append(Split(rows.features[some], rows.label[some], rows.index[some]))
    for name in ("features", "label", "index"):
        np.save(tmp_path / "whole.npy", getattr(rows, name))
        found = (tmp_path / f"train/{name}.npy").read_bytes()
        assert found == (tmp_path / "whole.npy").read_bytes()


def test_damaged_prepared_data_says_how_to_make_it_again(failure, data, tmp_path: Path):
    folder = tmp_path / "prepared"
    prepared_of(data("sp500"), folder=folder)
    (folder / "dataset.json").write_text("{}")
    (folder / "test/features.npy").write_bytes(b"\x93NUMPY")
    with failure.raises("damaged dataset.json", DataError, match="dvc repro prepare"):
        prepared.read_dataset(folder)
    with failure.raises("damaged prepared arrays", DataError, match="dvc repro prepare"):
        prepared.read_split("test", folder)
