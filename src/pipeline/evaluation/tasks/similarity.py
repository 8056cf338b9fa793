"""Similarity: do both halves of an example belong together? A distance is predicted."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

from pipeline.data.prepared import Dataset, Split


@dataclass(frozen=True)
class Similarity:
    """A prediction is the distance of both halves, `[rows, 1]`; label 1 says that they are alike.

    Attributes:
        threshold: the largest distance of what is taken to be the same.
    """

    dataset: Dataset
    threshold: float

    cost_name: ClassVar[str] = "mean distance"

    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return ROC AUC, accuracy at the threshold, and the mean distance of each kind of pair.

        What needs both kinds, or one that has no row, is left out.
        """
        return _measured(prediction, split.label, self.threshold)

    def baselines(self, train: Split, test: Split) -> dict[str, dict[str, float]]:
        """Measure the distance of the raw halves, at the best threshold on the training rows."""
        threshold = _best_threshold(_raw_distance(train), train.label)
        return {"pixel_distance": _measured(_raw_distance(test), test.label, threshold)}

    def cost(self, output: np.ndarray, label: np.ndarray) -> float:
        """Return the mean distance."""
        return float(output.mean(dtype=np.float64))

    def columns(self, prediction: np.ndarray, split: Split) -> dict[str, np.ndarray]:
        """Return `actual`, `same` or `different`, where it is known, and the distance."""
        actual = {"actual": _named(split.label[:, 0] == 1)} if len(split.label) else {}
        return {**actual, "prediction": prediction[:, 0]}


def _measured(prediction: np.ndarray, label: np.ndarray, threshold: float) -> dict[str, float]:
    distance, same = prediction[:, 0].astype(np.float64), label[:, 0] == 1
    metrics = {
        "accuracy": float(np.mean((distance <= threshold) == same)),
        "threshold": threshold,
    }
    if same.any():
        metrics["mean_distance_same"] = float(distance[same].mean())
    if not same.all():
        metrics["mean_distance_different"] = float(distance[~same].mean())
    if same.any() and not same.all():
        metrics = {"roc_auc": float(roc_auc_score(same, -distance)), **metrics}
    return metrics


def _best_threshold(prediction: np.ndarray, label: np.ndarray) -> float:
    """Return the largest distance to call the same, so that most rows with both kinds are right."""
    distance, same = prediction[:, 0].astype(np.float64), label[:, 0] == 1
    false, true, threshold = roc_curve(same, -distance, drop_intermediate=False)
    right = true * same.sum() - false * (~same).sum()
    return float(-threshold[1:][right[1:].argmax()])  # the first says `different` to everything


def _raw_distance(split: Split) -> np.ndarray:
    """Return the Euclidean distance of both halves of the raw features, `[rows, 1] float64`."""
    one, other = np.split(split.features.astype(np.float64), 2, axis=1)
    return np.asarray(np.linalg.norm(one - other, axis=1, keepdims=True))


def _named(same: np.ndarray) -> np.ndarray:
    return np.where(same, "same", "different")
