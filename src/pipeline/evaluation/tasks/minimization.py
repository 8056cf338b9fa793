"""Minimization: without data, training makes the output y of a function small."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from pipeline.data.prepared.dataset import Split
from pipeline.evaluation.report.results import Draw, Inputs, Results
from pipeline.evaluation.tasks.base import Headline, Measure, Task
from pipeline.models.learning_curve import VALIDATION_LOSS

# Reads the trained values of the variables, by name.
ReadVariables = Callable[[], Mapping[str, np.ndarray]]

# The columns that every learning curve can have. Those beside them are the scalar variables.
COMMON_COLUMNS = ("step", "loss", "learning_rate", VALIDATION_LOSS)


@dataclass(frozen=True)
class Minimization(Task):
    """A prediction is y at each offset from the minimum found, `[rows, 1]`."""

    history: pd.DataFrame  # y and the scalar variables before each step
    read_variables: ReadVariables

    cost_name: ClassVar[str] = "smallest y"
    headline: ClassVar[Headline] = Headline("minimum")

    @property
    def title(self) -> str:
        """The title of the report."""
        return f"The minimum of {self.dataset.target}"

    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return the minimum found, the lowest y around it, and the variables there."""
        at_minimum = int(np.abs(split.features).sum(1).argmin())  # offset 0, or the closest to it
        return {
            "minimum": float(prediction[at_minimum, 0]),
            "lowest_around": self.cost(prediction, split.label),
            **self.variables(),
        }

    def fit_baselines(self, inputs: Inputs) -> dict[str, Measure]:
        """Return what measures y and the variables before the first step."""
        if self.history.empty:
            return {}
        first = self.history.iloc[0]
        start = {name: float(first[name]) for name in self._variable_names()}
        return {"start": lambda split: {"minimum": float(first["loss"]), **start}}

    def cost(self, output: np.ndarray, label: np.ndarray) -> float:
        """Return the smallest y."""
        return float(output.min())

    def columns(self, prediction: np.ndarray, split: Split) -> dict[str, np.ndarray]:
        """Return y, and x where the function has a single variable."""
        offset, variables = split.features[:, 0].astype(np.float64), self.variables()
        x = {
            f"network/{name}" if name == "prediction" else name: value + offset
            for name, value in variables.items()
        }
        return {**(x if len(x) == 1 else {}), "prediction": prediction[:, 0]}

    def figures(self, results: Results) -> dict[str, Draw]:
        """Return the descent and the learning curve."""
        from pipeline.evaluation.report.figures.minimization import descent

        return {"descent": partial(descent, variables=self.variables()), **super().figures(results)}

    def variables(self) -> dict[str, float]:
        """Return the values of the scalar variables at the minimum found, by name.

        A variable that the checkpoint does not have keeps its last value in the learning curve.
        """
        variables = {name: float(self.history[name].iloc[-1]) for name in self._variable_names()}
        for name, value in self.read_variables().items():
            short = name.removeprefix("network/")
            if short in variables and value.size == 1:
                variables[short] = float(value.item())
        return variables

    def _variable_names(self) -> list[str]:
        return [name for name in self.history.columns if name not in COMMON_COLUMNS]
