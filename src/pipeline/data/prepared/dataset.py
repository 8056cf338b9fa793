"""The format of the prepared data: `.npy` arrays for each split, and `dataset.json` about them.

    data/prepared/dataset.json
    data/prepared/{train,validation,test,latest}/{features,label,index}.npy

Features and labels are float32 in their own units, as the graph is fed; an image is one flat row.
`latest` has no label; `validation` and `latest` may have no rows.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from pipeline.data.prepared.scaling import Scaling
from pipeline.data.prepared.tasks import TASKS, Task
from pipeline.errors import DataError
from pipeline.workspace import files

# The largest block that is computed at once. Sums depend on it, so it is not configurable.
BLOCK_ROWS, BLOCK_CELLS = 2**16, 2**20


@dataclass(frozen=True)
class Split:
    """Rows of one split.

    Attributes:
        features: `[rows, features] float32`.
        label: `[rows, 1] float32`; empty if labels are not known.
        index: `[rows]`, dates, row numbers or other names of the rows.
    """

    features: np.ndarray
    label: np.ndarray
    index: np.ndarray

    def select(self, rows: np.ndarray) -> Self:
        """Return some of the rows, by their numbers from 0."""
        return type(self)(self.features[rows], self.label[rows], self.index[rows])


@dataclass(frozen=True)
class Dataset:
    """The content of `dataset.json`: names, scaling and origin of the prepared data.

    Attributes:
        task: a name in `TASKS`.
        shape: of one example: `(columns,)` for a table, `(height, width, channels)` for an image.
        classes: the label of a classification is an index into them.
        index_name, today, horizon: as in `pipeline.data.examples.Examples`.
        source_sha256: hash of the source's file or folder.
    """

    source: str
    task: str
    features: tuple[str, ...]
    shape: tuple[int, ...]
    target: str
    classes: tuple[str, ...]
    index_name: str
    today: str | None
    horizon: int
    scaling: Scaling
    source_sha256: str

    @property
    def kind(self) -> Task:
        """The facts about the task."""
        return TASKS[self.task]


class SplitWriter(ExitStack):
    """Writes the rows of one split block by block, with the bytes of `np.save`.

    The numbers of all rows and features are known before; all rows have labels unless `labels`
    gives their number. The folder is created.
    """

    def __init__(
        self, folder: Path, rows: int, columns: int, index: np.dtype, labels: int | None = None
    ) -> None:
        super().__init__()
        folder.mkdir(parents=True)
        self._dtypes = dict.fromkeys(("features", "label"), np.dtype(np.float32)) | {"index": index}
        self._files = {}
        label_shape = (rows if labels is None else labels, 1)
        shapes = {"features": (rows, columns), "label": label_shape, "index": (rows,)}
        for name, shape in shapes.items():
            file = self.enter_context((folder / f"{name}.npy").open("wb"))
            description = np.lib.format.dtype_to_descr(self._dtypes[name])
            header = {"descr": description, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            self._files[name] = file

    def append(self, rows: Split) -> None:
        """Write the next rows."""
        for name, file in self._files.items():
            np.ascontiguousarray(getattr(rows, name), self._dtypes[name]).tofile(file)


def write_dataset(dataset: Dataset, rows: Mapping[str, int], folder: Path) -> None:
    """Write `dataset.json`, with the number of rows of each split."""
    files.write_json(folder / "dataset.json", {**dataclasses.asdict(dataset), "rows": dict(rows)})


def read_dataset(folder: Path) -> Dataset:
    """Read `dataset.json`.

    Raises:
        DataError: The prepared data is missing or damaged.
    """
    try:
        values: dict[str, Any] = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        del values["rows"]
        scaling = values.pop("scaling")
        for name in ("feature_mean", "feature_scale"):
            scaling[name] = tuple(scaling[name])
        for name in ("features", "shape", "classes"):
            values[name] = tuple(values[name])
        return Dataset(scaling=Scaling(**scaling), **values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, error) from None


def read_split(name: str, folder: Path, mapped: bool = False) -> Split:
    """Read one split; the rows of `mapped` arrays are read from disk when they are used.

    Raises:
        DataError: The prepared data is missing or damaged.
    """
    mode: Literal["r"] | None = "r" if mapped else None
    paths = (folder / name / f"{field.name}.npy" for field in dataclasses.fields(Split))
    try:
        return Split(*(np.load(path, mode, allow_pickle=False) for path in paths))
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(folder, error) from None


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield consecutive slices that cover the rows of an array `[rows, columns]`."""
    size = max(1, min(BLOCK_ROWS, BLOCK_CELLS // columns))
    for begin in range(0, rows, size):
        yield slice(begin, min(begin + size, rows))


def rows_in_block(rows: np.ndarray, block: slice) -> np.ndarray:
    """Return those of ascending row numbers that lie in a block, counted from its begin."""
    ends = np.array([block.start, block.stop], rows.dtype)  # another dtype would copy `rows`
    first, last = np.searchsorted(rows, ends)
    found: np.ndarray = rows[first:last] - block.start
    return found


def _damaged(folder: Path, error: Exception) -> DataError:
    remedy = "create it again: dvc repro prepare"
    return DataError(f"{folder} is missing or damaged ({error}); {remedy}")
