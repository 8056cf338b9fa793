"""Tables of predictions: what a user names collides with no column of ours."""

import pandas as pd
import pytest

from pipeline.evaluation import publishing
from pipeline.evaluation.parity import Requirement, judge
from pipeline.workspace import Workspace

from .conftest import forecast, minimum, task_of

pytestmark = pytest.mark.slow


def publish(results, settings, workspace):
    outputs = {name: {"prediction": results.prediction} for name in ("eager", "frozen_graph")}
    required = {name: Requirement(name, 1e-6) for name in outputs}
    verdict = judge(outputs, required, "eager", lambda _: 0.0)
    figures = settings("evaluation.figures.dpi=20").evaluation.figures
    publishing.publish(results, verdict, task_of(results), figures, workspace)
    return pd.read_csv(workspace.predictions), pd.read_csv(workspace.forecast)


@pytest.mark.parametrize("name", ["rows_ahead", "actual", "prediction"])
def test_an_index_may_have_the_name_of_a_column(name, settings, tmp_path):
    tested, latest = publish(forecast(index_name=name), settings, Workspace(tmp_path))
    assert list(tested) == [f"index_{name}", "actual", "prediction"]
    assert list(latest) == [f"index_{name}", "rows_ahead", "prediction"]
    assert tested[f"index_{name}"][0] == "2018-01-01"
    assert (latest.rows_ahead == 3).all()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x", ["offset", "x", "prediction"]),
        ("offset", ["index_offset", "offset", "prediction"]),
        ("prediction", ["offset", "network/prediction", "prediction"]),
    ],
)
def test_a_variable_may_have_the_name_of_a_column(name, expected, settings, tmp_path):
    results = minimum(**{name: [2.0, 1.0, 0.5]})
    tested, _ = publish(results, settings, Workspace(tmp_path))
    assert list(tested) == expected
    assert tested.prediction[0] == pytest.approx(results.prediction[0, 0])
