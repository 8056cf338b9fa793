"""A panel with lags, weights and several series: from one command to predictions in all ways."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from ..conftest import Clone

pytestmark = pytest.mark.repro

FEATURES = ["x", "sales_lag_1", "sales_lag_2", "sales_mean_7"]


@pytest.fixture
def panel() -> pd.DataFrame:
    """120 days of three shops, in the order of the days, written as in Germany."""
    generator, tables = np.random.default_rng(0), []
    for shop in ("north", "south", "west"):
        x, noise, sales = *generator.normal(size=(2, 120)), [0.0]
        for here, other in zip(x, noise, strict=True):
            sales.append(0.8 * sales[-1] + here + 0.1 * other)
        days = pd.date_range("2024-01-01", periods=120)
        weight = generator.uniform(0, 3, 120)
        columns = {"day": days, "shop": shop, "x": x, "sales": sales[1:], "w": weight}
        tables.append(pd.DataFrame(columns))
    table = pd.concat(tables).sort_values(["day", "shop"]).reset_index(drop=True)
    return table.assign(day=table.day.dt.strftime("%d.%m.%Y"))


def lagged(panel: pd.DataFrame) -> pd.DataFrame:
    """The table with the columns that the lags are, and without rows that have none."""
    sales = panel.groupby("shop")["sales"]
    made = panel.assign(
        sales_lag_1=sales.shift(1),
        sales_lag_2=sales.shift(2),
        sales_mean_7=sales.transform(lambda values: values.shift(1).rolling(7).mean()),
    )
    return made[21:]


def test_a_panel_is_learned_and_predicted(fresh: Clone, tmp_path: Path, panel):
    panel.to_csv(tmp_path / "shops.csv", index=False)
    output = fresh.pipeline(
        "run", "data=csv", f"data.path={tmp_path}/shops.csv", "data.target=sales",
        "data.date_column=day", "data.date_format=%d.%m.%Y", "data.group=shop", "data.weight=w",
        "data.lags={sales:{lag:[1,2],mean:[7]}}", "data.validation_share=0", "device=cpu",
    )  # fmt: skip
    assert "21 of 360 rows have no lags" in output
    metrics, rows = fresh.json("reports/metrics.json"), lagged(panel)
    train, test = rows[:-69], rows[-69:]  # a day is not divided
    fitted = LinearRegression().fit(train[FEATURES], train.sales, train.w)
    expected = fitted.predict(test[FEATURES])
    predictions = pd.read_csv(fresh.path / "reports/predictions.csv")
    np.testing.assert_allclose(predictions.prediction, expected, atol=1e-4)
    assert predictions.date.iloc[-1] == "west 2024-04-29"
    mse = np.average((test.sales - expected) ** 2, weights=test.w)
    assert metrics["model"]["mse"] == pytest.approx(mse, rel=1e-3)
    assert metrics["baselines"]["linear_regression"]["mse"] == pytest.approx(mse, rel=1e-3)
    predict_in_all_ways(fresh, tmp_path, panel, predictions.prediction)


def predict_in_all_ways(fresh: Clone, folder: Path, panel: pd.DataFrame, expected: pd.Series):
    """From the raw table, and from the lagged columns by their names."""
    late = panel[-69 - 21 :].assign(w="not read")
    late.to_csv(folder / "late.csv", index=False)
    lagged(panel)[-69:].drop(columns=["sales", "day"]).to_csv(folder / "lagged.csv", index=False)
    model, found = "artifacts/frozen/model.pb", {}
    for name in ("late", "lagged"):
        given, to = str(folder / f"{name}.csv"), str(folder / f"{name}-out.csv")
        fresh.pipeline("predict", model, given, "-o", to)
        found[name] = pd.read_csv(to).prediction
    assert found["late"].isna().sum() == 21
    np.testing.assert_allclose(found["late"][21:], expected, rtol=1e-9)
    np.testing.assert_allclose(found["lagged"], expected, rtol=1e-6)
