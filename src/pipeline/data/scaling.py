"""Scaling of features and label. It is fitted once and travels inside every form of the model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.errors import DataError, listing


@dataclass(frozen=True)
class Scaling:
    """`scaled = (raw - mean) / scale`, column by column.

    Attributes:
        feature_mean, feature_scale: one number for each feature, in its own unit.
        label_mean, label_scale: in the target's own unit; 0 and 1 where it is no number to predict.
    """

    feature_mean: tuple[float, ...]
    feature_scale: tuple[float, ...]
    label_mean: float
    label_scale: float


def fit(
    features: np.ndarray, label: np.ndarray, how: str, task: str, names: Sequence[str]
) -> Scaling:
    """Fit the scaling on the training rows.

    Args:
        features: `[rows, features]`, as the graph will be fed (float32).
        label: `[rows, 1]`.
        how: `standard` (mean 0, population deviation 1; also of a regression's label), `unit` (all
            features divided by the largest absolute value of all) or `none`.
        task: what the label is.
        names: of the features and, last, of the target, for messages.

    Raises:
        DataError: a column to be scaled or the target of a regression is constant over the
            training rows, or they have one class only.
    """
    if task in ("classification", "similarity") and label.min() == label.max():
        raise DataError(
            f"all {len(label)} training rows are of one class of {names[-1]!r}; take rows of two"
            " classes at least, or another data.split"
        )
    if task == "regression" and _constant(label, names[-1:]):
        raise DataError(
            f"the target {names[-1]!r} is constant over the {len(label)} training rows, so there is"
            " nothing to learn; take other rows, or another data.target"
        )
    constant = _constant(features, names[:-1]) if how == "standard" else []
    if constant:
        raise DataError(
            f"constant over the {len(label)} training rows: {listing(constant, 12)}; such a column"
            " tells nothing, leave it out (data.features=[…]), or take data.scaling=unit for images"
        )
    mean, scale = np.zeros(len(names)), np.ones(len(names))
    if how == "standard":
        columns = np.column_stack([features, label]).astype(np.float64)
        scaled = slice(None) if task == "regression" else slice(-1)
        mean[scaled], scale[scaled] = columns.mean(0)[scaled], columns.std(0)[scaled]
    elif how == "unit":
        scale[:-1] = np.abs(features).max()
    if scale.min() < np.finfo(np.float32).tiny:
        raise DataError(
            f"column {names[int(scale.argmin())]!r} varies by less than float32 can scale; use a"
            " smaller unit"
        )
    return Scaling(
        feature_mean=tuple(mean[:-1].tolist()),
        feature_scale=tuple(scale[:-1].tolist()),
        label_mean=float(mean[-1]),
        label_scale=float(scale[-1]),
    )


def _constant(columns: np.ndarray, names: Sequence[str]) -> list[str]:
    """Name the columns that have one value only."""
    same = columns.min(0) == columns.max(0)
    return [name for name, is_same in zip(names, same, strict=True) if is_same]
