"""Models of every task, measured, without a training."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.evaluation import tasks
from pipeline.evaluation.report.results import Results

from ..made import column, dataset, inputs, rows
from ..made import measured as baselines_of

HISTORY = pd.DataFrame({"step": [1, 10, 100], "loss": [3.0, 0.4, 0.1]})
DAYS = np.arange("2018-01-01", "2018-03-02", dtype="datetime64[D]")
X = np.linspace(-2, 3, 60)


def task_of(results):
    return tasks.choose(results.dataset, 1.0, results.history, dict)


def measured(dataset, split, prediction, history=HISTORY, train=None, latest=0):
    """Measure a prediction of `split`, whose first rows are also the `latest` ones."""
    train = split if train is None else train
    unlabelled = replace(split.select(slice(latest)), label=split.label[:0])
    given = inputs(dataset, train, split, unlabelled, history)
    task = tasks.choose(dataset, 1.0, history, dict)
    metrics = {
        "task": dataset.task,
        "model": task.metrics(prediction, split),
        "baselines": baselines_of(task, train, split),
        "parity": {"passed": True, "max_abs_diff": 0.0, "max_ulp": 0},
    }
    points = task.grid(train, split)
    return Results(
        **vars(given),
        metrics=metrics,
        prediction=prediction,
        forecast=prediction[:latest],
        grid=points,
        fitted=np.sin(points) if len(points) else np.empty((0, 1)),
    )


def forecast(**changes):
    prices = rows(np.column_stack([X, X**2]), np.sin(X), DAYS)
    values = {"targets": ("price in $ or $_1",), "index_name": "date", "today": "a", "horizon": 3}
    data = dataset("regression", **{**values, **changes})
    return measured(data, prices, column(*np.sin(X + 0.1)), latest=5)


def curve():
    train, test = rows(X[::2, None], np.cos(X[::2])), rows(X[1::2, None], np.cos(X[1::2]))
    return measured(dataset("regression", ("x",)), test, np.sin(test.features), train=train)


def table():
    """A regression whose test rows were drawn at random."""
    index = np.flatnonzero(np.arange(180) % 3 != 0)[:60]
    split = rows(np.column_stack([X, X**2]), np.sin(X), index)
    return measured(dataset("regression"), split, column(*np.sin(X + 0.1)))


def targets():
    """A regression of five targets, in different units."""
    scales = 10.0 ** np.arange(5)
    split = replace(rows(np.column_stack([X, X**2]), np.sin(X)), label=np.sin(X)[:, None] * scales)
    data = dataset("regression", targets=tuple(f"target {number} in $" for number in range(5)))
    return measured(data, split, split.label * 0.9)


def classes(count=3):
    label = np.arange(60) % count
    logits = np.random.default_rng(0).normal(size=(60, count)) + 2 * np.eye(count)[label]
    prediction = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)
    names = tuple(f"<class {number}> of $" for number in range(count))
    data = dataset("classification", targets=("kind",), classes=names)
    return measured(data, rows(logits[:, :2], label), prediction)


def pairs():
    same = np.arange(60) % 2
    split = rows(np.column_stack([X, X + 1 - same]), same)
    return measured(dataset("similarity", targets=("same",)), split, column(*(1.2 - same + X / 20)))


def minimum(**variables):
    steps = pd.DataFrame({"step": [1, 2, 3], "loss": [4.0, 1.0, 0.25], **variables})
    data = dataset("minimization", ("offset",), index_name="offset")
    offset = np.linspace(-3, 3, 61)
    split = rows(offset[:, None], np.zeros(61), offset)
    return measured(data, split, column(*(offset + 0.25) ** 2), history=steps)


MODELS = {
    "forecast": (forecast, {"predictions", "forecast", "residuals"}),
    "curve": (curve, {"predictions", "residuals"}),
    "table": (table, {"predictions", "residuals"}),
    "several targets": (targets, {"predictions", "residuals"}),
    "classification": (classes, {"confusion_matrix", "confidence"}),
    "similarity": (pairs, {"distances"}),
    "minimization": (lambda: minimum(x=[2.0, 1.0, 0.5]), {"descent"}),
    "minimization of several variables": (
        lambda: minimum(x=[2.0, 1.0, 0.5], z=[1.0, 1.0, 0.0]),
        {"descent"},
    ),
}


@pytest.fixture(params=MODELS)
def model(request):
    """The results of a model, and the figures that it must have besides its learning curve."""
    make, names = MODELS[request.param]
    return make(), names
