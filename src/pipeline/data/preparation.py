"""From examples to prepared data: split, narrow to float32, fit the scaling."""

import numpy as np

from pipeline.data.examples import Examples
from pipeline.data.prepared import Dataset, Split
from pipeline.data.scaling import fit
from pipeline.data.splits import split_rows
from pipeline.data.tables import narrowed
from pipeline.settings.data import Data


def prepare(
    data: Data, seed: int, examples: Examples, source_sha256: str
) -> tuple[Dataset, dict[str, Split]]:
    """Split the examples and fit the scaling on the training rows alone.

    Returns:
        What `dataset.json` says, and the splits `train`, `validation`, `test` and `latest`.

    Raises:
        ConfigError: the split does not fit the source.
        DataError: too few rows, a value that float32 cannot hold, or a constant column.
    """
    names = (*examples.feature_names, examples.target)
    features = narrowed(examples.features, names[:-1])
    label = narrowed(examples.label, names[-1:])
    index = np.arange(1, len(label) + 1) if examples.index is None else examples.index
    rows = split_rows(examples, data, seed)
    splits = {name: Split(features[row], label[row], index[row]) for name, row in rows.items()}
    splits["latest"] = _latest(examples, index)
    train = splits["train"]
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
        scaling=fit(train.features, train.label, data.scaling, examples.task, names),
        source_sha256=source_sha256,
    )
    return dataset, splits


def _latest(examples: Examples, index: np.ndarray) -> Split:
    """Return the rows to forecast, which have no label."""
    features, names = examples.latest_features, examples.latest_index
    if features is None or names is None:
        features, names = examples.features[:0], index[:0]
    return Split(narrowed(features, examples.feature_names), np.empty((0, 1), np.float32), names)
