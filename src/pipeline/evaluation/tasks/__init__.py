"""Tasks: what a model is for, and so how its predictions are measured and shown.

scikit-learn and matplotlib take more than a second to import, so a task imports them where it uses
them.
"""

from collections.abc import Callable

import pandas as pd

from pipeline.data.prepared.dataset import Dataset
from pipeline.evaluation.tasks.base import Task
from pipeline.evaluation.tasks.classification import Classification
from pipeline.evaluation.tasks.minimization import Minimization, ReadVariables
from pipeline.evaluation.tasks.regression import Regression
from pipeline.evaluation.tasks.similarity import Similarity

__all__ = ["Task", "choose"]


def choose(
    dataset: Dataset, margin: float, history: pd.DataFrame, read_variables: ReadVariables
) -> Task:
    """Return the task of the data; pairs more than half of the margin apart are different."""
    tasks: dict[str, Callable[[], Task]] = {
        "regression": lambda: Regression(dataset),
        "classification": lambda: Classification(dataset),
        "similarity": lambda: Similarity(dataset, margin / 2),
        "minimization": lambda: Minimization(dataset, history, read_variables),
    }
    return tasks[dataset.task]()
