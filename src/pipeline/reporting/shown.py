"""What the figures and the report show."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.prepared import Dataset, Split

CURVE_POINTS = 400


@dataclass(frozen=True)
class Shown:
    """A model, measured.

    Attributes:
        dataset: what is predicted from what.
        results: as reports/metrics.json holds them.
        history: the learning curve, as `history.read_table` returns it.
        train, test, latest: the rows; `latest` maybe without any.
        prediction, forecast: `[rows, outputs] float32`, of the test rows and the latest.
        grid, fitted: features, `[points, 1]`, and the prediction there, `[points, 1]`; no points
            where the model is no curve.
    """

    dataset: Dataset
    results: dict[str, Any]
    history: pd.DataFrame
    train: Split
    test: Split
    latest: Split
    prediction: np.ndarray
    forecast: np.ndarray
    grid: np.ndarray
    fitted: np.ndarray


def is_curve(dataset: Dataset) -> bool:
    """Tell whether the model is a curve in the plane: one number from another."""
    one = dataset.task == "regression" and len(dataset.features) == 1
    return one and dataset.today is None


def grid(dataset: Dataset, *splits: Split) -> np.ndarray:
    """Return features over the range of the splits, to draw a curve, `[points, columns] float32`.

    There are no points where the model is no curve.
    """
    if not is_curve(dataset):
        return np.empty((0, len(dataset.features)), np.float32)
    values = np.concatenate([split.features for split in splits])
    return np.linspace(values.min(0), values.max(0), CURVE_POINTS, dtype=np.float32)


def confusion(shown: Shown) -> np.ndarray:
    """Return how many test rows of each class were taken for which, `[actual, predicted]`."""
    count = len(shown.dataset.classes)
    counts = np.zeros((count, count), np.int64)
    np.add.at(counts, (shown.test.label[:, 0].astype(int), shown.prediction.argmax(1)), 1)
    return counts


def title(shown: Shown) -> str:
    """Say what is predicted from what."""
    names, target = shown.dataset.features, shown.dataset.target
    match shown.dataset.task:
        case "minimization":
            return f"The minimum of {target}"
        case _ if len(names) > 12:
            return f"{target} from {len(names):,} features"
        case _:
            return f"{target} from {', '.join(names)}"
