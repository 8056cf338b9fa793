"""From examples to prepared data: split, convert to float32, fit the scaling, write the arrays."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from pipeline.data.examples import Examples
from pipeline.data.missing_values import fill_missing, fit_fill_values
from pipeline.data.numeric_columns import to_float32
from pipeline.data.prepared import dataset as prepared
from pipeline.data.prepared.dataset import Dataset, Split, SplitWriter, blocks, rows_in_block
from pipeline.data.prepared.scaling import Fit
from pipeline.data.splits import split_rows
from pipeline.errors import DataError
from pipeline.schema.data import Data


def prepare(
    data: Data, seed: int, examples: Examples, source_sha256: Callable[[], str], folder: Path
) -> tuple[Dataset, dict[str, int]]:
    """Split the examples; fill missing values and fit the scaling on the training rows alone.

    Returns the content of `dataset.json`, and the number of rows of each split. The rows pass block
    by block, so examples on disk need no more memory than a block.

    Args:
        source_sha256: returns the hash of the source, which may be computed meanwhile.
        folder: existing; gets `dataset.json` and a folder for each split, and for `latest`.

    Raises:
        ConfigError: The split does not fit the source.
        DataError: There are too few rows, a value is beyond float32, or a column is constant.
    """
    where = data.path
    with _name_file(where):
        splits = split_rows(examples, data, seed)
        fill_values = fit_fill_values(examples, splits["train"], where)
    counts = {name: len(rows) for name, rows in splits.items()}
    fit = Fit(data.scaling, examples.kind, (*examples.feature_names, examples.target))
    convert = partial(_convert_block, examples, fill_values, where)
    _write_splits(examples, splits, convert, fit, folder)
    latest = _convert_latest(examples, where)
    counts["latest"], columns = latest.features.shape
    index_type = latest.index.dtype
    with SplitWriter(folder / "latest", counts["latest"], columns, index_type, labels=0) as writer:
        writer.append(latest)
    with _name_file(where):
        scaling = fit.scaling(counts["train"])
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
    prepared.write_dataset(dataset, counts, folder)
    return dataset, counts


def _write_splits(
    examples: Examples,
    splits: Mapping[str, np.ndarray],
    convert: Callable[[slice], Split],
    fit: Fit,
    folder: Path,
) -> None:
    """Write the rows of each split, and fit the scaling on those of `train`."""
    columns, index_type = examples.features.shape[1], convert(slice(0, 0)).index.dtype
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(SplitWriter(folder / name, len(chosen), columns, index_type))
            for name, chosen in splits.items()
        }
        for block in blocks(*examples.features.shape):
            converted = convert(block)
            for name, chosen in splits.items():
                part = converted.select(rows_in_block(chosen, block))
                writers[name].append(part)
                if name == "train":
                    fit.add(part.features, part.label)


@contextmanager
def _name_file(where: str) -> Iterator[None]:
    """Put the file before the message about its rows."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


def _index(examples: Examples, block: slice) -> np.ndarray:
    rows = np.arange(block.start + 1, block.stop + 1)
    return rows if examples.index is None else examples.index[block]


def _convert_block(
    examples: Examples, fill_values: Mapping[int, float], where: str, block: slice
) -> Split:
    """Return all rows of a block as the graph is fed with them."""
    index, index_name = _index(examples, block), examples.index_name
    values = fill_missing(examples.features[block], fill_values)
    features = to_float32(values, examples.feature_names, where, index, index_name)
    label = to_float32(examples.label[block], (examples.target,), where, index, index_name)
    return Split(features, label, index)


def _convert_latest(examples: Examples, where: str) -> Split:
    """Return the rows to forecast, which have no label."""
    values, index = examples.latest_features, examples.latest_index
    if values is None or index is None:
        values, index = examples.features[0:0], _index(examples, slice(0, 0))
    features = to_float32(values, examples.feature_names, where, index, examples.index_name)
    return Split(features, np.empty((0, 1), np.float32), index)
