"""Losses are those of NumPy and scikit-learn, with weights of rows and without."""

import numpy as np
import pytest
import sklearn.metrics

from pipeline.errors import ConfigError
from pipeline.graph import tf
from pipeline.graph.losses import LOSSES, choose_loss, loss

pytestmark = pytest.mark.slow

ROWS = 40
GENERATOR = np.random.default_rng(0)
DRAWN = GENERATOR.uniform(0, 4, ROWS) * (GENERATOR.uniform(size=ROWS) > 0.1)
WEIGHT = DRAWN / DRAWN.mean()
NUMBERS = GENERATOR.integers(0, 3, ROWS)


@pytest.fixture
def compute(settings):
    def run(name, output, label, weight):
        weight = None if weight is None else np.float32(weight[:, None])
        tensors = (tf.constant(np.float32(output)), tf.constant(np.float32(label)))
        found = LOSSES[name].of_rows(settings().train, *tensors, weight)
        assert found.shape == ()
        return float(found)

    return run


def log_loss(output, weight):
    probability = np.exp(output) / np.exp(output).sum(1, keepdims=True)
    return sklearn.metrics.log_loss(NUMBERS, probability, sample_weight=weight)


def sigmoid_loss(output, weight):
    probability = 1 / (1 + np.exp(-output))
    actual = np.eye(3)[NUMBERS]
    entropies = -np.log(np.where(actual == 1, probability, 1 - probability)).sum(1)
    return np.average(entropies, weights=weight)


def huber(output, label, weight):
    far = np.abs(output - label)
    values = np.where(far <= 1, far**2 / 2, far - 0.5)
    return np.average(values, axis=0, weights=weight).mean()


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
@pytest.mark.parametrize("targets", [1, 3])
def test_losses_of_numbers(compute, weight, targets):
    output, label = GENERATOR.normal(0, 2, (2, ROWS, targets))
    expected = {
        "mse": sklearn.metrics.mean_squared_error(label, output, sample_weight=weight),
        "mae": sklearn.metrics.mean_absolute_error(label, output, sample_weight=weight),
        "huber": huber(output, label, weight),
    }
    for name, value in expected.items():
        assert compute(name, output, label, weight) == pytest.approx(value, rel=1e-5), name


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
def test_losses_of_classes(compute, weight):
    output = GENERATOR.normal(0, 2, (ROWS, 3))
    for name, expected in [
        ("softmax_cross_entropy", log_loss(output, weight)),
        ("sigmoid_cross_entropy", sigmoid_loss(output, weight)),
    ]:
        found = compute(name, output, NUMBERS[:, None], weight)
        assert found == pytest.approx(expected, rel=1e-5), name


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
def test_the_loss_of_pairs(compute, settings, weight):
    distance, same = GENERATOR.uniform(0, 3, (ROWS, 1)), (NUMBERS[:, None] > 0) * 1.0
    apart = np.maximum(settings().train.margin - distance, 0)
    values = np.where(same == 1, distance**2, apart**2)[:, 0]
    expected = np.average(values, weights=weight)
    assert compute("contrastive", distance, same, weight) == pytest.approx(expected, rel=1e-5)


def test_a_row_of_weight_0_does_not_count(compute):
    output, label = GENERATOR.normal(size=(2, 4, 1))
    weight = np.array([0, 4 / 3, 4 / 3, 4 / 3])
    found = compute("mse", output, label, weight)
    assert found == pytest.approx(np.mean((output - label)[1:] ** 2), rel=1e-5)


def test_the_mean_over_batches_is_the_mean_over_rows(compute):
    output, label = GENERATOR.normal(size=(2, ROWS, 1))
    pieces = [slice(first, first + 8) for first in range(0, ROWS, 8)]
    found = [compute("mse", output[p], label[p], WEIGHT[p]) for p in pieces]
    assert np.mean(found) == pytest.approx(compute("mse", output, label, WEIGHT), rel=1e-5)


def test_a_loss_that_takes_no_weights_is_refused(failure, settings, monkeypatch):
    monkeypatch.setattr("pipeline.graph.losses.LOSSES", dict(LOSSES))
    register = loss("largest", task="regression")
    register(lambda settings, output, label: tf.reduce_max(tf.abs(output - label)))
    train = settings().train.model_copy(update={"loss": "largest"})
    assert not choose_loss(train, "regression").takes_weights
    expected = r"train\.loss=largest takes no weights of rows; .* another loss: mse, mae, huber"
    with failure.raises("weights for a loss without", ConfigError, match=expected):
        choose_loss(train, "regression", weighted=True)
    assert choose_loss(settings().train, "regression", weighted=True).takes_weights
