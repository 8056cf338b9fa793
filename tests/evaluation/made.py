"""Small data sets for each task."""

import numpy as np

from pipeline.data.prepared.dataset import Dataset, Split
from pipeline.data.prepared.scaling import Scaling


def column(*values):
    return np.array(values, np.float32)[:, None]


def rows(features, label, index=None):
    """A split: `[rows, features]` and the labels in a list."""
    features = np.array(features, np.float32)
    index = np.arange(1, len(features) + 1) if index is None else index
    return Split(features, column(*label), index)


def dataset(task, features=("a", "b"), target="y", **changes):
    """A data set whose features need no scaling."""
    scaling = Scaling((0.0,) * len(features), (1.0,) * len(features), 0.0, 1.0)
    values = {
        "source": "csv",
        "task": task,
        "features": features,
        "shape": (len(features),),
        "target": target,
        "classes": (),
        "index_name": "row",
        "today": None,
        "horizon": 0,
        "scaling": scaling,
        "source_sha256": "",
    }
    return Dataset(**{**values, **changes})


def predicted(task, train, test):
    """Each baseline's prediction of test rows."""
    return {name: predict(test) for name, predict in task.fit_predictors(train).items()}


def measured(task, train, test):
    """Each baseline's metrics on test rows."""
    return {name: measure(test) for name, measure in task.fit_baselines(train).items()}
