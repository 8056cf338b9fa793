"""The user's own CSV or Parquet file."""

from pathlib import Path

import pytest
from sklearn.datasets import load_diabetes

from ..conftest import Clone
from .test_changes import SMALL, ran

pytestmark = pytest.mark.repro


def test_own_csv_and_parquet(copy: Clone, tmp_path: Path):

    table = load_diabetes(as_frame=True).frame
    table.to_csv(tmp_path / "own.csv", index=False)
    table.rename(columns={"target": "progression"}).to_parquet(tmp_path / "own.parquet")
    copy.pipeline("run", "data=csv", f"data.path={tmp_path}/own.csv", "data.target=target", SMALL)
    metrics = copy.json("reports/metrics.json")
    assert metrics["parity"]["passed"]
    assert set(metrics["baselines"]) == {"linear_regression", "mean"}
    assert (copy.path / "reports/forecast.csv").read_text() == "row,rows_ahead,target\n"
    assert not (copy.path / "reports/figures/forecast.png").exists()

    copy.pipeline(
        "run", "data=csv", f"data.path={tmp_path}/own.parquet", "data.target=progression",
        "data.features=[bmi,bp]", "model=mlp", "model.dropout=0.2", "train=minibatch", SMALL,
    )  # fmt: skip
    assert copy.json("data/prepared/dataset.json")["features"] == ["bmi", "bp"]
    assert copy.json("reports/metrics.json")["parity"]["passed"]
    # The user's file is a dependency: an edit of it is noticed.
    table[:400].rename(columns={"target": "progression"}).to_parquet(tmp_path / "own.parquet")
    assert ran(copy.repro())[0] == "prepare"
