"""Predictions for arrays, and the pieces in which a model is run."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.errors import ArtifactError, DataError, listing
from pipeline.feeding import array_files
from pipeline.feeding.fitting import fit
from pipeline.graph.runner import Runner
from pipeline.graphdef.interface import Interface, TensorSpec
from pipeline.models.run.form import ROWS_AT_ONCE
from pipeline.prediction.rows import SkippedRows
from pipeline.prediction.writing import ARRAYS, open_sink

Arrays = dict[str, np.ndarray]

COUNTED = "rows are counted from 1"
VALUES_AT_ONCE = 2**22  # of an input: 16 MiB of float32


def predict_arrays(runner: Runner, source: Path, to: Path, skips: bool = False) -> str:
    """Write the outputs for the arrays of a file; returns what was written.

    Args:
        skips: whether rows that cannot be predicted are left out.

    Raises:
        ArtifactError: the model cannot be run.
        DataError: the file cannot be read, or does not fit the model.
    """
    interface = runner.interface
    arrays = _by_input(array_files.read_arrays(source), interface, source)
    arrays = {s.name: fit(arrays[s.name], _open_rows(s), source) for s in interface.inputs}
    rows, skipped = _count_rows(arrays, interface), SkippedRows(COUNTED)
    if rows is None:
        if skips:
            raise DataError(
                f"--on-error skip: the arrays of {source} have no rows that could be left out;"
                " leave the option out"
            )
        outputs, count, said = runner.run(arrays), 1, "one run"
        if to.suffix.lower() not in ARRAYS:
            outputs = {name: np.asarray(array)[None] for name, array in outputs.items()}
    else:
        run = _run_what_fits(runner, arrays, skipped) if skips else run_in_batches(runner, arrays)
        outputs, count = run, rows - skipped.count
        said = f"{count:,} rows"
    with open_sink(to) as sink:
        sink.append(pd.DataFrame(index=range(count)), outputs)
    said += f", outputs {', '.join(outputs)}"
    return f"{said}; {skipped}" if str(skipped) else said


def run_in_batches(runner: Runner, inputs: Arrays) -> Arrays:
    """Run a model on rows, `[rows, …]` each, as many at once as it takes.

    Returns the outputs that have a row for each row.

    Raises:
        ArtifactError: the model cannot be run, or no output has a row for each row.
    """
    total = len(next(iter(inputs.values())))
    pieces = list(_run_pieces(runner, inputs, _batch(runner.interface, inputs)))
    kept = set.intersection(*(set(piece) for piece in pieces))
    if not kept:
        raise ArtifactError("no output of the model has a row for each row of its input")
    found = {spec.name: [piece[spec.name] for piece in pieces]
             for spec in runner.interface.outputs if spec.name in kept}  # fmt: skip
    return {name: np.concatenate(parts)[:total] for name, parts in found.items()}


def _run_what_fits(runner: Runner, inputs: Arrays, skipped: SkippedRows) -> Arrays:
    """Run a model on rows as `run_in_batches` does, without those on which it fails.

    Raises:
        DataError: no row is left.
    """
    total = len(next(iter(inputs.values())))
    parts = list(_find_what_fits(runner, inputs, (0, total), skipped))
    skipped.require_fewer(total)
    kept = [name for name in parts[0] if all(name in part for part in parts)]
    return {name: np.concatenate([part[name] for part in parts]) for name in kept}


def _find_what_fits(
    runner: Runner, inputs: Arrays, rows: tuple[int, int], skipped: SkippedRows
) -> Iterator[Arrays]:
    """Yield the outputs of the rows from a first to before a last, found by halving."""
    first, last = rows
    try:
        outputs = run_in_batches(runner, {name: one[first:last] for name, one in inputs.items()})
    except ArtifactError as error:
        if last - first <= 1:
            skipped.add(first, error)
            return
        middle = (first + last) // 2
        for half in ((first, middle), (middle, last)):
            yield from _find_what_fits(runner, inputs, half, skipped)
        return
    yield outputs


def _run_pieces(runner: Runner, inputs: Arrays, batch: "_Batch") -> Iterator[Arrays]:
    total = len(next(iter(inputs.values())))
    for first in range(0, max(total, 1), batch.rows):
        piece = {name: array[first : first + batch.rows] for name, array in inputs.items()}
        rows = len(next(iter(piece.values())))
        size = batch.rows if batch.is_fixed else max(rows, 1)
        outputs = runner.run({name: _padded(array, size) for name, array in piece.items()})
        yield {
            name: np.array(array[:rows])
            for name, array in outputs.items()
            if np.ndim(array) and len(array) == size
        }


class _Batch:
    """How many rows a model gets at once."""

    def __init__(self, rows: int, is_fixed: bool) -> None:
        self.rows, self.is_fixed = rows, is_fixed


def _batch(interface: Interface, inputs: Arrays) -> _Batch:
    fixed = {spec.shape[0] for spec in interface.inputs if spec.shape and spec.shape[0]}
    if len(fixed) > 1:
        raise ArtifactError(f"the inputs take several numbers of rows at once: {listing(fixed)}")
    for number in fixed:
        return _Batch(number or 1, is_fixed=True)
    widest = max(math.prod(array.shape[1:]) for array in inputs.values())
    return _Batch(max(1, min(ROWS_AT_ONCE, VALUES_AT_ONCE // max(1, widest))), is_fixed=False)


def _padded(array: np.ndarray, size: int) -> np.ndarray:
    """Return an array of as many rows as a model takes; the last is repeated."""
    missing = size - len(array)
    if not missing:
        return array
    if not len(array):
        empty = b"" if array.dtype == object else 0
        return np.full((size, *array.shape[1:]), empty, array.dtype)
    return np.concatenate([array, np.repeat(array[-1:], missing, axis=0)])


def _by_input(arrays: Arrays, interface: Interface, source: Path) -> Arrays:
    names = [spec.name for spec in interface.inputs]
    if len(names) == len(arrays) == 1:
        return dict(zip(names, arrays.values(), strict=True))
    if missing := [name for name in names if name not in arrays]:
        has = ", ".join(name or "one without a name" for name in arrays)
        outputs = listing(spec.name for spec in interface.outputs)
        raise DataError(
            f"{source} lacks the arrays {', '.join(missing)}, which the model needs for {outputs};"
            f" it has {has}; add them, or make a model of other outputs: pipeline freeze MODEL"
            " --output TENSOR -o FOLDER"
        )
    return arrays


def _open_rows(spec: TensorSpec) -> TensorSpec:
    """Return an input that takes any number of rows."""
    shape = spec.shape and (None, *spec.shape[1:])
    return TensorSpec(spec.name, spec.dtype, shape, spec.tensor)


def _count_rows(arrays: Arrays, interface: Interface) -> int | None:
    """Return the number of rows that all arrays have; None where arrays are not rows."""
    counts = {len(array) if array.ndim else None for array in arrays.values()}
    has_rank = all(spec.shape for spec in interface.inputs)
    return counts.pop() if len(counts) == 1 and has_rank else None
