"""Tasks: what a model is for, and so how its predictions are measured and shown.

scikit-learn and matplotlib take more than a second to import, so a task imports them where it uses
them.
"""

from collections.abc import Callable
from functools import partial

import pandas as pd

from pipeline.data.prepared.dataset import Dataset
from pipeline.evaluation.tasks.base import Headline, Task
from pipeline.evaluation.tasks.classification import Classification
from pipeline.evaluation.tasks.minimization import Minimization, ReadVariables
from pipeline.evaluation.tasks.regression import Regression
from pipeline.evaluation.tasks.similarity import Similarity

__all__ = ["Task", "choose", "headline"]

KINDS: dict[str, type[Task]] = {
    "regression": Regression,
    "classification": Classification,
    "similarity": Similarity,
    "minimization": Minimization,
}


def choose(
    dataset: Dataset, margin: float, history: pd.DataFrame, read_variables: ReadVariables
) -> Task:
    """Return the task of the data; pairs more than half of the margin apart are different."""
    own: dict[str, Callable[[Dataset], Task]] = {
        "similarity": partial(Similarity, threshold=margin / 2),
        "minimization": partial(Minimization, history=history, read_variables=read_variables),
    }
    return own.get(dataset.task, KINDS[dataset.task])(dataset)


def headline(task: str) -> Headline:
    """Return the metric that models of a task are compared and chosen by."""
    return KINDS[task].headline
