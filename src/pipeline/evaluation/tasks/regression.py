"""Regression: the prediction is a number in the target's own units, or one for each target."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pipeline.data.prepared.dataset import EncodedRows, Split
from pipeline.data.prepared.encoding import decode_label
from pipeline.data.prepared.tasks import name_columns
from pipeline.evaluation import design
from pipeline.evaluation.report.results import Draw, Results
from pipeline.evaluation.tasks.base import ClosedForm, Headline, Predict, Task, weight_of
from pipeline.evaluation.tasks.measures import measure_numbers

# Most training rows of the closed form, which takes them as float64: more would take gigabytes.
BASELINE_ROWS = 2**20

CURVE_POINTS = 400


@dataclass(frozen=True)
class Regression(Task):
    """A prediction is a number for each target, `[rows, targets]`; a forecast has one target."""

    cost_name: ClassVar[str] = "MSE"
    headline: ClassVar[Headline] = Headline("mse")
    naive: ClassVar[tuple[str, ...]] = ("mean", "persistence")
    closed_form: ClassVar[ClosedForm | None] = ClosedForm(
        "linear_regression", networks=("linear", "polynomial"), losses=("auto", "mse")
    )

    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return MSE, RMSE, MAE and R²; for a forecast that is not today's value also two more.

        Of several targets they are means, and each target has its own: see `measure_numbers`.

        `direction` is the share of rows whose predicted change from today has the right sign.
        `skill_over_persistence` is 1 - MSE / MSE of predicting today's value; above 0 is better.
        """
        from sklearn.metrics import mean_squared_error

        prediction, label = prediction.astype(np.float64), split.label.astype(np.float64)
        weight = weight_of(split)
        metrics = measure_numbers(label, prediction, self.dataset.targets, weight)
        if self.dataset.today is None:
            return metrics
        today = self._today(split)
        if (prediction != today).any():
            right = np.sign(prediction - today) == np.sign(label - today)
            metrics["direction"] = float(np.average(right[:, 0], weights=weight))
            persistence = float(mean_squared_error(label, today, sample_weight=weight))
            skill = 1 - metrics["mse"] / persistence if persistence else 0.0
            metrics["skill_over_persistence"] = skill
        return metrics

    def fit_predictors(self, train: EncodedRows) -> dict[str, Predict]:
        """Fit scikit-learn's closed form, and the mean label; for a forecast also no change."""
        from sklearn.linear_model import LinearRegression

        rows = design.training_rows(self.dataset, train, BASELINE_ROWS)
        closed_form = LinearRegression().fit(rows.features, rows.label, rows.weight)
        weight = None if train.weight is None else train.weight[:, 0]
        mean = np.average(decode_label(train.label, self.dataset.encoding), 0, weight)  # of all
        predictors: dict[str, Predict] = {
            "linear_regression": lambda split: closed_form.predict(
                design.features_of(self.dataset, split)
            ),
            "mean": lambda split: np.broadcast_to(mean, split.label.shape),
        }
        if self.dataset.today is not None:
            predictors["persistence"] = self._today
        return predictors

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

    def _today(self, split: Split) -> np.ndarray:
        """Return the target's present value, `[rows, 1] float64`, which a forecast starts from."""
        column = self.dataset.features.index(self.dataset.today)
        return split.features[:, column : column + 1].astype(np.float64)
