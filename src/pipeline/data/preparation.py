"""From examples to prepared data: split, narrow to float32, fit the scaling."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from pipeline.data.examples import Examples
from pipeline.data.missing import filled
from pipeline.data.prepared import Dataset, Split
from pipeline.data.scaling import fit
from pipeline.data.splits import split_rows
from pipeline.data.tables import narrowed
from pipeline.errors import DataError
from pipeline.settings.data import Data


def prepare(
    data: Data, seed: int, examples: Examples, source_sha256: str
) -> tuple[Dataset, dict[str, Split]]:
    """Split the examples; fill missing values and fit the scaling on the training rows alone.

    Returns:
        What `dataset.json` says, and the splits `train`, `validation`, `test` and `latest`.

    Raises:
        ConfigError: the split does not fit the source.
        DataError: too few rows, a value that float32 cannot hold, or a constant column.
    """
    names, where = (*examples.feature_names, examples.target), data.path
    index = np.arange(1, len(examples.label) + 1) if examples.index is None else examples.index
    with _naming(where):
        rows = split_rows(examples, data, seed)
        raw = filled(examples.features, rows["train"], examples.fill, names, where)
    features = narrowed(raw, names, where, index, examples.index_name)
    label = narrowed(examples.label, names[-1:], where, index, examples.index_name)
    splits = {name: Split(features[row], label[row], index[row]) for name, row in rows.items()}
    splits["latest"] = _latest(examples, index, where)
    train = splits["train"]
    with _naming(where):
        scaling = fit(train.features, train.label, data.scaling, examples.task, names)
    dataset = Dataset(
        source=data.source,
        task=examples.task,
        features=examples.feature_names,
        shape=examples.shape or (features.shape[1],),
        target=examples.target,
        classes=examples.classes,
        index_name=examples.index_name,
        today=examples.today,
        horizon=examples.horizon,
        scaling=scaling,
        source_sha256=source_sha256,
    )
    return dataset, splits


@contextmanager
def _naming(where: str) -> Iterator[None]:
    """Put the file before the message of what is wrong with its rows."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


def _latest(examples: Examples, index: np.ndarray, where: str) -> Split:
    """Return the rows to forecast, which have no label."""
    raw, names = examples.latest_features, examples.latest_index
    if raw is None or names is None:
        raw, names = examples.features[:0], index[:0]
    features = narrowed(raw, examples.feature_names, where, names, examples.index_name)
    return Split(features, np.empty((0, 1), np.float32), names)
