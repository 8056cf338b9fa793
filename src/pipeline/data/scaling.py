"""Scaling of features and label. It is fitted once and travels inside every form of the model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.errors import DataError


@dataclass(frozen=True)
class Scaling:
    """`scaled = (raw - mean) / scale`, column by column.

    Attributes:
        feature_mean, feature_scale: one number for each feature, in its own unit.
        label_mean, label_scale: in the target's own unit.
    """

    feature_mean: tuple[float, ...]
    feature_scale: tuple[float, ...]
    label_mean: float
    label_scale: float


def fit(features: np.ndarray, label: np.ndarray, how: str, names: Sequence[str]) -> Scaling:
    """Fit the scaling on the training rows.

    Args:
        features: `[rows, features]`, as the graph will be fed (float32).
        label: `[rows, 1]`.
        how: `standard` (mean 0, population deviation 1) or `none`.
        names: of the features and, last, of the target, for messages.

    Raises:
        DataError: a column is constant over the training rows.
    """
    columns = np.column_stack([features, label]).astype(np.float64)
    constant = [
        name
        for name, low, high in zip(names, columns.min(0), columns.max(0), strict=True)
        if low == high
    ]
    if constant:
        raise DataError(
            f"constant over the {len(columns)} training rows: {', '.join(constant)}; such a column"
            " tells nothing, leave it out (data.features=[…])"
        )
    if how == "standard" and (columns.std(0) < np.finfo(np.float32).tiny).any():
        raise DataError("a column varies by less than float32 can scale; use a smaller unit")
    if how == "none":
        mean, scale = np.zeros(columns.shape[1]), np.ones(columns.shape[1])
    else:
        mean, scale = columns.mean(0), columns.std(0)
    return Scaling(
        feature_mean=tuple(mean[:-1].tolist()),
        feature_scale=tuple(scale[:-1].tolist()),
        label_mean=float(mean[-1]),
        label_scale=float(scale[-1]),
    )
