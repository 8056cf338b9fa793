"""Similarity: do both halves of an example belong together? The prediction is their distance."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from pipeline.data.prepared.dataset import Split
from pipeline.evaluation.report.results import Draw, Inputs, Results
from pipeline.evaluation.tasks.base import Headline, Measure, Task


@dataclass(frozen=True)
class Similarity(Task):
    """A prediction is the distance of both halves, `[rows, 1]`; label 1 means the same."""

    threshold: float  # the largest distance that counts as the same

    cost_name: ClassVar[str] = "mean distance"
    headline: ClassVar[Headline] = Headline("roc_auc", best=1)

    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return ROC AUC, accuracy, mean distances; without those that need an absent kind."""
        from sklearn.metrics import roc_auc_score

        distance, same = prediction[:, 0].astype(np.float64), split.label[:, 0] == 1
        metrics = {
            "accuracy": float(np.mean((distance <= self.threshold) == same)),
            "threshold": self.threshold,
        }
        if same.any():
            metrics["mean_distance_same"] = float(distance[same].mean())
        if not same.all():
            metrics["mean_distance_different"] = float(distance[~same].mean())
        if same.any() and not same.all():
            metrics = {"roc_auc": float(roc_auc_score(same, -distance)), **metrics}
        return metrics

    def fit_baselines(self, inputs: Inputs) -> dict[str, Measure]:
        """Choose the threshold of the raw halves' distance that is best on training rows."""
        best = replace(
            self, threshold=_best_threshold(_raw_distance(inputs.sample), inputs.sample.label)
        )
        return {"pixel_distance": lambda split: best.metrics(_raw_distance(split), split)}

    def cost(self, output: np.ndarray, label: np.ndarray) -> float:
        """Return the mean distance."""
        return float(output.mean(dtype=np.float64))

    def columns(self, prediction: np.ndarray, split: Split) -> dict[str, np.ndarray]:
        """Return `actual`, `same` or `different`, where it is known, and the distance."""
        kind = np.where(split.label[:, 0] == 1, "same", "different")
        return {**({"actual": kind} if len(kind) else {}), "prediction": prediction[:, 0]}

    def figures(self, results: Results) -> dict[str, Draw]:
        """Return the distances and the learning curve."""
        from pipeline.evaluation.report.figures.similarity import distances

        return {"distances": distances, **super().figures(results)}


def _best_threshold(prediction: np.ndarray, label: np.ndarray) -> float:
    """Return the largest distance to call the same, at the highest accuracy, for both kinds."""
    from sklearn.metrics import roc_curve

    distance, same = prediction[:, 0].astype(np.float64), label[:, 0] == 1
    false, true, threshold = roc_curve(same, -distance, drop_intermediate=False)
    right = true * same.sum() - false * (~same).sum()
    return float(-threshold[1:][right[1:].argmax()])  # the first calls everything different


def _raw_distance(split: Split) -> np.ndarray:
    one, other = np.split(split.features.astype(np.float64), 2, axis=1)
    return np.asarray(np.linalg.norm(one - other, axis=1, keepdims=True))
