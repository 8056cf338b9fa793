"""The prepared data: plain `.npy` arrays for each split, and `dataset.json` about them.

    data/prepared/dataset.json
    data/prepared/{train,validation,test,latest}/{features,label,index}.npy

Features and labels are float32 in their own units, as the graph is fed; an image is one flat row.
`latest` has no label; `validation` and `latest` may have no rows.
"""

import dataclasses
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from pipeline import files
from pipeline.data.scaling import Scaling
from pipeline.errors import DataError


@dataclass(frozen=True)
class Split:
    """Rows of one split.

    Attributes:
        features: `[rows, features] float32`, in their own units.
        label: `[rows, 1] float32`, in the target's own unit, or the number of the class; no rows
            where it is not known.
        index: `[rows]`, dates, row numbers or other names of the source.
    """

    features: np.ndarray
    label: np.ndarray
    index: np.ndarray


@dataclass(frozen=True)
class Dataset:
    """What `dataset.json` says: names, scaling and origin of the prepared data.

    Attributes:
        task: `regression`, `classification`, `similarity` or `minimization`.
        features: one name for each column.
        shape: of one example, `(columns,)` for a table, `(height, width, channels)` for an image.
        classes: names of the classes; a label of a classification is a number of them, from 0.
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


class SplitWriter:
    """Writes the rows of one split, block by block, as `np.save` writes whole arrays.

    Args:
        folder: of the split, which is made.
        rows: how many will come.
        columns: how many features a row has.
        index: the kind of what names a row.
        labels: how many rows have a label; None: all.
    """

    def __init__(
        self, folder: Path, rows: int, columns: int, index: np.dtype, labels: int | None = None
    ) -> None:
        folder.mkdir(parents=True)
        narrow = np.dtype(np.float32)
        labels = rows if labels is None else labels
        kinds: dict[str, tuple[np.dtype, tuple[int, ...]]] = {
            "features": (narrow, (rows, columns)),
            "label": (narrow, (labels, 1)),
            "index": (index, (rows,)),
        }
        self._closing, self._files, self._kinds = ExitStack(), {}, kinds
        for name, (kind, shape) in kinds.items():
            file = self._closing.enter_context((folder / f"{name}.npy").open("wb"))
            header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False}
            np.lib.format.write_array_header_1_0(file, {**header, "shape": shape})
            self._files[name] = file

    def __enter__(self) -> Self:
        return self

    def append(self, rows: Split) -> None:
        """Write the next rows."""
        for name, file in self._files.items():
            values = np.ascontiguousarray(getattr(rows, name), self._kinds[name][0])
            values.tofile(file)

    def __exit__(self, *_: object) -> None:
        self._closing.close()


def write_dataset(dataset: Dataset, rows: Mapping[str, int], folder: Path) -> None:
    """Write `dataset.json`.

    Args:
        rows: how many each split has.
    """
    files.write_json(folder / "dataset.json", {**dataclasses.asdict(dataset), "rows": dict(rows)})


def read_dataset(folder: Path = files.PREPARED) -> Dataset:
    """Read `dataset.json`.

    Raises:
        DataError: the prepared data is missing or damaged.
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


def read_split(name: str, folder: Path = files.PREPARED, mapped: bool = False) -> Split:
    """Read one split: `train`, `validation`, `test` or `latest`.

    Args:
        mapped: leave the arrays on disk, and read what is used of them when it is used.

    Raises:
        DataError: the prepared data is missing or damaged.
    """
    mode: Literal["r"] | None = "r" if mapped else None
    try:
        return Split(
            *(
                np.load(folder / name / f"{field.name}.npy", mode, allow_pickle=False)
                for field in dataclasses.fields(Split)
            )
        )
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(folder, error) from None


def _damaged(folder: Path, error: Exception) -> DataError:
    return DataError(f"{folder} is missing or damaged ({error}); make it again: dvc repro prepare")
