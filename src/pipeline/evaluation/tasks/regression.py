"""Regression: the prediction is a number in the target's own units."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pipeline.data.prepared.dataset import Split
from pipeline.evaluation import design
from pipeline.evaluation.report.results import Draw, Results
from pipeline.evaluation.tasks.base import ClosedForm, Headline, Predict, Task

# Most training rows of the closed form, which takes them as float64: more would take gigabytes.
BASELINE_ROWS = 2**20

CURVE_POINTS = 400


@dataclass(frozen=True)
class Regression(Task):
    """A prediction is a number, `[rows, 1]`."""

    cost_name: ClassVar[str] = "MSE"
    headline: ClassVar[Headline] = Headline("mse")
    naive: ClassVar[tuple[str, ...]] = ("mean", "persistence")
    closed_form: ClassVar[ClosedForm | None] = ClosedForm(
        "linear_regression", networks=("linear", "polynomial"), losses=("auto", "mse")
    )

    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return MSE, RMSE, MAE and R²; for a forecast that is not today's value also two more.

        `direction` is the share of rows whose predicted change from today has the right sign.
        `skill_over_persistence` is 1 - MSE / MSE of predicting today's value; above 0 is better.
        """
        from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

        prediction, label = prediction.astype(np.float64), split.label.astype(np.float64)
        mse = float(mean_squared_error(label, prediction))
        metrics = {
            "mse": mse,
            "rmse": float(np.sqrt(mse)),
            "mae": float(mean_absolute_error(label, prediction)),
            "r2": float(r2_score(label, prediction)),
        }
        if self.dataset.today is None:
            return metrics
        today = self._today(split)
        if (prediction != today).any():
            right = np.sign(prediction - today) == np.sign(label - today)
            metrics["direction"] = float(np.mean(right))
            persistence = float(mean_squared_error(label, today))
            metrics["skill_over_persistence"] = 1 - mse / persistence if persistence else 0.0
        return metrics

    def fit_predictors(self, train: Split) -> dict[str, Predict]:
        """Fit scikit-learn's closed form, and the mean label; for a forecast also no change."""
        from sklearn.linear_model import LinearRegression

        rows = design.training_rows(self.dataset, train, BASELINE_ROWS)
        closed_form = LinearRegression().fit(rows.features, rows.label)
        mean = train.label.mean(dtype=np.float64)
        predictors: dict[str, Predict] = {
            "linear_regression": lambda split: closed_form.predict(
                design.scaled_features(self.dataset, split)
            ),
            "mean": lambda split: np.full(split.label.shape, mean),
        }
        if self.dataset.today is not None:
            predictors["persistence"] = self._today
        return predictors

    def cost(self, output: np.ndarray, label: np.ndarray) -> float:
        """Return the mean squared error."""
        return float(np.mean(np.square(output.astype(np.float64) - label.astype(np.float64))))

    def columns(self, prediction: np.ndarray, split: Split) -> dict[str, np.ndarray]:
        """Return `actual`, where labels are known, and `prediction`."""
        actual = {"actual": split.label[:, 0]} if len(split.label) else {}
        return {**actual, "prediction": prediction[:, 0]}

    def figures(self, results: Results) -> dict[str, Draw]:
        """Return predictions, forecast (where there is one), residuals and the learning curve."""
        from pipeline.evaluation.report.figures import regression as draw

        forecast = {"forecast": draw.forecast} if len(results.forecast) else {}
        own = {"predictions": draw.predictions, **forecast, "residuals": draw.residuals}
        return {**own, **super().figures(results)}

    def grid(self, *splits: Split) -> np.ndarray:
        """Return points over the range of the splits where one number is predicted from another."""
        if len(self.dataset.features) > 1 or self.dataset.today is not None:
            return super().grid(*splits)
        values = np.concatenate([split.features for split in splits])
        return np.linspace(values.min(0), values.max(0), CURVE_POINTS, dtype=np.float32)

    def _today(self, split: Split) -> np.ndarray:
        """Return the target's present value, `[rows, 1] float64`, which a forecast starts from."""
        column = self.dataset.features.index(self.dataset.today)
        return split.features[:, column : column + 1].astype(np.float64)
