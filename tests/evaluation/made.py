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
    latest = test.select(slice(0, 0)) if latest is None else latest
    return Inputs(dataset, train.encode(dataset.encoding), train, test, latest, history)
