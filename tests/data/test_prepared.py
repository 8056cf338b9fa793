"""What is prepared is written whole, read again, and made again when it is damaged."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.data.prepared import dataset as prepared
from pipeline.data.prepared.dataset import Split
from pipeline.data.rows_writer import RowsWriter
from pipeline.errors import DataError

from ..made import prepared_of, ready_options


@pytest.mark.slow
@pytest.mark.parametrize("option", ready_options())
def test_what_is_prepared_twice_is_the_same_byte_for_byte(data, tmp_path: Path, option):
    dataset, splits = prepared_of(data(option), folder=tmp_path / "one")
    prepared_of(data(option), folder=tmp_path / "two")
    assert list(splits) == ["train", "validation", "test", "latest"]
    is_table = len(dataset.shape) == 1 and dataset.kind.is_of_tables
    for split in splits.values():
        assert split.features.dtype == (np.float64 if is_table else np.float32)
        is_quantity = is_table and dataset.kind.scales_label
        assert split.label.dtype == (np.float64 if is_quantity else np.float32)
        assert split.features.shape == (len(split.index), len(dataset.features))
        assert np.prod(dataset.shape) == len(dataset.features)
    for file in (file for file in (tmp_path / "one").rglob("*.*") if file.is_file()):
        other = tmp_path / "two" / file.relative_to(tmp_path / "one")
        assert file.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("kind", ["int64", "datetime64[D]", "datetime64[s]", "<U5"])
def test_blocks_are_written_as_numpy_saves_the_whole(tmp_path: Path, kind):
    rows = Split(
        np.arange(12.0).reshape(4, 3),
        np.arange(8.0).reshape(4, 2),
        np.arange(4).astype(kind),
        np.array([["", "a"], ["b", "\n"], ["€", "c" * 9], ["d,", '"']], object),
    )
    arrays = {
        name: (getattr(rows, name).dtype, getattr(rows, name).shape)
        for name in ("features", "label", "index")
    }
    with RowsWriter(tmp_path / "test", arrays, ["one", "other"]) as writer:
        for some in (slice(0, 1), slice(1, 1), slice(1, 4)):
            writer.append(rows.select(some))
    for name in arrays:
        np.save(tmp_path / "whole.npy", getattr(rows, name))
        found = (tmp_path / f"test/{name}.npy").read_bytes()
        assert found == (tmp_path / "whole.npy").read_bytes()
    again = prepared.read_split("test", tmp_path)
    for name, array in vars(rows).items():
        np.testing.assert_array_equal(getattr(again, name), array, strict=True)


def test_damaged_prepared_data_says_how_to_make_it_again(failure, data, tmp_path: Path):
    folder = tmp_path / "prepared"
    prepared_of(data("sp500"), folder=folder)
    (folder / "dataset.json").write_text("{}")
    (folder / "test/features.npy").write_bytes(b"\x93NUMPY")
    with failure.raises("damaged dataset.json", DataError, match="dvc repro prepare"):
        prepared.read_dataset(folder)
    with failure.raises("damaged prepared arrays", DataError, match="dvc repro prepare"):
        prepared.read_split("test", folder)
    (folder / "train/codes.npy").unlink()
    with pytest.raises(DataError, match="dvc repro prepare"):
        prepared.read_training_rows(folder)
    (folder / "sample/text.parquet").write_bytes(b"PAR1")
    with failure.raises("damaged prepared text", DataError, match="dvc repro prepare"):
        prepared.read_split("sample", folder)
