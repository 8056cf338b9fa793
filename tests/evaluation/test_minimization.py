"""Metrics, baseline and columns of a minimum that was found."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from pipeline.evaluation.tasks.minimization import Minimization

from ..conftest import REPOSITORY
from .made import column, dataset, measured, rows

DATASET = dataset("minimization", ("offset",), index_name="offset")
HISTORY = pd.DataFrame(
    {"step": [1, 2], "loss": [4.0, 1.0], "learning_rate": [0.5, 0.4], "x": [2.0, 1.0]}
)
AROUND = rows([[-1], [0], [1]], [0, 0, 0])
Y = column(0.25, 0.5, 2)


def trained():
    return {"network/x": np.array([0.5], np.float32), "global_step": np.array(2)}


TASK = Minimization(DATASET, HISTORY, trained)


def test_the_minimum_is_where_the_offset_is_0():
    assert TASK.metrics(Y, AROUND) == {"minimum": 0.5, "lowest_around": 0.25, "x": 0.5}


def test_the_start_is_the_baseline():
    assert measured(TASK, AROUND, AROUND) == {"start": {"minimum": 4.0, "x": 2.0}}
    assert measured(Minimization(DATASET, HISTORY[:0], trained), AROUND, AROUND) == {}


def test_the_last_known_x_stands_for_one_that_is_not_in_the_checkpoint():
    assert Minimization(DATASET, HISTORY, dict).metrics(Y, AROUND)["x"] == 1.0


def test_columns_have_x_where_there_is_one():
    assert list(TASK.columns(Y, AROUND)["x"]) == [-0.5, 0.5, 1.5]
    assert list(TASK.columns(Y, AROUND)["prediction"]) == list(Y[:, 0])
    several = Minimization(DATASET, HISTORY.assign(z=1.0), trained)
    assert list(several.columns(Y, AROUND)) == ["prediction"]


def test_the_cost_is_the_smallest_y():
    assert TASK.cost(Y, AROUND.label) == 0.25


@pytest.mark.slow
@pytest.mark.parametrize(("task", "loads"), [("minimization", "False"), ("classification", "True")])
def test_a_task_loads_scikit_learn_only_if_it_needs_it(task, loads):
    code = (
        "import sys, numpy, pandas; from tests.evaluation.made import dataset, rows;"
        "from pipeline.evaluation import parity, tasks;"
        f"task = tasks.choose(dataset({task!r}), 1.0, pandas.DataFrame({{'loss': [1.0]}}), dict);"
        "task.metrics(numpy.eye(2), rows(numpy.eye(2), [0, 1]));"
        "print('sklearn' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert done.stdout.strip() == loads


def test_every_task_is_chosen_by_its_name():
    from pipeline.data.prepared.tasks import TASKS
    from pipeline.evaluation.tasks import choose

    chosen = [type(choose(dataset(task), 1.0, HISTORY, trained)).__name__.lower() for task in TASKS]
    assert chosen == list(TASKS)
    assert choose(dataset("similarity"), 3.0, HISTORY, trained).threshold == 1.5
