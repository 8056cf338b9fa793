"""Metrics and baselines of a classification, by hand and against scikit-learn."""

import warnings

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from pipeline.evaluation.tasks.classification import Classification

from .made import dataset, measured, predicted, rows

TWO = Classification(dataset("classification", classes=("no", "yes")))
THREE = Classification(dataset("classification", targets=("kind",), classes=("a", "b", "c")))


def split_of(*label):
    return rows(np.zeros((len(label), 2)), label)


def random_prediction(count, classes):
    """Probabilities as a softmax in float32 gives them: they rarely add up to 1 exactly."""
    logits = np.random.default_rng(0).normal(0, 2, (count, classes)).astype(np.float32)
    powers = np.exp(logits)
    return powers / powers.sum(1, keepdims=True)


def test_metrics_of_two_classes_by_hand():
    prediction = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.8, 0.2]], np.float32)
    found = TWO.metrics(prediction, split_of(0, 0, 1, 1))
    assert found["accuracy"] == 0.5
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.7, 0.2]).mean(), rel=1e-6)
    assert found["macro_f1"] == pytest.approx(0.5)
    # Of the four pairs of a `no` and a `yes`, only (0.6, 0.2) is in the wrong order.
    assert found["roc_auc"] == pytest.approx(3 / 4)


def test_metrics_of_several_classes_are_those_of_scikit_learn():
    prediction, label = random_prediction(300, 3), np.arange(300) % 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = THREE.metrics(prediction, split_of(*label))
    exact = prediction.astype(np.float64) / prediction.astype(np.float64).sum(1, keepdims=True)
    assert found == pytest.approx(
        {
            "accuracy": sklearn_metrics.accuracy_score(label, exact.argmax(1)),
            "log_loss": sklearn_metrics.log_loss(label, exact),
            "macro_f1": sklearn_metrics.f1_score(label, exact.argmax(1), average="macro"),
            "roc_auc": sklearn_metrics.roc_auc_score(label, exact, multi_class="ovr"),
        }
    )


def test_a_class_without_a_row_leaves_roc_auc_out():
    found = THREE.metrics(random_prediction(4, 3), split_of(0, 1, 1, 0))
    assert set(found) == {"accuracy", "log_loss", "macro_f1"}
    assert all(map(np.isfinite, found.values()))


def test_a_class_that_was_ruled_out_costs_much_but_not_infinitely():
    certain = np.array([[1, 0, 0]], np.float32)
    assert THREE.cost(certain, split_of(0).label) == pytest.approx(0, abs=1e-12)
    assert 30 < THREE.cost(certain, split_of(2).label) < 40
    assert np.isfinite(THREE.cost(np.zeros((1, 3), np.float32), split_of(2).label))


def test_probabilities_that_do_not_add_up_are_made_to():
    """As those of `sigmoid_cross_entropy` do not: each class is held against the rest."""
    assert TWO.cost(np.array([[0.2, 0.6]], np.float32), split_of(1).label) == pytest.approx(
        -np.log(0.75), rel=1e-6
    )


def test_baselines_know_the_training_rows_only():
    generator = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], [60, 30, 10])
    features = generator.normal(0, 0.1, (100, 2)) + label[:, None] * [1, -1]
    train, test = rows(features, label), rows([[2, -2], [0, 0], [1, -1]], [2, 0, 1])
    found = predicted(THREE, train, test)
    np.testing.assert_allclose(found["majority_class"], [[0.6, 0.3, 0.1]] * 3)
    assert list(found["logistic_regression"].argmax(1)) == [2, 0, 1]
    by_name = measured(THREE, train, test)
    assert by_name["logistic_regression"]["accuracy"] == 1
    assert by_name["majority_class"]["accuracy"] == pytest.approx(1 / 3)
    assert by_name["majority_class"]["roc_auc"] == 0.5


def test_baselines_of_a_class_that_was_never_seen():
    train, test = rows([[0, 0], [1, 1], [0, 1], [1, 0]], [0, 2, 0, 2]), rows([[0, 0]], [1])
    found = predicted(THREE, train, test)
    assert found["logistic_regression"].shape == (1, 3)
    assert found["logistic_regression"][0, 1] == 0
    assert np.isfinite(measured(THREE, train, test)["logistic_regression"]["log_loss"])


def test_columns_name_the_classes():
    prediction = np.array([[0.2, 0.7, 0.1], [0.5, 0.2, 0.3]], np.float32)
    found = THREE.columns(prediction, split_of(1, 2))
    assert list(found["actual"]) == ["b", "c"]
    assert list(found["prediction"]) == ["b", "a"]
    np.testing.assert_array_equal(found["probability"], prediction.max(1))
    assert list(found) == ["actual", "prediction", "probability"]
    assert list(THREE.columns(prediction, rows([[0, 0]] * 2, []))) == ["prediction", "probability"]
