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


class Fit:
    """The scaling of the training rows, which come in blocks.

    Mean and deviation are merged block by block as Chan, Golub and LeVeque do (Updating formulae
    and a pairwise algorithm for computing sample variances, 1979), which is stable far from zero.

    Args:
        how: `standard` (mean 0, population deviation 1; also of a regression's label), `unit` (all
            features divided by the largest absolute value of all) or `none`.
        task: what the label is.
        names: of the features and, last, of the target, for messages.
    """

    def __init__(self, how: str, task: str, names: Sequence[str]) -> None:
        self._how, self._task, self._names = how, task, names
        self._count = 0
        self._mean, self._squares = np.zeros(len(names)), np.zeros(len(names))
        self._least = np.full(len(names), np.inf)
        self._most = np.full(len(names), -np.inf)

    def add(self, features: np.ndarray, label: np.ndarray) -> None:
        """Take rows, `[rows, features]` and `[rows, 1]`, as the graph will be fed (float32)."""
        if not len(label):
            return
        columns = np.empty((len(self._names), len(label)))  # a column's values side by side
        columns[:-1], columns[-1:] = features.T, label.T
        self._least = np.minimum(self._least, columns.min(1))
        self._most = np.maximum(self._most, columns.max(1))
        if self._how != "standard":
            return
        mean = columns.mean(1)
        columns -= mean[:, None]
        squares, distance = (columns * columns).sum(1), mean - self._mean
        before, self._count = self._count, self._count + len(label)
        share = len(label) / self._count
        self._mean = mean if not before else self._mean + distance * share
        self._squares += squares + distance**2 * (before * share)

    def scaling(self, rows: int) -> Scaling:
        """Return the scaling of so many training rows.

        Raises:
            DataError: a column to be scaled or the target of a regression is constant, or the rows
                have one class only.
        """
        names, same = self._names, self._least == self._most
        if self._task in ("classification", "similarity") and same[-1]:
            raise DataError(
                f"all {rows} training rows are of one class of {names[-1]!r}; take rows of two"
                " classes at least, or another data.split"
            )
        if self._task == "regression" and same[-1]:
            raise DataError(
                f"the target {names[-1]!r} is constant over the {rows} training rows, so there is"
                " nothing to learn; take other rows, or another data.target"
            )
        constant = [name for name, is_same in zip(names[:-1], same[:-1], strict=True) if is_same]
        if constant and self._how == "standard":
            raise DataError(
                f"constant over the {rows} training rows: {listing(constant, 12)}; such a column"
                " tells nothing, leave it out (data.features=[…]), or take data.scaling=unit for"
                " images"
            )
        mean, scale = np.zeros(len(names)), np.ones(len(names))
        if self._how == "standard":
            scaled = slice(None) if self._task == "regression" else slice(-1)
            mean[scaled] = self._mean[scaled]
            scale[scaled] = np.sqrt(self._squares / self._count)[scaled]
        elif self._how == "unit":
            scale[:-1] = np.maximum(self._most, -self._least)[:-1].max()
        if scale.min() < np.finfo(np.float32).tiny:
            raise DataError(
                f"column {names[int(scale.argmin())]!r} varies by less than float32 can scale; use"
                " a smaller unit"
            )
        return Scaling(
            feature_mean=tuple(mean[:-1].tolist()),
            feature_scale=tuple(scale[:-1].tolist()),
            label_mean=float(mean[-1]),
            label_scale=float(scale[-1]),
        )


def fit(
    features: np.ndarray, label: np.ndarray, how: str, task: str, names: Sequence[str]
) -> Scaling:
    """Return the scaling of training rows that are in memory.

    Raises:
        DataError: as `Fit.scaling`.
    """
    rows = Fit(how, task, names)
    rows.add(features, label)
    return rows.scaling(len(label))
