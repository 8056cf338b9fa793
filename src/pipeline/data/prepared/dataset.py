"""The format of the prepared data: arrays for each split, and `dataset.json` about them.

    data/prepared/dataset.json
    data/prepared/train/{features,codes,label,index,weight}.npy
    data/prepared/{validation,test,latest,sample}/{features,label,index,weight}.npy, text.parquet

Training rows are encoded as the graph encodes them: float32 numbers and int32 codes. The others are
raw, as the graph is fed; an image is one flat row. `latest` has no label; `sample` are training
rows, evenly spaced. `validation` and `latest` may have no rows. `text.parquet` is there where the
model takes text, `weight.npy` where rows have weights.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pipeline.data.prepared.encoding import (
    Encoding,
    TextColumn,
    encode_codes,
    encode_label,
    encode_numbers,
)
from pipeline.data.prepared.scaling import Scaling
from pipeline.data.prepared.series import Series, parse_series
from pipeline.data.prepared.tasks import TASKS, Task
from pipeline.errors import DataError
from pipeline.workspace import files

# The largest block that is computed at once. Sums depend on it, so it is not configurable.
BLOCK_ROWS, BLOCK_CELLS = 2**16, 2**20
# Most rows of `sample`.
SAMPLE_ROWS = 10_000

# What the inputs of a model are called.
FEATURES, TEXT = "features", "text"
TEXT_FILE = "text.parquet"

_UNREADABLE = (OSError, ValueError, EOFError)


@dataclass(frozen=True)
class Split:
    """Raw rows of one split.

    Attributes:
        features: `[rows, features]` in their own units, float64 for tables, else float32.
        label: `[rows, targets]`, float64 for a quantity of a table, else float32; no rows if labels
            are not known.
        index: `[rows]`, dates, row numbers or other names of the rows.
        text: `[rows, text columns]` of str.
        weight: `[rows, 1] float64`, how much rows count in metrics (`data.weight`), or None.
    """

    features: np.ndarray
    label: np.ndarray
    index: np.ndarray
    text: np.ndarray
    weight: np.ndarray | None = None

    def select(self, rows: np.ndarray | slice) -> "Split":
        """Return some of the rows, by their numbers from 0."""
        return Split(*_select(self, rows))

    def inputs(self) -> dict[str, np.ndarray]:
        """Return what a model is fed, by the names of its inputs."""
        return as_inputs(self.features, self.text)

    def encode(self, encoding: Encoding) -> "EncodedRows":
        """Return the rows as a network gets them, without weights."""
        return EncodedRows(
            encode_numbers(self.features, encoding),
            encode_label(self.label, encoding),
            self.index,
            encode_codes(self.features, self.text, encoding),
        )


@dataclass(frozen=True)
class EncodedRows:
    """Training rows as a network gets them.

    Attributes:
        features: `[rows, features] float32`, filled and scaled.
        label: `[rows, targets] float32`, scaled.
        index: `[rows]`, dates, row numbers or other names of the rows.
        codes: `[rows, code columns] int32`.
        weight: `[rows, 1] float32` of `data.weight` and `data.class_weight`; the mean of all
            training rows is 1. None without weights.
    """

    features: np.ndarray
    label: np.ndarray
    index: np.ndarray
    codes: np.ndarray
    weight: np.ndarray | None = None

    def select(self, rows: np.ndarray | slice) -> "EncodedRows":
        """Return some of the rows, by their numbers from 0."""
        return EncodedRows(*_select(self, rows))


def as_inputs(features: np.ndarray, text: np.ndarray) -> dict[str, np.ndarray]:
    """Return what a model is fed, by the names of its inputs."""
    return {FEATURES: features} | ({TEXT: text} if text.shape[1] else {})


@dataclass(frozen=True)
class Dataset:
    """The content of `dataset.json`: names, encoding and origin of the prepared data.

    Attributes:
        task: a name in `TASKS`.
        features: names of the numbers.
        text: names of the text columns.
        shape: of one example: `(columns,)` for a table, `(height, width, channels)` for an image.
        targets: names of the columns to predict; `target` names them together.
        classes: the label of a classification is an index into them.
        index_name, today, horizon: as in `pipeline.data.examples.Examples`.
        source_sha256: hash of the source's file or folder.
        class_weights: of `data.class_weight`, in the order of the classes; None without it.
        series: how lagged columns are made; None where there are none.
    """

    source: str
    task: str
    features: tuple[str, ...]
    text: tuple[str, ...]
    shape: tuple[int, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...]
    index_name: str
    today: str | None
    horizon: int
    encoding: Encoding
    source_sha256: str
    class_weights: tuple[float, ...] | None = None
    series: Series | None = None

    @property
    def kind(self) -> Task:
        """The facts about the task."""
        return TASKS[self.task]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns that a model is given."""
        return (*self.features, *self.text)

    @property
    def target(self) -> str:
        """The names of the targets, for people."""
        return ", ".join(self.targets)


