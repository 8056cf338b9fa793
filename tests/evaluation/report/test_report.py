"""The report: one page in one file."""

import base64
import dataclasses

import pytest

from pipeline.evaluation.parity import Requirement, judge
from pipeline.evaluation.report.page import render

from ..made import dataset
from .conftest import classes, forecast, minimum, pairs, table, task_of


@pytest.fixture
def page(tmp_path):
    def rendered(results, broken=None):
        task = task_of(results)
        for name in task.figures(results):
            (tmp_path / f"{name}.png").write_bytes(name.encode())
        outputs = {name: {"prediction": results.prediction} for name in ("eager", "frozen_graph")}
        how = {"eager": "", "frozen_graph": "import_graph_def"}
        required = {name: Requirement(restored_by, 1e-6) for name, restored_by in how.items()}
        if broken:
            outputs["frozen_graph"] = broken
        verdict = judge(outputs, required, "eager", lambda _: 0.0)
        return render(task, results, verdict.to_json(), tmp_path)

    return rendered


def test_it_holds_every_figure_and_metric_of_the_task(model, page):
    results, names = model
    text = page(results)
    assert text.count("<img") == len(names) + 1
    for name in {*names, "learning_curve"}:
        png = base64.b64encode(name.encode()).decode()
        assert f'alt="{name.replace("_", " ")}" src="data:image/png;base64,{png}"' in text
    for name, value in results.metrics["model"].items():
        assert f"<th>{name.replace('_', ' ')}</th>" in text
        assert f"<b>{value:.6g}</b>" in text
    assert f"change of {task_of(results).cost_name}" in text
    assert ("Confusion matrix</h2>" in text) == (results.dataset.task == "classification")


def test_the_confusion_matrix_is_a_table_with_escaped_names(page):
    text = page(classes(2))
    assert "<th>&lt;class 0&gt; of $</th>" in text
    assert text.count('class="right"') == 2
    assert "Confusion matrix</h2>" not in page(classes(30))


def test_a_form_that_failed_says_why(page):
    text = page(table(), broken="it <cannot> be restored")
    assert "parity failed" in text
    assert "it &lt;cannot&gt; be restored" in text
    assert "nothing to compare" in text


def test_it_shows_the_validation_beside_the_test(page):
    results = table()
    assert "validation rows" not in page(results)
    results.metrics["validation"] = {"mse": 0.0458, "r2": 0.5}
    text = page(results)
    assert "Metrics on the test rows</h2>" in text
    assert "Metrics on the validation rows</h2>" in text
    assert "<b>0.0458</b>" in text


def test_it_begins_with_the_warnings(page):
    results = table()
    assert '<p class="warning">' not in page(results)
    results.metrics["warnings"] = ["the model is worse than mean", "not <converged>"]
    text = page(results)
    for said in ("the model is worse than mean", "not &lt;converged&gt;"):
        assert f'<p class="warning">{said}</p>' in text
        assert text.index(said) < text.index("<h2>")


def test_titles():
    assert task_of(forecast(targets=("price",))).title == "price from a, b"
    assert task_of(minimum(x=[2.0, 1.0, 0.5])).title == "The minimum of y"
    assert task_of(pairs()).title == "same from a, b"
    many = dataset("regression", tuple(f"x_{number}" for number in range(1000)))
    assert task_of(dataclasses.replace(table(), dataset=many)).title == "y from 1,000 features"
