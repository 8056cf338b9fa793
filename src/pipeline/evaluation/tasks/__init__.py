"""Tasks: what a model is for, and so how its predictions are measured and written down."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import pandas as pd

from pipeline.data.prepared import Dataset, Split


class Task(Protocol):
    """How predictions, `[rows, outputs] float32`, are measured."""

    @property
    def cost_name(self) -> str:
        """What `cost` is called, for people."""

    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return the metrics of a prediction of the split's rows."""

    def baselines(self, train: Split, test: Split) -> dict[str, dict[str, float]]:
        """Return the same metrics of what the model must be held against, by its name."""

    def cost(self, output: np.ndarray, label: np.ndarray) -> float:
        """Return one finite number for `[rows, outputs]` and `[rows, 1]`: less is better."""

    def columns(self, prediction: np.ndarray, split: Split) -> dict[str, np.ndarray]:
        """Return the columns of a table of predictions, `[rows]` each.

        They are those of `signature.named`, after the label where it is known.
        """


# Reads the trained values, by the variables' names.
ReadVariables = Callable[[], Mapping[str, np.ndarray]]


def choose(
    dataset: Dataset, margin: float, history: pd.DataFrame, read_variables: ReadVariables
) -> Task:
    """Return the task of the prepared data.

    Only what the task needs is imported: scikit-learn takes more than a second.

    Args:
        margin: of the contrastive loss; halfway, a pair is taken to be different.
        history: the learning curve, as `history.read_table` returns it.
        read_variables: reads the trained values, by the variables' names.
    """
    match dataset.task:
        case "classification":
            from pipeline.evaluation.tasks.classification import Classification

            return Classification(dataset)
        case "similarity":
            from pipeline.evaluation.tasks.similarity import Similarity

            return Similarity(dataset, margin / 2)
        case "minimization":
            from pipeline.evaluation.tasks.minimization import Minimization

            return Minimization(dataset, history, read_variables)
        case _:
            from pipeline.evaluation.tasks.regression import Regression

            return Regression(dataset)
