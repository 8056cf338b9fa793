"""The report: one page in one file."""

import base64

import pytest

from pipeline.evaluation.parity import judge
from pipeline.reporting import figures
from pipeline.reporting.report import render
from pipeline.reporting.shown import title

from ..evaluation.made import dataset
from .conftest import classes, forecast, minimum, pairs, table


@pytest.fixture
def page(tmp_path):
    def rendered(shown, broken=None):
        for name in figures.of_task(shown.dataset.task):
            if name != "forecast" or len(shown.forecast):
                (tmp_path / f"{name}.png").write_bytes(name.encode())
        outputs = {"eager": shown.prediction, "frozen_graph": shown.prediction}
        how = {"eager": "", "frozen_graph": "import_graph_def"}
        if broken:
            outputs["frozen_graph"] = broken
        verdict = judge(outputs, how, shown.test.label, "eager", 1e-6, lambda *_: 0.0)
        return render(shown, verdict.to_json(), "the <cost>", tmp_path)

    return rendered


def test_it_holds_every_figure_and_metric_of_the_task(model, page):
    shown, names = model
    text = page(shown)
    assert text.count("<img") == len(names) + 1
    for name in {*names, "learning_curve"}:
        png = base64.b64encode(name.encode()).decode()
        assert f'alt="{name.replace("_", " ")}" src="data:image/png;base64,{png}"' in text
    for name, value in shown.results["model"].items():
        assert f"<th>{name.replace('_', ' ')}</th>" in text
        assert f"<b>{value:.6g}</b>" in text
    assert "change of the &lt;cost&gt;" in text
    assert ("Confusion matrix</h2>" in text) == (shown.dataset.task == "classification")


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


def test_titles():
    assert title(forecast(target="price")) == "price from a, b"
    assert title(minimum(x=[2.0, 1.0, 0.5])) == "The minimum of y"
    assert title(pairs()) == "same from a, b"
    many = dataset("regression", tuple(f"x_{number}" for number in range(1000)))
    shown = table()
    assert title(type(shown)(**{**vars(shown), "dataset": many})) == "y from 1,000 features"
