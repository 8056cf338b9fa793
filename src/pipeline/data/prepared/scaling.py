"""Scaling of features and label. It is fitted once and is part of every form of the model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.data.prepared.tasks import Task
from pipeline.errors import DataError, listing


@dataclass(frozen=True)
class Scaling:
    """`scaled = (raw - mean) / scale`, column by column.

    Attributes:
        feature_mean, feature_scale: one number a feature, in the feature's unit.
        label_mean, label_scale: in the target's unit; 0 and 1 if the label is not scaled.
    """

    feature_mean: tuple[float, ...]
    feature_scale: tuple[float, ...]
    label_mean: float
    label_scale: float

    def is_identity(self) -> bool:
        """Tell whether scaling changes no value."""
        scales = {*self.feature_scale, self.label_scale}
        return scales == {1.0} and not any((*self.feature_mean, self.label_mean))


class Fit:
    """Fits the scaling on the training rows, which come in blocks.

    Mean and deviation are merged block by block (Chan, Golub and LeVeque, Updating formulae and a
    pairwise algorithm for computing sample variances, 1979), which is stable far from zero.

    Args:
        method: `standard` (mean 0, population deviation 1; also of a label that is a quantity),
            `unit` (all features are divided by the largest absolute value of all) or `none`.
        task: says whether the label is scaled.
        names: of the features and, last, of the target, for messages.
    """

    def __init__(self, method: str, task: Task, names: Sequence[str]) -> None:
        self._method, self._task, self._names = method, task, names
        self._count = 0
        self._mean, self._squares = np.zeros(len(names)), np.zeros(len(names))
        self._min, self._max = np.full(len(names), np.inf), np.full(len(names), -np.inf)

    def add(self, features: np.ndarray, label: np.ndarray) -> None:
        """Add rows, `[rows, features]` and `[rows, 1] float32`, as the graph will be fed."""
        if not len(label):
            return
        columns = np.empty((len(self._names), len(label)))  # a column is contiguous in memory
        columns[:-1], columns[-1:] = features.T, label.T
        self._min = np.minimum(self._min, columns.min(1))
        self._max = np.maximum(self._max, columns.max(1))
        if self._method != "standard":
            return
        mean = columns.mean(1)
        columns -= mean[:, None]
        squares, distance = (columns * columns).sum(1), mean - self._mean
        before, self._count = self._count, self._count + len(label)
        share = len(label) / self._count
        self._mean = mean if not before else self._mean + distance * share
        self._squares += squares + distance**2 * (before * share)

    def scaling(self, rows: int) -> Scaling:
        """Return the scaling of the training rows; messages name their number, `rows`.

        Raises:
            DataError: A feature to be scaled or the label is constant, or varies too little.
        """
        self._refuse_constant(rows)
        mean, scale = np.zeros(len(self._names)), np.ones(len(self._names))
        if self._method == "standard":
            scaled = slice(None) if self._task.scales_label else slice(-1)
            mean[scaled] = self._mean[scaled]
            scale[scaled] = np.sqrt(self._squares / self._count)[scaled]
        elif self._method == "unit":
            scale[:-1] = np.maximum(self._max, -self._min)[:-1].max()
        if scale.min() < np.finfo(np.float32).tiny:
            raise DataError(
                f"column {self._names[int(scale.argmin())]!r} varies by less than float32 can"
                " scale; use a smaller unit"
            )
        *feature_mean, label_mean = mean.tolist()
        *feature_scale, label_scale = scale.tolist()
        return Scaling(tuple(feature_mean), tuple(feature_scale), label_mean, label_scale)

    def _refuse_constant(self, rows: int) -> None:
        """Refuse a constant label, and a constant feature that would be divided by 0."""
        *features, target = self._names
        *is_constant, is_constant_label = self._min == self._max
        if self._task.labels_are_classes and is_constant_label:
            raise DataError(
                f"all {rows} training rows have the same class of {target!r}; give rows of at"
                " least two classes, or choose another data.split"
            )
        if self._task.scales_label and is_constant_label:
            raise DataError(
                f"the target {target!r} is constant over the {rows} training rows, so there is"
                " nothing to learn; give other rows, or choose another data.target"
            )
        constant = [name for name, same in zip(features, is_constant, strict=True) if same]
        if constant and self._method == "standard":
            raise DataError(
                f"constant over the {rows} training rows: {listing(constant, 12)}; leave such a"
                " column out (data.features=[…]), or set data.scaling=unit for images"
            )
