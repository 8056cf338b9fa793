"""Baselines: what the model must be held against, on the same split."""

import numpy as np
from sklearn.linear_model import LinearRegression

from pipeline.data.prepared import Dataset, Split


def predictions(dataset: Dataset, train: Split, test: Split) -> dict[str, np.ndarray]:
    """Return each baseline's prediction of the test rows, `[rows, 1] float64`.

    `linear_regression` is scikit-learn's closed form. `mean` predicts the mean of the training
    labels. `persistence` says that nothing changes; only where the target is a forecast.
    """
    mean, scale = dataset.scaling.feature_mean, dataset.scaling.feature_scale
    closed_form = LinearRegression().fit((train.features - mean) / scale, train.label)
    found = {
        "linear_regression": closed_form.predict((test.features - mean) / scale),
        "mean": np.full(test.label.shape, train.label.mean(dtype=np.float64)),
    }
    today = present_values(dataset, test)
    if today is not None:
        found["persistence"] = today
    return found


def present_values(dataset: Dataset, split: Split) -> np.ndarray | None:
    """Return the target's present value in each row, `[rows, 1]`; None where it has none."""
    if dataset.today is None:
        return None
    column = dataset.features.index(dataset.today)
    return split.features[:, column : column + 1].astype(np.float64)
