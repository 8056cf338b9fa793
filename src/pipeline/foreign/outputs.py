"""Outputs that something else computed and stored: .npz, .json, or a folder of .npy files."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from pipeline.errors import ArtifactError, nearest, one_line
from pipeline.graph.execution.loaded import Choice, Loaded, Reference
from pipeline.graph.execution.tensors import label
from pipeline.graph.runner import Arrays
from pipeline.graphdef.interface import Interface, TensorSpec
from pipeline.graphdef.locate import ModelFiles

_UNREADABLE = (OSError, ValueError, EOFError, LookupError, TypeError, RecursionError)


class StoredRunner(Reference):
    """Returns what is stored, whatever it is given."""

    describe = "stored outputs"

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self._arrays = arrays
        self.interface = Interface((), tuple(_specify(*item) for item in arrays.items()))

    def run(self, feeds: Arrays) -> dict[str, np.ndarray]:
        """Return the stored outputs."""
        return dict(self._arrays)

    def close(self) -> None:
        """Do nothing: the arrays belong to others, too."""


def load(files: ModelFiles, choice: Choice) -> Loaded:
    """Load stored outputs; `choice.outputs` picks some of them.

    Raises:
        ArtifactError: a file is damaged, or a chosen output is not there.
    """
    try:
        arrays = {name: _require_plain(array) for name, array in _read(files.path)}
    except _UNREADABLE as error:
        raise ArtifactError(f"{files.path} cannot be read: {one_line(error)}") from None
    names = [label(name) for name in choice.outputs] or list(arrays)
    if missing := [name for name in names if name not in arrays]:
        problem = f"no output {missing[0]!r}{nearest(missing[0], arrays)}"
        raise ArtifactError(f"{files.path} has {problem}")
    runner = StoredRunner({name: arrays[name] for name in names})
    return Loaded(
        files, runner.interface, open_runner=lambda: runner, open_reference=lambda: runner
    )


def _read(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    if path.is_dir():
        for file in sorted(path.rglob("*.npy")):
            name = file.relative_to(path).with_suffix("").as_posix()
            yield name, np.load(file, allow_pickle=False)
    elif path.suffix == ".json":
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("it is not an object of arrays by name")
        for name, value in values.items():
            yield name, np.asarray(value)
    else:
        with np.load(path, allow_pickle=False) as arrays:
            yield from arrays.items()


def _require_plain(array: np.ndarray) -> np.ndarray:
    """Return text as objects of bytes, and refuse what no tensor can be."""
    if array.dtype.kind == "U":
        return np.array([one.encode() for one in array.ravel()], object).reshape(array.shape)
    if array.dtype.kind == "S":
        return np.asarray(array, object)
    tf.as_dtype(array.dtype)
    if array.dtype == object:
        raise ValueError("rows of a list differ in length")
    return np.asarray(array)


def _specify(name: str, array: np.ndarray) -> TensorSpec:
    dtype = tf.as_dtype(array.dtype).name
    return TensorSpec(name, dtype, array.shape, f"{name}:0")
