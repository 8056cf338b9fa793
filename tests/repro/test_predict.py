"""`pipeline predict`: a table in, the same table with a prediction out."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from ..conftest import Clone

pytestmark = pytest.mark.repro


@pytest.mark.parametrize(
    "model", ["artifacts/frozen/model.pb", "artifacts/saved_model", "artifacts/checkpoint"]
)
@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_predict_adds_a_column(finished: Clone, tmp_path: Path, model: str, name: str):
    """Raw prices have what the features are made of, in any order of columns."""
    prices = pd.read_csv(finished.path / "data/raw/sp500.csv")[-100:]
    prices[prices.columns[::-1]].to_csv(tmp_path / "in.csv", index=False)
    finished.pipeline("predict", model, str(tmp_path / "in.csv"), "-o", str(tmp_path / name))
    read = pd.read_csv if name.endswith("csv") else pd.read_parquet
    found = read(tmp_path / name)
    assert list(found.columns) == [*prices.columns[::-1], "prediction"]
    forecast = pd.read_csv(finished.path / "reports/forecast.csv")
    expected = forecast.adj_close_in_51_rows.to_numpy()
    assert found.prediction[-51:].to_numpy() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda table: table.drop(columns="close"), "no column 'close'"),
        (lambda table: table.assign(volume="much"), "column 'volume' has text, such as 'much'"),
        (lambda table: table.assign(prediction=1), "already has a column 'prediction'"),
        (lambda table: table[:0], "has a header but no rows"),
    ],
)
def test_predict_refuses_an_unfit_table(finished: Clone, tmp_path: Path, change, expected: str):
    prices = pd.read_csv(finished.path / "data/raw/sp500.csv")[:5]
    change(prices).to_csv(tmp_path / "in.csv", index=False)
    output = finished.fail(
        sys.executable, "-m", "pipeline", "predict",
        "artifacts/frozen/model.pb", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"),
    )  # fmt: skip
    assert expected in output
    assert not (tmp_path / "out.csv").exists()
