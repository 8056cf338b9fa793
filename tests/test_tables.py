"""Real tables, each with one command: the models are as good as those of scikit-learn."""

from pathlib import Path

import pytest
from benchmarks import tables, tables_document
from benchmarks.shipped_tables import TABLES, ShippedTable
from tensorflow.python.framework.config import disable_op_determinism

from pipeline.graph import devices

pytest.importorskip("statsmodels", reason="the extra `tables` is not installed")

pytestmark = pytest.mark.slow

BY_NAME = {table.name: table for table in TABLES}


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(devices, "_configured", None)  # as in a process of its own
    yield
    disable_op_determinism()


@pytest.mark.parametrize("name", ["star98", "macrodata", "nasdaq"])
def test_a_linear_model_is_as_good_as_the_closed_form(tmp_path: Path, name: str):
    found = measure_linear(BY_NAME[name], tmp_path)
    assert found["pipeline linear"]["mse"] <= 1.01 * found["closed form"]["mse"]


def measure_linear(table: ShippedTable, folder: Path) -> dict[str, dict[str, float]]:
    tables.set_up(table, folder)
    return tables.train(table, "linear", 0, folder)


@pytest.mark.parametrize(
    ("name", "metric", "least"), [("penguins", "accuracy", 0.03), ("barley", "r2", 0.1)]
)
def test_a_table_as_it_comes_needs_no_preparation(
    tmp_path: Path, name: str, metric: str, least: float
):
    found = tables.measure(BY_NAME[name], seeds=[0], folder=tmp_path)["metrics"]
    ours, theirs = (
        max(found[f"{who} {model}"][0][metric] for model in ("linear", "mlp"))
        for who in ("pipeline", "scikit-learn")
    )
    assert ours >= theirs - least


def test_a_verdict_is_by_the_deviation_of_the_better_model():
    worse, better = [{"r2": 0.1}, {"r2": 0.3}], [{"r2": 0.5}, {"r2": 0.7}]
    metrics = {"scikit-learn linear": worse, "scikit-learn mlp": better}
    ours = {"pipeline linear": [{"r2": 0.45}, {"r2": 0.45}], "pipeline mlp": worse}
    excess = tables_document.excess({"metrics": metrics | ours}, "r2")
    assert excess == pytest.approx(0.15 / 0.1414, rel=1e-3)


def test_every_row_of_the_page_is_good_enough():
    page = tables.DOCUMENT.with_suffix(".md").read_text(encoding="utf-8")
    assert "**no**" not in page
    assert page.count("data.target=") > 12
