"""Regression: the prediction is a number in the target's own units, or one for each target."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pipeline.data.prepared.dataset import EncodedRows, Split
from pipeline.data.prepared.encoding import decode_label
from pipeline.data.prepared.tasks import name_columns
from pipeline.evaluation.report.results import Draw, Results
from pipeline.evaluation.tasks.base import Task
from pipeline.evaluation.tasks.design import design_matrix
from pipeline.evaluation.tasks.measures import measure_numbers

# Most training rows of the closed form, which takes them as float64: more would take gigabytes.
BASELINE_ROWS = 2**20

CURVE_POINTS = 400


@dataclass(frozen=True)
class Regression(Task):
    """A prediction is a number for each target, `[rows, targets]`; a forecast has one target."""

    cost_name: ClassVar[str] = "MSE"

    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return MSE, RMSE, MAE and R²; for a forecast that is not today's value also two more.

        Of several targets they are means, and each target has its own: see `measure_numbers`.

        `direction` is the share of rows whose predicted change from today has the right sign.
        `skill_over_persistence` is 1 - MSE / MSE of predicting today's value; above 0 is better.
        """
        from sklearn.metrics import mean_squared_error

        prediction, label = prediction.astype(np.float64), split.label.astype(np.float64)
        metrics = measure_numbers(label, prediction, self.dataset.targets)
        today = self._today(split)
        if today is not None and (prediction != today).any():
            right = np.sign(prediction - today) == np.sign(label - today)
            metrics["direction"] = float(np.mean(right))
            persistence = float(mean_squared_error(label, today))
            skill = 1 - metrics["mse"] / persistence if persistence else 0.0
            metrics["skill_over_persistence"] = skill
        return metrics

    def baseline_predictions(self, train: EncodedRows, test: Split) -> dict[str, np.ndarray]:
        """Predict by scikit-learn's closed form, the mean label, and for a forecast no change."""
        from sklearn.linear_model import LinearRegression

        encoding = self.dataset.encoding
        step = -(-len(train.label) // BASELINE_ROWS)  # evenly spaced rows
        rows = train.select(slice(None, None, step))
        closed_form = LinearRegression().fit(design_matrix(rows, encoding), rows.label)
        found = closed_form.predict(design_matrix(test.encode(encoding), encoding))
        mean = decode_label(train.label.mean(0, dtype=np.float64), encoding)
        predictions = {
            "linear_regression": decode_label(found, encoding),
            "mean": np.broadcast_to(mean, test.label.shape),
        }
        today = self._today(test)
        if today is not None:
            predictions["persistence"] = today
        return predictions

    def cost(self, output: np.ndarray, label: np.ndarray) -> float:
        """Return the mean squared error."""
        return float(np.mean(np.square(output.astype(np.float64) - label.astype(np.float64))))

    def columns(self, prediction: np.ndarray, split: Split) -> dict[str, np.ndarray]:
        """Return `actual`, where labels are known, and `prediction`, or those of each target."""
        actual = split.label.T if len(split.label) else ()
        return {
            **dict(zip(name_columns("actual", self.dataset.targets), actual, strict=False)),
            **dict(
                zip(name_columns("prediction", self.dataset.targets), prediction.T, strict=True)
            ),
        }

    def figures(self, results: Results) -> dict[str, Draw]:
        """Return predictions, forecast (where there is one), residuals and the learning curve."""
        from pipeline.evaluation.report.figures import regression as draw

        forecast = {"forecast": draw.forecast} if len(results.forecast) else {}
        own = {"predictions": draw.predictions, **forecast, "residuals": draw.residuals}
        return {**own, **super().figures(results)}

    def grid(self, *splits: Split) -> np.ndarray:
        """Return points over the range of the splits where one number is predicted from another."""
        if len(self.dataset.columns) > 1 or self.dataset.text or self.dataset.today is not None:
            return super().grid(*splits)
        values = np.concatenate([split.features for split in splits])
        least, largest = np.nanmin(values, 0), np.nanmax(values, 0)
        return np.linspace(least, largest, CURVE_POINTS, dtype=values.dtype)

    def _today(self, split: Split) -> np.ndarray | None:
        """Return the target's present value, `[rows, 1] float64`; None without a forecast."""
        if self.dataset.today is None:
            return None
        column = self.dataset.features.index(self.dataset.today)
        return split.features[:, column : column + 1].astype(np.float64)
