"""From examples to prepared data: split, narrow to float32, fit the scaling."""

import numpy as np

from pipeline.data.prepared import Dataset, Split
from pipeline.data.scaling import fit
from pipeline.data.sources import Examples
from pipeline.data.splits import split_rows
from pipeline.data.tables import narrowed
from pipeline.settings import Settings


def prepare(
    settings: Settings, examples: Examples, source_sha256: str
) -> tuple[Dataset, dict[str, Split]]:
    """Split the examples and fit the scaling on the training rows alone.

    Raises:
        DataError: too few rows, a value that float32 cannot hold, or a constant column.
    """
    features = narrowed(examples.features, examples.feature_names)
    label = narrowed(examples.label, [examples.target])
    train, test = split_rows(
        len(label), settings.data.split, settings.data.test_share, settings.seed
    )
    names = (*examples.feature_names, examples.target)
    splits = {
        "train": Split(features[train], label[train], examples.index[train]),
        "test": Split(features[test], label[test], examples.index[test]),
        "latest": Split(
            narrowed(examples.latest_features, examples.feature_names),
            np.empty((0, 1), np.float32),
            examples.latest_index,
        ),
    }
    dataset = Dataset(
        source=settings.data.source,
        features=examples.feature_names,
        target=examples.target,
        index_name=examples.index_name,
        today=examples.today,
        horizon=examples.horizon,
        scaling=fit(features[train], label[train], settings.data.scaling, names),
        source_sha256=source_sha256,
    )
    return dataset, splits
