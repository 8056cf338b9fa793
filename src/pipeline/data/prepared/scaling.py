"""Scaling of features and labels, column by column."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scaling:
    """`scaled = (raw - mean) / scale`, column by column.

    Attributes:
        feature_mean, feature_scale: one number a feature, in the feature's unit.
        label_mean, label_scale: one number a target, in its unit; 0 and 1 where it is not scaled.
    """

    feature_mean: tuple[float, ...]
    feature_scale: tuple[float, ...]
    label_mean: tuple[float, ...]
    label_scale: tuple[float, ...]
