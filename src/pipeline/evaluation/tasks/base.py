"""What every task answers; a file of this package each."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pipeline.data.prepared.dataset import Dataset, EncodedRows, Split
from pipeline.evaluation.report.results import Draw, Inputs, Results

# The title names the features one by one up to this number.
MAX_NAMED_FEATURES = 12


@dataclass(frozen=True)
class Task(ABC):
    """How the predictions of a model, `[rows, outputs]`, are measured and shown."""

    dataset: Dataset
    cost_name: ClassVar[str]  # the metric that `cost` returns, as the report shows it

    @abstractmethod
    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return the metrics of a prediction of the rows of a split."""

    def baselines(self, inputs: Inputs) -> dict[str, dict[str, float]]:
        """Return the metrics of each baseline on the test rows, by its name."""
        predictions = self.baseline_predictions(inputs.train, inputs.test)
        return {name: self.metrics(values, inputs.test) for name, values in predictions.items()}

    def baseline_predictions(self, train: EncodedRows, test: Split) -> dict[str, np.ndarray]:
        """Return each baseline's prediction of the test rows, `[rows, outputs] float64`."""
        return {}

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
