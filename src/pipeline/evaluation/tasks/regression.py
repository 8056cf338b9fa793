"""Regression: a number is predicted, in the target's own units."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.metrics import (
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    root_mean_squared_error,
)

from pipeline.data.prepared import Dataset, Split

# Rows that the closed form learns from at most, in float64: more would take gigabytes.
BASELINE_ROWS = 2**20


@dataclass(frozen=True)
class Regression:
    """A prediction is a number, `[rows, 1]`."""

    dataset: Dataset

    cost_name: ClassVar[str] = "MSE"

    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return MSE, RMSE, MAE and R²; for a forecast also direction and skill over persistence.

        `direction` is the share of rows whose predicted change from today has the right sign;
        `skill_over_persistence` is 1 - MSE / MSE of predicting today's value: above 0 is better.
        A prediction that is today's value has neither.
        """
        prediction, label = prediction.astype(np.float64), split.label.astype(np.float64)
        metrics = {
            "mse": float(mean_squared_error(label, prediction)),
            "rmse": float(root_mean_squared_error(label, prediction)),
            "mae": float(mean_absolute_error(label, prediction)),
            "r2": float(r2_score(label, prediction)),
        }
        today = self._today(split)
        if today is not None and (prediction != today).any():
            right = np.sign(prediction - today) == np.sign(label - today)
            metrics["direction"] = float(np.mean(right))
            persistence = float(mean_squared_error(label, today))
            skill = 1 - metrics["mse"] / persistence if persistence else 0.0
            metrics["skill_over_persistence"] = skill
        return metrics

    def baselines(self, train: Split, test: Split) -> dict[str, dict[str, float]]:
        """Measure scikit-learn's closed form, the mean label, and for a forecast no change."""
        predictions = self.baseline_predictions(train, test)
        return {name: self.metrics(values, test) for name, values in predictions.items()}

    def baseline_predictions(self, train: Split, test: Split) -> dict[str, np.ndarray]:
        """Return each baseline's prediction of the test rows, `[rows, 1] float64`."""
        scaling = self.dataset.scaling
        mean, scale = scaling.feature_mean, scaling.feature_scale
        step = -(-len(train.label) // BASELINE_ROWS)  # evenly spaced
        features, label = train.features[::step], train.label[::step]
        closed_form = LinearRegression().fit((features - mean) / scale, label)
        found = {
            "linear_regression": closed_form.predict((test.features - mean) / scale),
            "mean": np.full(test.label.shape, train.label.mean(dtype=np.float64)),
        }
        today = self._today(test)
        if today is not None:
            found["persistence"] = today
        return found

    def cost(self, output: np.ndarray, label: np.ndarray) -> float:
        """Return the mean squared error."""
        return float(np.mean(np.square(output.astype(np.float64) - label.astype(np.float64))))

    def columns(self, prediction: np.ndarray, split: Split) -> dict[str, np.ndarray]:
        """Return `actual`, where labels are known, and `prediction`."""
        actual = {"actual": split.label[:, 0]} if len(split.label) else {}
        return {**actual, "prediction": prediction[:, 0]}

    def _today(self, split: Split) -> np.ndarray | None:
        """Return the target's present value, `[rows, 1] float64`; None where it has none."""
        if self.dataset.today is None:
            return None
        column = self.dataset.features.index(self.dataset.today)
        return split.features[:, column : column + 1].astype(np.float64)
