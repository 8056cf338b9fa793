"""Metrics and baselines, on numbers that can be checked by hand."""

import numpy as np
import pytest

from pipeline.data.prepared import Dataset, Split
from pipeline.data.scaling import fit
from pipeline.evaluation import baselines, metrics


def column(*values):
    return np.array(values, np.float32)[:, None]


def test_metrics_of_a_forecast():
    today, label, prediction = column(10, 10, 10, 10), column(11, 9, 12, 8), column(12, 9, 9, 9)
    found = metrics.regression(prediction, label, today)
    assert found["mse"] == pytest.approx((1 + 0 + 9 + 1) / 4)
    assert found["rmse"] == pytest.approx(found["mse"] ** 0.5)
    assert found["mae"] == pytest.approx((1 + 0 + 3 + 1) / 4)
    assert found["r2"] == pytest.approx(1 - 11 / 10)
    assert found["direction"] == 0.75
    assert found["skill_over_persistence"] == pytest.approx(1 - 11 / 10)


def test_persistence_itself_has_no_direction():
    today = column(1, 2, 3)
    assert set(metrics.regression(today, column(2, 3, 4), today)) == {"mse", "rmse", "mae", "r2"}


def test_baselines_stand_on_the_same_split():
    generator = np.random.default_rng(0)
    features = generator.normal(5, 3, (30, 2)).astype(np.float32)
    label = (features @ [[2.0], [-1.0]] + 4).astype(np.float32)
    train, test = (
        Split(features[s], label[s], np.arange(30)[s]) for s in (slice(20), slice(20, 30))
    )
    scaling = fit(train.features, train.label, "standard", ["a", "b", "y"])
    dataset = Dataset("csv", ("a", "b"), "y", "row", "a", 1, scaling, "")
    found = baselines.predictions(dataset, train, test)
    np.testing.assert_allclose(found["linear_regression"], test.label, rtol=1e-5)
    np.testing.assert_allclose(found["mean"], train.label.mean(dtype=float))
    np.testing.assert_array_equal(found["persistence"], test.features[:, :1])
