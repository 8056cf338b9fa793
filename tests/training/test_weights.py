"""Weights of rows and classes: what is trained is what scikit-learn fits with the same weights."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight

from pipeline.data.prepared.dataset import Dataset, EncodedRows, Split
from pipeline.errors import ConfigError
from pipeline.graph.losses import LOSSES
from pipeline.training.preconditioning import read_inputs
from pipeline.training.validation import weigh

from ..small import examples, job_of

pytestmark = pytest.mark.slow

LINEAR = ("device=cpu", "model=linear", "optimizer.precondition=true")


def weighted(task: str, weight: np.ndarray) -> tuple[Dataset, EncodedRows]:
    dataset, rows = examples(len(weight), task=task)
    encoded = rows.encode(dataset.encoding)
    return dataset, replace(encoded, weight=(weight / weight.mean()).astype(np.float32)[:, None])


@pytest.fixture
def weights() -> np.ndarray:
    """Of 200 rows: half of them count nothing, the others differ a hundredfold."""
    generator = np.random.default_rng(2)
    return generator.integers(0, 2, 200) * 10 ** generator.uniform(0, 2, 200)


@pytest.mark.parametrize("xla", ["false", "true"])
def test_a_linear_network_reaches_the_weighted_closed_form(settings, train, weights, xla: str):
    dataset, rows = weighted("regression", weights)
    _, variables = train(settings(*LINEAR, f"train.xla={xla}"), given=(dataset, rows))
    expected = LinearRegression().fit(rows.features, rows.label, weights)
    np.testing.assert_allclose(variables["network/weights"], expected.coef_.T, atol=2e-5)
    np.testing.assert_allclose(variables["network/bias"], expected.intercept_, atol=2e-5)
    unweighted = LinearRegression().fit(rows.features, rows.label)
    assert np.abs(unweighted.coef_ - expected.coef_).max() > 1e-3


def test_balanced_classes_are_those_of_logistic_regression(settings, train):
    dataset, raw = examples(300, task="classification")
    score = raw.features.sum(1) + np.random.default_rng(0).normal(0, 5, 300)  # classes overlap
    numbers = np.digitize(score, np.quantile(score, [0.6, 0.9]))
    weight = compute_sample_weight("balanced", numbers)
    raw = replace(raw, label=numbers[:, None].astype(np.float32))
    rows = replace(raw.encode(dataset.encoding), weight=weight.astype(np.float32)[:, None])
    chosen = settings("device=cpu", "model=softmax", "optimizer.precondition=true")
    _, variables = train(chosen, given=(dataset, rows))
    given = {"max_iter": 10_000, "tol": 1e-9}
    expected = LogisticRegression(class_weight="balanced", **given).fit(rows.features, numbers)
    output = rows.features @ variables["network/weights"] + variables["network/bias"]
    shares = np.exp(output) / np.exp(output).sum(1, keepdims=True)
    np.testing.assert_allclose(shares, expected.predict_proba(rows.features), atol=5e-3)


def test_the_bound_of_the_preconditioner_is_weighted(settings, weights, tmp_path):
    dataset, rows = weighted("regression", weights)
    job = job_of(settings(*LINEAR), tmp_path, (dataset, rows))
    (inputs,) = read_inputs(job)
    plain = np.column_stack([rows.features, np.ones(len(weights))]).astype(np.float64)
    expected = plain.T @ (plain * rows.weight)
    np.testing.assert_allclose(inputs.T @ inputs, expected, rtol=1e-6, atol=1e-9)


def test_a_loss_without_weights_is_refused(settings, train, weights, failure, monkeypatch):
    own = replace(LOSSES["mae"], compute=lambda settings, output, label: output[0, 0])
    monkeypatch.setitem(LOSSES, "mae", own)
    expected = "takes no weights of rows; leave out data.weight and data.class_weight"
    with failure.raises("weights for a loss that takes none", ConfigError, match=expected):
        train(settings(*LINEAR[:2], "train.loss=mae"), given=weighted("regression", weights))


def test_validation_rows_are_weighted_as_training_rows():
    label, weight = np.array([[0.0], [1.0], [1.0]]), np.array([[1.0], [2.0], [0.0]])
    rows = Split(label, label, np.arange(3), np.empty((3, 0), object))
    assert weigh(rows, None) is None
    np.testing.assert_allclose(weigh(rows, (3.0, 0.5))[:, 0], np.array([3, 0.5, 0.5]) * 3 / 4)
    both = weigh(replace(rows, weight=weight), (3.0, 0.5))
    np.testing.assert_allclose(both[:, 0], np.array([3, 1, 0]) * 3 / 4)
