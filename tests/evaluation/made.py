"""Small data sets for each task."""

import numpy as np

from pipeline.data.prepared.dataset import Dataset, Split
from pipeline.data.prepared.encoding import Encoding
from pipeline.data.prepared.scaling import Scaling
from pipeline.data.prepared.tasks import TASKS
from pipeline.evaluation.report.results import Inputs


def column(*values):
    return np.array(values, np.float64)[:, None]


def rows(features, label, index=None):
    """A split of a table: `[rows, features]` and the labels in a list."""
    features = np.array(features, np.float64)
    index = np.arange(1, len(features) + 1) if index is None else index
    return Split(features, column(*label), index, np.empty((len(features), 0), object))


def dataset(task, features=("a", "b"), targets=("y",), **changes):
    """A data set whose columns need no scaling."""
    columns, labels = len(features), len(targets)
    identity = (0.0,) * columns, (1.0,) * columns, (0.0,) * labels, (1.0,) * labels
    dtype = "float64" if TASKS[task].is_of_tables else "float32"
    values = {
        "source": "csv",
        "task": task,
        "features": features,
        "text": (),
        "shape": (columns,),
        "targets": targets,
        "classes": (),
        "index_name": "row",
        "today": None,
        "horizon": 0,
        "encoding": Encoding(Scaling(*identity), dtype=dtype),
        "source_sha256": "",
    }
    return Dataset(**{**values, **changes})


def inputs(dataset, train, test, latest=None, history=None):
    """What an evaluation reads; the raw training rows are all in the sample."""
    none = test.select(slice(0, 0))
    return Inputs(
        dataset=dataset,
        network="linear",
        step=100 if history is None else int(history.step.iloc[-1]),
        train=train.encode(dataset.encoding),
        sample=train,
        validation=none,
        test=test,
        latest=none if latest is None else latest,
        history=history,
    )


def predicted(task, train, test):
    """Each baseline's prediction of test rows."""
    rows = train.encode(task.dataset.encoding)
    return {name: predict(test) for name, predict in task.fit_predictors(rows).items()}


def measured(task, train, test):
    """Each baseline's metrics on test rows."""
    given = inputs(task.dataset, train, test)
    return {name: measure(test) for name, measure in task.fit_baselines(given).items()}
