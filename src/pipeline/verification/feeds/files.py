"""Feeds from files: arrays by the names of inputs, or the columns of a table."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pipeline.data.tables import Table
from pipeline.errors import DataError, listing, nearest
from pipeline.feeding import array_files
from pipeline.feeding.columns import ColumnReader, assign_columns
from pipeline.feeding.fitting import fit
from pipeline.graphdef.interface import TensorSpec
from pipeline.verification.feeds.dims import require_size

Named = tuple[str, dict[str, np.ndarray]]


def read_feeds(files: Sequence[str], inputs: Sequence[TensorSpec]) -> Iterator[Named]:
    """Yield feeds with their names: each file is one, all `NAME=FILE` together are one.

    A feed with more rows than the fixed first dimension of an input is cut into several.

    Raises:
        DataError: a file cannot be read, lacks an input, or does not fit it.
    """
    by_name = {spec.name: spec for spec in inputs}
    parts: dict[str, np.ndarray] = {}
    sources: list[str] = []
    for text in files:
        name, mark, path = text.rpartition("=")
        if mark and not Path(text).exists():
            if name not in by_name:
                known = nearest(name, by_name)
                raise DataError(f"{text}: the model has no input {name!r}{known}")
            parts[name] = _read_one(Path(path), by_name[name])
            sources.append(text)
        else:
            yield from _in_batches(text, _read_all(Path(text), inputs), inputs)
    if parts:
        where = ", ".join(sources)
        yield from _in_batches(where, _complete(parts, inputs, where), inputs)


def _read_one(path: Path, spec: TensorSpec) -> np.ndarray:
    """Read the array of one input: the only one of a file, or that of its name."""
    if not array_files.is_array_file(path):
        return _read_table(path, [spec])[spec.name]
    arrays = array_files.read_arrays(path)
    if spec.name not in arrays and len(arrays) == 1:
        (array,) = arrays.values()
        return array
    if spec.name not in arrays:
        raise DataError(f"{path} has no array {spec.name!r}; it has {listing(arrays)}")
    return arrays[spec.name]


def _read_all(path: Path, inputs: Sequence[TensorSpec]) -> dict[str, np.ndarray]:
    """Read the arrays of all inputs from one file."""
    if not array_files.is_array_file(path):
        return _read_table(path, inputs)
    arrays = array_files.read_arrays(path)
    if len(inputs) == len(arrays) == 1:
        arrays = dict(zip([inputs[0].name], arrays.values(), strict=True))
    return _complete(arrays, inputs, str(path))


def _complete(
    arrays: dict[str, np.ndarray], inputs: Sequence[TensorSpec], where: str
) -> dict[str, np.ndarray]:
    missing = [spec.name for spec in inputs if spec.name not in arrays]
    if missing:
        has = listing(name or "one array without a name" for name in arrays)
        raise DataError(
            f"{where} lacks the inputs {listing(missing)}; it has {has}; give {missing[0]}=FILE"
        )
    return {spec.name: arrays[spec.name] for spec in inputs}


def _read_table(path: Path, inputs: Sequence[TensorSpec]) -> dict[str, np.ndarray]:
    table = Table(path)
    assigned = assign_columns(inputs, table, {})
    reader, pieces, rows = ColumnReader(inputs, assigned, path, table.decimal), [], 0
    text = [name for s in inputs if s.dtype == "string" for name in assigned.columns[s.name]]
    for piece in table.pieces(text):
        rows += len(piece)
        for spec in inputs:
            require_size(spec.name, (rows, len(assigned.columns[spec.name])))
        arrays = reader.read(piece)
        if arrays is not None:
            pieces.append(arrays)
    reader.require_numbers("fill the cells, or drop their rows")
    return {spec.name: np.concatenate([piece[spec.name] for piece in pieces]) for spec in inputs}


def _in_batches(
    where: str, arrays: dict[str, np.ndarray], inputs: Sequence[TensorSpec]
) -> Iterator[Named]:
    """Yield a feed, or pieces of as many rows as an input takes, where that number is fixed."""
    fixed = {spec.shape[0] for spec in inputs if spec.shape and spec.shape[0] is not None}
    rows = {len(arrays[spec.name]) for spec in inputs if arrays[spec.name].ndim}
    batch, total = min(fixed, default=0), max(rows, default=0)
    are_rows = len(fixed) == len(rows) == 1 and all(spec.shape for spec in inputs)
    if not (are_rows and batch and total > batch):
        yield where, {spec.name: fit(arrays[spec.name], spec, where) for spec in inputs}
        return
    for first in range(0, total - batch + 1, batch):
        piece = {name: array[first : first + batch] for name, array in arrays.items()}
        name = f"{where}, rows {first + 1} to {first + batch}"
        yield name, {spec.name: fit(piece[spec.name], spec, name) for spec in inputs}
