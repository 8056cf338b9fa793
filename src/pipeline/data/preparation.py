"""From examples to prepared data: split, narrow to float32, fit the scaling, write the arrays."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from pipeline.data.cells import narrowed
from pipeline.data.examples import Examples
from pipeline.data.missing import filled, fills
from pipeline.data.prepared import Dataset, Split, SplitWriter, write_dataset
from pipeline.data.scaling import Fit
from pipeline.data.splits import split_rows
from pipeline.data.stored import blocks, within
from pipeline.errors import DataError
from pipeline.settings.data import Data


def prepare(
    data: Data, seed: int, examples: Examples, source_sha256: Callable[[], str], folder: Path
) -> tuple[Dataset, dict[str, int]]:
    """Split the examples; fill missing values and fit the scaling on the training rows alone.

    The rows pass block by block, so that examples on disk need no more memory than a block.

    Args:
        source_sha256: returns the hash of the source, which may be computed meanwhile.
        folder: which is made, and gets `dataset.json` and the splits `train`, `validation`, `test`
            and `latest`.

    Returns:
        What `dataset.json` says, and how many rows each split has.

    Raises:
        ConfigError: the split does not fit the source.
        DataError: too few rows, a value that float32 cannot hold, or a constant column.
    """
    names, where = (*examples.feature_names, examples.target), data.path
    columns = examples.features.shape[1]
    with _naming(where):
        rows = split_rows(examples, data, seed)
        values = fills(examples.features, rows["train"], examples.fill, names, where)
    fit = Fit(data.scaling, examples.task, names)
    kind = _index(examples, slice(0, 0)).dtype
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(SplitWriter(folder / name, len(chosen), columns, kind))
            for name, chosen in rows.items()
        }
        for block in blocks(*examples.features.shape):
            some = _block(examples, block, values, where)
            for name, chosen in rows.items():
                part = _taken(some, within(chosen, block))
                writers[name].append(part)
                if name == "train":
                    fit.add(part.features, part.label)
    latest = _latest(examples, kind, where)
    counts = {name: len(chosen) for name, chosen in rows.items()} | {"latest": len(latest.index)}
    kind = latest.index.dtype
    with SplitWriter(folder / "latest", counts["latest"], columns, kind, labels=0) as writer:
        writer.append(latest)
    with _naming(where):
        scaling = fit.scaling(len(rows["train"]))
    dataset = Dataset(
        source=data.source,
        task=examples.task,
        features=examples.feature_names,
        shape=examples.shape or (columns,),
        target=examples.target,
        classes=examples.classes,
        index_name=examples.index_name,
        today=examples.today,
        horizon=examples.horizon,
        scaling=scaling,
        source_sha256=source_sha256(),
    )
    write_dataset(dataset, counts, folder)
    return dataset, counts


@contextmanager
def _naming(where: str) -> Iterator[None]:
    """Put the file before the message of what is wrong with its rows."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


def _index(examples: Examples, block: slice) -> np.ndarray:
    """Return what names the rows of a block."""
    if examples.index is None:
        return np.arange(block.start + 1, block.stop + 1)
    named: np.ndarray = examples.index[block]
    return named


def _block(examples: Examples, block: slice, values: dict[int, float], where: str) -> Split:
    """Return all rows of a block as the graph is fed."""
    index, index_name = _index(examples, block), examples.index_name
    raw = filled(examples.features[block], values)
    features = narrowed(raw, examples.feature_names, where, index, index_name)
    label = narrowed(examples.label[block], [examples.target], where, index, index_name)
    return Split(features, label, index)


def _taken(rows: Split, chosen: np.ndarray) -> Split:
    return Split(rows.features[chosen], rows.label[chosen], rows.index[chosen])


def _latest(examples: Examples, kind: np.dtype, where: str) -> Split:
    """Return the rows to forecast, which have no label."""
    raw, names = examples.latest_features, examples.latest_index
    if raw is None or names is None:
        raw, names = examples.features[0:0], np.empty(0, kind)
    features = narrowed(raw, examples.feature_names, where, names, examples.index_name)
    return Split(features, np.empty((0, 1), np.float32), names)
