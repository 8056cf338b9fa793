"""The preconditioned gradient: linear networks reach the closed form on ill-conditioned tables."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from pipeline.data.examples import TextCells
from pipeline.data.prepared.dataset import Dataset, Split
from pipeline.errors import ConfigError
from pipeline.training.inputs import read_inputs
from pipeline.training.job import specify_inference
from pipeline.training.preconditioning import FILE, compute_preconditioner

from ..small import examples, job_of, prepare

pytestmark = pytest.mark.slow

DEFAULT = ("device=cpu", "model=linear")


def prepared(features: np.ndarray, label: np.ndarray) -> tuple[Dataset, Split]:
    task = "classification" if set(np.unique(label)) <= {0, 1, 2} else "regression"
    return prepare(features, label.reshape(-1, 1), task)


def correlated(rows: int = 400, noise: float = 1e-3) -> tuple[np.ndarray, np.ndarray]:
    """Return twelve columns that share a cause, the last one twice, and a target."""
    generator = np.random.default_rng(3)
    cause = generator.normal(size=(rows, 1))
    features = cause + noise * generator.normal(size=(rows, 12))
    target = features @ generator.normal(size=12) / noise + generator.normal(size=rows)
    return np.column_stack([features, features[:, -1]]), target


def scaled(given: tuple[Dataset, Split]) -> tuple[np.ndarray, np.ndarray]:
    dataset, rows = given
    scaling = dataset.encoding.scaling
    x = (rows.features - np.array(scaling.feature_mean)) / np.array(scaling.feature_scale)
    return x, ((rows.label - scaling.label_mean) / scaling.label_scale)[:, 0]


def mse(x: np.ndarray, y: np.ndarray, variables: dict[str, np.ndarray]) -> float:
    output = x @ variables["network/weights"].astype(float) + variables["network/bias"]
    return float(np.mean((output[:, 0] - y) ** 2))


def best(x: np.ndarray, y: np.ndarray) -> float:
    inputs = np.column_stack([x, np.ones(len(x))])
    return float(np.mean((inputs @ np.linalg.lstsq(inputs, y, rcond=None)[0] - y) ** 2))


@pytest.mark.parametrize(
    "chosen",
    [(), ("optimizer=momentum",), ("optimizer=nesterov",), ("train.xla=true",)],
    ids=["gradient descent", "momentum", "nesterov", "xla"],
)
def test_a_linear_network_reaches_the_closed_form(settings, train, chosen):
    given = prepared(*correlated())
    _, variables = train(settings(*DEFAULT, *chosen), given=given)
    assert mse(*scaled(given), variables) < 1.001 * best(*scaled(given))


@pytest.mark.parametrize("shape", [(60, 3), (20, 50)], ids=["equal columns", "more columns"])
@pytest.mark.parametrize("chosen", [(), ("train=minibatch", "train.batch_size=16")])
def test_the_weights_are_the_smallest_that_fit(settings, train, shape, chosen):
    features = np.random.default_rng(4).normal(size=shape)
    given = prepared(np.column_stack([features, features[:, 0]]), features.sum(1))
    _, variables = train(settings(*DEFAULT, "train.steps=3000", *chosen), given=given)
    expected = LinearRegression().fit(*scaled(given)).coef_
    np.testing.assert_allclose(variables["network/weights"][:, 0], expected, atol=1e-3)


def test_levels_and_the_bias_share_what_the_rows_do_not_tell_apart(settings, train, tmp_path):
    generator = np.random.default_rng(4)
    level = generator.integers(1, 4, 90)
    texts = np.array(["", "a", "b", "c"], object)
    text = TextCells(("t",), level[:, None].astype(np.int32), (texts,))
    features = generator.normal(size=(90, 2))
    given = prepare(features, features.sum(1, keepdims=True) + level[:, None], text=text)
    _, variables = train(settings(*DEFAULT), given=given)
    found = [variables[f"network/{name}"].ravel() for name in ("weights", "code_weights", "bias")]
    job = job_of(settings(*DEFAULT), tmp_path, given)
    (inputs,) = read_inputs(job)
    expected = np.linalg.lstsq(inputs, job.split.label[:, 0], rcond=1e-6)[0]
    np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-3)


def test_the_plain_gradient_does_not(settings, train):
    given = prepared(*correlated())
    plain = ("optimizer.precondition=false", "optimizer.learning_rate=0.05")
    _, variables = train(settings(*DEFAULT, *plain), given=given)
    assert mse(*scaled(given), variables) > 2 * best(*scaled(given))


def test_huber_converges_too(settings, train):
    given = prepared(*correlated())
    _, variables = train(settings(*DEFAULT, "train.loss=huber"), given=given)
    assert mse(*scaled(given), variables) < 1.1 * best(*scaled(given))


def test_a_penalty_for_large_weights_is_part_of_the_bound(settings, train):
    given = prepared(*correlated())
    _, variables = train(settings(*DEFAULT, "train.regularization.l2=1.0"), given=given)
    x, y = scaled(given)
    expected = Ridge(alpha=len(y) / 2).fit(x, y)
    np.testing.assert_allclose(variables["network/weights"][:, 0], expected.coef_, atol=1e-4)


def test_a_polynomial_reaches_the_closed_form_of_its_powers(settings, train):
    x = np.linspace(-1, 1, 300)[:, None]
    given = prepared(x, np.cos(9 * x[:, 0]))
    _, variables = train(settings("device=cpu", "model=polynomial", "model.degree=9"), given=given)
    x, y = scaled(given)
    powers = np.column_stack([x**power for power in range(1, 10)])
    assert mse(powers, y, variables) < 1.01 * best(powers, y)


def test_softmax_comes_close_to_logistic_regression(settings, train):
    features, target = correlated(noise=0.3)
    features = features * 10.0 ** np.arange(13)
    noise = np.random.default_rng(0).normal(size=len(target))
    given = prepared(features, np.digitize(target / target.std() + noise, [-0.5, 0.5]))
    chosen = ("device=cpu", "model=softmax", "train.regularization.l2=0")
    losses, _ = train(settings(*chosen), given=given)
    x, label = scaled(given)[0], given[1].label[:, 0]
    regression = LogisticRegression(C=1e6, max_iter=10_000).fit(x, label)
    probability = regression.predict_proba(x)[np.arange(len(label)), label.astype(int)]
    assert losses[-1] < 1.005 * -np.mean(np.log(probability))


@pytest.mark.parametrize("batch", ["null", "50"])
def test_separable_classes_get_the_weights_of_a_logistic_regression(settings, train, batch: str):
    features = np.random.default_rng(2).normal(size=(150, 4))
    given = prepared(features, np.digitize(features[:, 0] + features[:, 1], [-0.7, 0.7]))
    chosen = ("train.steps=3000", f"train.batch_size={batch}", "schedule=cosine")
    _, variables = train(settings("device=cpu", "model=softmax", *chosen), given=given)
    x, label = scaled(given)[0], given[1].label[:, 0]
    expected = LogisticRegression(tol=1e-8, max_iter=10_000).fit(x, label)
    weights = variables["network/weights"]
    np.testing.assert_allclose(weights, expected.coef_.T, atol=0.02 * np.abs(weights).max())


@pytest.mark.parametrize("size", [8, 128])
def test_a_rare_value_in_a_batch_does_not_overshoot(settings, train, size: int):
    generator = np.random.default_rng(1)
    features = generator.normal(size=(4000, 5))
    features[:, 4] = 0
    features[7, 4] = features[2500, 4] = 1
    target = features.sum(1) + 0.1 * generator.normal(size=4000)
    given = prepared(features, target)
    minibatch = ("train=minibatch", f"train.batch_size={size}")
    _, variables = train(settings(*DEFAULT, *minibatch), given=given)
    x, y = scaled(given)
    assert mse(x, y, variables) < 0.1
    common = features[:, 4] == 0
    assert mse(x[common], y[common], variables) < 2 * best(x, y)


def test_batches_of_correlated_columns_learn(settings, train):
    given = prepared(*correlated(noise=0.1))
    _, variables = train(settings(*DEFAULT, "train=minibatch"), given=given)
    assert mse(*scaled(given), variables) < 1.5 * best(*scaled(given))


@pytest.mark.parametrize("rows", [(), ("train=minibatch", "train.batch_size=16")])
def test_an_interrupted_training_ends_with_the_same_bits(settings, train, tmp_path: Path, rows):
    chosen = settings(*DEFAULT, *rows, "train.steps=90", "train.checkpoint_every=25")
    given = prepared(*correlated())
    losses, variables = train(chosen, given=given)
    work = tmp_path / "interrupted"
    train(chosen, stop=60, folder=work, call=4, given=given)
    rest, resumed = train(chosen, folder=work, given=given)
    assert rest.tobytes() == losses[50:].tobytes()
    assert all(resumed[name].tobytes() == value.tobytes() for name, value in variables.items())


def test_a_training_goes_on_with_the_factor_that_it_began_with(settings, tmp_path: Path):
    job = job_of(settings(*DEFAULT), tmp_path, prepared(*correlated()))
    of_other_threads = np.nextafter(compute_preconditioner(job).factor, np.float32(1))
    np.savez(tmp_path / FILE, factor=of_other_threads)
    assert compute_preconditioner(job).factor.tobytes() == of_other_threads.tobytes()


@pytest.mark.parametrize(
    ("chosen", "source", "begin"),
    [
        ((), "csv", ("zeros", "zeros")),
        ((), "custom", ("zeros", "zeros")),
        ((), "sp500", ("random_normal", "ones")),
        (("model.weights=ones", "model.bias=2"), "csv", ("ones", 2)),
    ],
)
def test_initial_values_are_zeros_for_own_tables(settings, chosen, source: str, begin):
    dataset = dataclasses.replace(examples()[0], source=source)
    network = specify_inference(settings("model=linear", *chosen), dataset).network
    assert (network.weights, network.bias) == begin


@pytest.mark.parametrize(
    ("chosen", "source"),
    [
        (("model=linear",), "sp500"),
        (("model=linear", "optimizer.precondition=false"), "csv"),
        (("model=linear", "optimizer=adam"), "csv"),
        (("model=mlp",), "csv"),
        (("model=linear", "train.loss=mae"), "csv"),
        (("model=linear", "train.regularization.l1=0.1"), "csv"),
    ],
)
def test_others_get_the_plain_gradient(settings, tmp_path: Path, chosen, source: str):
    dataset, rows = examples()
    given = dataclasses.replace(dataset, source=source), rows
    assert compute_preconditioner(job_of(settings(*chosen), tmp_path, given)) is None


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (
            ("model=mlp", "optimizer=gradient_descent"),
            "model=mlp is not linear in its variables",
        ),
        (("model=linear", "train.loss=mae"), "the second derivative of train.loss=mae is 0"),
    ],
)
def test_a_network_without_a_preconditioner_is_refused(
    settings, tmp_path: Path, failure, chosen, message: str
):
    job = job_of(settings("optimizer.precondition=true", *chosen), tmp_path)
    with failure.raises(f"Preconditioner that does not exist ({chosen[-1]})", ConfigError, message):
        compute_preconditioner(job)