def write_dataset(dataset: Dataset, rows: Mapping[str, int], folder: Path) -> None:
    """Write `dataset.json`, with the number of rows of each split."""
    values = asdict(dataset)
    for name in ("class_weights", "series"):
        if values[name] is None:
            del values[name]
    files.write_json(folder / "dataset.json", {**values, "rows": dict(rows)})


def read_dataset(folder: Path) -> Dataset:
    """Read `dataset.json`.

    Raises:
        DataError: The prepared data is missing or damaged.
    """
    try:
        values: dict[str, Any] = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        del values["rows"]
        encoding = parse_encoding(values.pop("encoding"))
        for name in ("features", "text", "shape", "targets", "classes"):
            values[name] = tuple(values[name])
        if "class_weights" in values:
            values["class_weights"] = tuple(map(float, values["class_weights"]))
        values["series"] = parse_series(values.get("series"))
        return Dataset(encoding=encoding, **values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, error) from None


def parse_encoding(values: dict[str, Any]) -> Encoding:
    """Return the encoding from the JSON values of `asdict`, as dataset.json and model.json hold it.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: the values are damaged.
    """
    scaling = {name: tuple(map(float, numbers)) for name, numbers in values["scaling"].items()}
    return Encoding(
        scaling=Scaling(**scaling),
        fill=tuple(values["fill"]),
        dates={int(column): tuple(parts) for column, parts in values["dates"].items()},
        text=tuple(
            TextColumn(column["name"], tuple(column["levels"]), int(column["buckets"]))
            for column in values["text"]
        ),
        date_format=values["date_format"],
        na_values=tuple(values["na_values"]),
        dtype=np.dtype(values["dtype"]).name,
    )


def read_split(name: str, folder: Path, mapped: bool = False) -> Split:
    """Read one split of raw rows; those of `mapped` arrays are read from disk when they are used.

    Raises:
        DataError: The prepared data is missing or damaged.
    """
    try:
        arrays = _load(folder / name, ("features", "label", "index"), mapped)
        features, label, index, weight = arrays
        text = _read_text(folder / name / TEXT_FILE, len(index))
        return Split(features, label, index, text, weight)
    except _UNREADABLE as error:
        raise _damaged(folder, error) from None


def read_training_rows(folder: Path, mapped: bool = False) -> EncodedRows:
    """Read the training rows; those of `mapped` arrays are read from disk when they are used.

    Raises:
        DataError: The prepared data is missing or damaged.
    """
    try:
        return EncodedRows(
            *_load(folder / "train", ("features", "label", "index", "codes"), mapped)
        )
    except _UNREADABLE as error:
        raise _damaged(folder, error) from None


def _load(folder: Path, names: Sequence[str], mapped: bool) -> list[Any]:
    """Return arrays, and last the weights or None."""
    mode: Literal["r"] | None = "r" if mapped else None
    files = [folder / f"{name}.npy" for name in (*names, "weight")]
    is_weighted = files[-1].exists()
    found: list[Any] = [np.load(file, mode, allow_pickle=False) for file in files[:-1]]
    return [*found, np.load(files[-1], mode, allow_pickle=False) if is_weighted else None]


def _read_text(path: Path, rows: int) -> np.ndarray:
    """Return the text cells, `[rows, columns] object`; no columns where there is no file."""
    if not path.exists():
        return np.empty((rows, 0), object)
    from pyarrow.parquet import read_table

    columns = read_table(path).columns  # raises what is an OSError or a ValueError, too
    return np.column_stack([cells.to_numpy().astype(object) for cells in columns])


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield consecutive slices that cover the rows of an array `[rows, columns]`."""
    size = max(1, min(BLOCK_ROWS, BLOCK_CELLS // max(1, columns)))
    for begin in range(0, rows, size):
        yield slice(begin, min(begin + size, rows))


def rows_in_block(rows: np.ndarray, block: slice) -> np.ndarray:
    """Return those of ascending row numbers that lie in a block, counted from its begin."""
    ends = np.array([block.start, block.stop], rows.dtype)  # another dtype would copy `rows`
    first, last = np.searchsorted(rows, ends)
    found: np.ndarray = rows[first:last] - block.start
    return found


def _select(rows: Split | EncodedRows, chosen: np.ndarray | slice) -> list[Any]:
    arrays = (getattr(rows, field.name) for field in fields(rows))
    return [None if array is None else array[chosen] for array in arrays]


def _damaged(folder: Path, error: Exception) -> DataError:
    remedy = "create it again: dvc repro prepare"
    return DataError(f"{folder} is missing or damaged ({error}); {remedy}")
