"""Numbers far from zero keep their digits, from the table to the metrics and the gate."""

import dataclasses
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from pipeline.config import composing as composition
from pipeline.evaluation import gate, tasks
from pipeline.graph.inference import PREDICTION
from pipeline.models.forms import checkpoint
from pipeline.models.run import eager, frozen_graph
from pipeline.models.run.form import Runtime
from pipeline.workspace import Workspace

from .conftest import Run

pytestmark = pytest.mark.slow

ROWS = 400
GENERATOR = np.random.default_rng(3)
FINE = GENERATOR.uniform(0, 3, (ROWS, 2))
NOISE = GENERATOR.normal(0, 0.05, ROWS)
STEPS = GENERATOR.permutation(ROWS)
START = 1_700_000_000  # Unix time in seconds

TABLES = {
    "coordinates": {
        "east": (500_000 + FINE[:, 0]).round(3),
        "north": (5_800_000 + FINE[:, 1]).round(3),
        "y": (10 * FINE[:, 0] + 7 * FINE[:, 1] + NOISE).round(4),
    },
    "target": {"i": STEPS, "y": 123_457_349 + 3 * STEPS + (NOISE / 2).round(3)},
    "Unix time": {"time": START + FINE[:, 0].round(3), "y": 5 * FINE[:, 0] + NOISE},
    "a date": {
        "day": pd.to_datetime((START * 1000 + FINE[:, 0] * 1000).astype("int64"), unit="ms"),
        "y": 5 * FINE[:, 0] + NOISE,
    },
}


def closed_form(table: pd.DataFrame, predicted: pd.DataFrame) -> float:
    """Return the squared error of scikit-learn in float64 on the same test rows."""
    numbers = table.drop(columns="y")
    numbers = numbers.astype("int64") if "day" in table else numbers
    centred = (numbers - numbers.iloc[0]).to_numpy(np.float64)
    far = table["y"][0]
    test = predicted["row"].to_numpy() - 1
    rows = np.setdiff1d(np.arange(ROWS), test)
    model = LinearRegression().fit(centred[rows], table["y"][rows] - far)
    return float(np.mean((model.predict(centred[test]) - (table["y"][test] - far)) ** 2))


@pytest.mark.parametrize("name", TABLES)
def test_a_linear_model_loses_no_digits(run: Run, name: str):
    table = pd.DataFrame(TABLES[name])
    table.to_csv("own.csv", index=False, date_format="%Y-%m-%dT%H:%M:%S.%f")
    metrics = run(
        "data=csv", "data.path=own.csv", "data.target=y", "data.split=random",
        "data.validation_share=0",
    )  # fmt: skip
    workspace = Workspace.here()
    predicted = pd.read_csv(workspace.predictions)
    best = closed_form(table, predicted)
    assert best < 0.004
    assert metrics["model"]["mse"] == pytest.approx(best, rel=0.05)
    assert metrics["baselines"]["linear_regression"]["mse"] == pytest.approx(best, rel=0.05)
    actual = predicted["actual"].to_numpy()
    np.testing.assert_array_equal(actual, table["y"].to_numpy()[predicted["row"] - 1])


def test_the_tolerance_is_of_the_scaled_output(run: Run):
    """A difference of half a unit is little beside 123 million, and much beside the deviation."""
    pd.DataFrame(TABLES["target"]).to_csv("own.csv", index=False)
    run("data=csv", "data.path=own.csv", "data.target=y", "train.steps=20")
    workspace = Workspace.here()
    inputs = gate.read_inputs(workspace)
    read_variables = partial(checkpoint.read_variables, workspace.checkpoint)
    task = tasks.choose(inputs.dataset, 1.0, inputs.history, read_variables)
    forms = (eager.FORM, frozen_graph.FORM)
    found = gate.run_forms(forms, Runtime(workspace), inputs, np.empty((0, 1)))
    values = found.outputs["frozen_graph"][PREDICTION]
    parity = composition.compose(workspace, [])[0].evaluation.parity
    assert gate.judge(found, forms, inputs, parity, task)
    moved = {**found.outputs, "frozen_graph": {PREDICTION: values + 0.5}}
    verdict = gate.judge(dataclasses.replace(found, outputs=moved), forms, inputs, parity, task)
    assert not verdict
    assert parity.tolerance * values.mean() > 0.5
    (scale,) = inputs.dataset.encoding.scaling.label_scale
    found_difference = verdict.summary()["max_abs_diff"]
    assert found_difference == pytest.approx(0.5 / scale, rel=1e-3)
