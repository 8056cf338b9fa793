"""Minimization: no data; the output itself is what was made small."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pipeline.data.prepared import Dataset, Split

# Columns of the learning curve that are no variable of the function.
RECORDED = ("step", "loss", "validation_loss", "learning_rate")


@dataclass(frozen=True)
class Minimization:
    """A prediction is y at each offset from the minimum found, `[rows, 1]`.

    Attributes:
        history: the learning curve: y and the scalar variables before each step.
        read_variables: reads the trained values, by the variables' names.
    """

    dataset: Dataset
    history: pd.DataFrame
    read_variables: Callable[[], Mapping[str, np.ndarray]]

    cost_name: ClassVar[str] = "smallest y"

    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return the minimum found, the lowest y around it, and where the minimum is."""
        return {
            "minimum": float(prediction[_row_of_the_minimum(split), 0]),
            "lowest_around": self.cost(prediction, split.label),
            **self._found(),
        }

    def baselines(self, train: Split, test: Split) -> dict[str, dict[str, float]]:
        """Return y and the variables at the start: before the first step."""
        if self.history.empty:
            return {}
        first = self.history.iloc[0]
        at = {name: float(first[name]) for name in self._names()}
        return {"start": {"minimum": float(first["loss"]), **at}}

    def cost(self, output: np.ndarray, label: np.ndarray) -> float:
        """Return the smallest y."""
        return float(output.min())

    def columns(self, prediction: np.ndarray, split: Split) -> dict[str, np.ndarray]:
        """Return y, and x where the function is one of a single variable."""
        found = self._found()
        x = {name: at + split.features[:, 0].astype(np.float64) for name, at in found.items()}
        return {**(x if len(x) == 1 else {}), "prediction": prediction[:, 0]}

    def _names(self) -> list[str]:
        return [name for name in self.history.columns if name not in RECORDED]

    def _found(self) -> dict[str, float]:
        """Return the trained values of the scalar variables; the last known where one has none."""
        found = {name: float(self.history[name].iloc[-1]) for name in self._names()}
        for name, value in self.read_variables().items():
            short = name.removeprefix("network/")
            if short in found and value.size == 1:
                found[short] = float(value.item())
        return found


def _row_of_the_minimum(split: Split) -> int:
    """Return the row with the smallest offset: 0, where there is such a row."""
    return int(np.abs(split.features).sum(1).argmin())
