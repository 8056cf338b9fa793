"""What every task answers; a file of this package each."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from pipeline.data.prepared.dataset import Dataset, EncodedRows, Split
from pipeline.evaluation.report.results import Draw, Inputs, Results

# The title names the features one by one up to this number.
MAX_NAMED_FEATURES = 12

Metrics = Mapping[str, float]
Predict = Callable[[Split], np.ndarray]  # raw rows to `[rows, outputs] float64`
Measure = Callable[[Split], dict[str, float]]  # raw rows with labels to metrics


def weight_of(split: Split) -> np.ndarray | None:
    """Return how much the rows of a split count in metrics, `[rows]`, or None."""
    return None if split.weight is None else split.weight[:, 0]


@dataclass(frozen=True)
class Headline:
    """The metric that models are compared and chosen by."""

    name: str
    best: float | None = None  # its largest value, where a larger one is better

    def cost(self, metrics: Metrics) -> float:
        """Return a number that is smaller for a better model; NaN where the metric is missing."""
        value = metrics.get(self.name, math.nan)
        return value if self.best is None else self.best - value


@dataclass(frozen=True)
class ClosedForm:
    """A baseline that minimizes exactly what some networks are trained to minimize."""

    baseline: str
    networks: tuple[str, ...]  # that compute the same functions, and maybe more
    losses: tuple[str, ...]  # values of `train.loss` with the same loss


@dataclass(frozen=True)
class Task(ABC):
    """How the predictions of a model, `[rows, outputs]`, are measured and shown."""

    dataset: Dataset
    cost_name: ClassVar[str]  # the metric that `cost` returns, as the report shows it
    headline: ClassVar[Headline]
    naive: ClassVar[tuple[str, ...]] = ()  # the baselines that use no features
    closed_form: ClassVar[ClosedForm | None] = None

    @abstractmethod
    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return the metrics of a prediction of the rows of a split."""

    def fit_baselines(self, inputs: Inputs) -> dict[str, Measure]:
        """Fit the baselines on training rows; returns what measures each of them, by its name."""
        predictors = self.fit_predictors(inputs.train)
        return {name: partial(self._measure, predict) for name, predict in predictors.items()}

    def fit_predictors(self, train: EncodedRows) -> dict[str, Predict]:
        """Fit the baselines that predict as the model does, on training rows."""
        return {}

    def _measure(self, predict: Predict, split: Split) -> dict[str, float]:
        return self.metrics(predict(split), split)

    @abstractmethod
    def cost(self, output: np.ndarray, label: np.ndarray) -> float:
        """Return one finite number for `[rows, outputs]` and `[rows, 1]`; lower is better."""

    @abstractmethod
    def columns(self, prediction: np.ndarray, split: Split) -> dict[str, np.ndarray]:
        """Return the columns of a table of predictions, `[rows]` each; a known label is first.

        The other columns have the same names in `pipeline predict` and in MLflow.
        """

    def figures(self, results: Results) -> dict[str, Draw]:
        """Return the drawing functions by the names of the figures, in the order of the report."""
        from pipeline.evaluation.report.figures.learning import learning_curve

        return {"learning_curve": learning_curve}

    def grid(self, *splits: Split) -> np.ndarray:
        """Return `[points, features]`: points of the curve in the plane, if it is one."""
        return np.empty((0, len(self.dataset.features)), self.dataset.encoding.dtype)

    @property
    def title(self) -> str:
        """The title of the report: what is predicted from what."""
        names, target = self.dataset.columns, self.dataset.target
        has_many = len(names) > MAX_NAMED_FEATURES
        return f"{target} from {f'{len(names):,} features' if has_many else ', '.join(names)}"
