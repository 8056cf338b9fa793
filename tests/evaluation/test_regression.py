"""Metrics and baselines of a regression, on numbers that can be checked by hand."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from pipeline.data.prepared.encoding import Encoding
from pipeline.data.prepared.scaling import Scaling
from pipeline.evaluation.report import results as metrics
from pipeline.evaluation.tasks import regression
from pipeline.evaluation.tasks.regression import Regression

from .made import column, dataset, measured, predicted, rows

FORECAST = Regression(dataset("regression", ("a",), today="a"))


def test_metrics_of_a_forecast():
    split = rows([[10]] * 4, [11, 9, 12, 8])
    found = FORECAST.metrics(column(12, 9, 9, 9), split)
    assert found["mse"] == pytest.approx((1 + 0 + 9 + 1) / 4)
    assert found["rmse"] == pytest.approx(found["mse"] ** 0.5)
    assert found["mae"] == pytest.approx((1 + 0 + 3 + 1) / 4)
    assert found["r2"] == pytest.approx(1 - 11 / 10)
    assert found["direction"] == 0.75
    assert found["skill_over_persistence"] == pytest.approx(1 - 11 / 10)


def test_persistence_itself_has_no_direction():
    found = FORECAST.metrics(column(1, 2, 3), rows([[1], [2], [3]], [2, 3, 4]))
    assert set(found) == {"mse", "rmse", "mae", "r2"}


def test_what_is_no_forecast_has_no_persistence():
    split = rows([[1, 0], [2, 0], [3, 1]], [2, 3, 5])
    task = Regression(dataset("regression"))
    assert set(measured(task, split, split)) == {"linear_regression", "mean"}
    assert set(task.metrics(column(1, 2, 9), split)) == {"mse", "rmse", "mae", "r2"}


def test_baselines_stand_on_the_same_split():
    features = np.random.default_rng(0).normal(5, 3, (30, 2))
    label = features @ [2.0, -1.0] + 1e6
    train, test = rows(features[:20], label[:20]), rows(features[20:], label[20:])
    encoding = Encoding(Scaling((5.0, 4.0), (3.0, 2.0), (1e6,), (7.0,)))
    task = Regression(dataset("regression", today="a", encoding=encoding))
    found = predicted(task, train, test)
    np.testing.assert_allclose(found["linear_regression"], test.label, rtol=1e-5)
    np.testing.assert_allclose(found["mean"], train.label.mean(dtype=float))
    np.testing.assert_array_equal(found["persistence"], test.features[:, :1])
    by_name = measured(task, train, test)
    assert by_name["mean"] == task.metrics(found["mean"], test)


def test_several_targets_have_a_baseline_each():
    generator = np.random.default_rng(0)
    features, slopes = generator.normal(5, 3, (30, 2)), np.array([[2.0, -50.0], [-1.0, 20.0]])
    label = (features @ slopes + [4, 1000]).astype(np.float32)
    train, test = (
        replace(rows(features[piece], label[piece, 0]), label=label[piece])
        for piece in (slice(20), slice(20, 30))
    )
    found = predicted(Regression(dataset("regression", targets=("y", "z"))), train, test)
    np.testing.assert_allclose(found["linear_regression"], test.label, rtol=1e-4)
    np.testing.assert_allclose(found["mean"], np.tile(label[:20].mean(0), (10, 1)), rtol=1e-6)


def test_the_closed_form_learns_from_rows_evenly_spaced_where_there_are_many(monkeypatch):
    generator = np.random.default_rng(0)
    train, test = (rows(generator.normal(size=(n, 2)), generator.normal(size=n)) for n in (25, 9))
    monkeypatch.setattr(regression, "BASELINE_ROWS", 10)
    found = predicted(Regression(dataset("regression")), train, test)
    expected = LinearRegression().fit(train.features[::3], train.label[::3]).predict(test.features)
    np.testing.assert_allclose(found["linear_regression"], expected, rtol=1e-5)
    np.testing.assert_allclose(found["mean"], train.label.mean(), rtol=1e-6)  # of all


def test_the_cost_is_the_mean_squared_error():
    assert FORECAST.cost(column(1, 2), column(2, 5)) == pytest.approx((1 + 9) / 2)


def test_columns_have_the_label_where_it_is_known():
    labelled = FORECAST.columns(column(1, 2), rows([[0], [0]], [3, 4]))
    assert {name: list(values) for name, values in labelled.items()} == {
        "actual": [3, 4],
        "prediction": [1, 2],
    }
    forecast = FORECAST.columns(column(7), rows([[0]], []))
    assert {name: list(values) for name, values in forecast.items()} == {"prediction": [7]}


def test_the_table_leaves_out_what_a_baseline_does_not_have():
    results = {
        "model": {"mse": 0.25, "direction": 0.5},
        "baselines": {"persistence": {"mse": 12345678.0}},
    }
    assert metrics.as_table(results).splitlines() == [
        "test rows             mse     direction",
        "model                0.25           0.5",
        "persistence   1.23457e+07",
    ]


def test_the_table_tells_long_names_apart():
    model = {"mean_distance_same": 1.0, "mean_distance_different": 2.0}
    header = metrics.as_table({"model": model, "baselines": {}}).splitlines()[0]
    assert header.split() == ["test", "rows", *model]


def test_the_table_has_the_validation_below_the_test():
    results = {
        "model": {"mse": 0.25},
        "validation": {"mse": 0.5},
        "baselines": {"linear_regression": {"mse": 1.0}},
    }
    assert metrics.as_table(results).splitlines() == [
        "test rows                   mse",
        "model                      0.25",
        "linear_regression             1",
        "",
        "validation rows           mse",
        "model                     0.5",
    ]


def test_weights_count_in_metrics_and_baselines():
    generator = np.random.default_rng(0)
    features, weight = generator.normal(5, 3, (30, 2)), generator.integers(0, 3, 30)
    label = features[:, 0] ** 2
    split = replace(rows(features, label), weight=weight[:, None].astype(float))
    twice = np.repeat(np.arange(30), weight)  # a weight of 2 is a row that is there twice
    repeated = rows(features[twice], label[twice])
    task = Regression(dataset("regression"))
    found = task.metrics(column(*label[::-1]), split)
    expected = task.metrics(column(*label[::-1][twice]), repeated)
    assert found == pytest.approx(expected)
    train = replace(split.encode(task.dataset.encoding), weight=split.weight.astype(np.float32))
    plain = task.fit_predictors(repeated.encode(task.dataset.encoding))
    for name, predict in task.fit_predictors(train).items():
        np.testing.assert_allclose(predict(split), plain[name](split), rtol=1e-6)
