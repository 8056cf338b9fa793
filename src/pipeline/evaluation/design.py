"""The rows that baselines learn from and predict: float64, scaled as the network gets them.

Whatever a baseline knows of the features goes through this module, so that it gets the same numbers
as the model.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.data.prepared.dataset import Dataset, Split


@dataclass(frozen=True)
class Design:
    """Training rows of a baseline.

    Attributes:
        features: `[rows, features] float64`, scaled.
        label: `[rows, 1] float64`, in the target's unit.
    """

    features: np.ndarray
    label: np.ndarray


def training_rows(dataset: Dataset, train: Split, most: int) -> Design:
    """Return training rows, evenly spaced where there are more than `most`."""
    rows = evenly_spaced(train, most)
    return Design(scaled_features(dataset, rows), rows.label.astype(np.float64))


def scaled_features(dataset: Dataset, split: Split) -> np.ndarray:
    """Return the features of raw rows, `[rows, features] float64`, scaled."""
    scaling = dataset.scaling
    mean, scale = np.array(scaling.feature_mean), np.array(scaling.feature_scale)
    return np.asarray((split.features - mean) / scale)


def evenly_spaced(split: Split, most: int) -> Split:
    """Return every n-th row, with the smallest n that leaves at most `most` rows."""
    step = max(1, -(-len(split.features) // most))
    return Split(split.features[::step], split.label[::step], split.index[::step])
