"""Metrics of several targets and of weighted rows are scikit-learn's."""

import re

import numpy as np
import pytest
import sklearn.metrics
from mlflow.utils.validation import _validate_metric_name

from pipeline.data.prepared.tasks import name_columns
from pipeline.evaluation.tasks.measures import (
    log_loss,
    measure_classes,
    measure_numbers,
    name_keys,
)

GENERATOR = np.random.default_rng(0)
WEIGHT = GENERATOR.uniform(0, 2, 60)
NAMES = {
    "mse": sklearn.metrics.mean_squared_error,
    "rmse": sklearn.metrics.root_mean_squared_error,
    "mae": sklearn.metrics.mean_absolute_error,
    "r2": sklearn.metrics.r2_score,
}


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
def test_numbers(weight):
    label, prediction = GENERATOR.normal(0, [1, 50], (2, 60, 2)).astype(np.float32)
    found = measure_numbers(label, prediction, ("a", "b"), weight)
    for name, measure in NAMES.items():
        given = label.astype(float), prediction.astype(float)
        assert found[name] == pytest.approx(measure(*given, sample_weight=weight), rel=1e-12)
        for number, target in enumerate("ab"):
            expected = measure(*(values[:, number] for values in given), sample_weight=weight)
            assert found[f"{target}/{name}"] == pytest.approx(expected, rel=1e-12)
    alone = measure_numbers(label[:, :1], prediction[:, :1], ("a",), weight)
    expected = {name: found[f"a/{name}"] for name in NAMES}
    assert alone == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
@pytest.mark.parametrize("count", [2, 3])
def test_classes(weight, count):
    label = GENERATOR.integers(0, count, 60)
    shares = GENERATOR.dirichlet(np.ones(count), 60)
    found = measure_classes(label, shares, weight)
    predicted, score = shares.argmax(1), shares[:, 1] if count == 2 else shares
    given = {"sample_weight": weight}
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(label, predicted, **given),
        "log_loss": sklearn.metrics.log_loss(label, shares, **given),
        "macro_f1": sklearn.metrics.f1_score(label, predicted, average="macro", **given),
        "roc_auc": sklearn.metrics.roc_auc_score(label, score, multi_class="ovr", **given),
    }
    assert list(found) == list(expected)
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_class_without_weight_has_no_area_under_the_curve():
    label, shares = np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8]])
    assert "roc_auc" in measure_classes(label, shares)
    found = measure_classes(label, shares, np.array([1.0, 1.0, 0.0]))
    assert found["accuracy"] == 0.5
    assert "roc_auc" not in found


def test_the_loss_of_what_was_ruled_out_is_finite():
    assert log_loss(np.array([1]), np.array([[1.0, 0.0]])) == pytest.approx(36.04, abs=0.01)


def test_keys_are_taken_by_mlflow_and_differ():
    targets = (
        "Body Mass (g)",
        "Body Mass [g]",
        "größe",
        "a/b",
        "../x",
        "..",
        "a.b",
        "per %",
        " x ",
    )
    keys = name_keys(targets)
    assert keys[:2] == ("Body Mass _g_", "Body Mass _g__2")
    assert len(set(keys)) == len(targets)
    for key in keys:
        _validate_metric_name(f"{key}/mse")
        assert re.fullmatch(r"[^/]+", key)


def test_columns_have_the_names_of_several_targets():
    assert name_columns("prediction", ("a",)) == ("prediction",)
    assert name_columns("actual", ("a", "b")) == ("actual_a", "actual_b")
