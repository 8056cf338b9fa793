"""Examples that are computed or come with scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LinearRegression

from pipeline.data.sources import read_examples
from pipeline.errors import DataError
from pipeline.workspace import Workspace

from ..made import prepared_of, ready_options


def prepared(chosen):
    return prepared_of(chosen)


def test_the_cosine_is_one_period_and_its_best_cubic_is_known(data):
    dataset, splits = prepared(data("cosine"))
    x, y = splits["train"].index, splits["train"].label[:, 0]
    assert (dataset.features, dataset.target, dataset.index_name) == (("x",), "y", "x")
    assert x.dtype == np.float64
    np.testing.assert_allclose(x[[0, -1]], [-32 / 18, (2 * math.pi - 32) / 18])
    np.testing.assert_allclose(np.diff(x), 2 * math.pi / 18 / 1999)
    np.testing.assert_allclose(y[[0, -1]], 1, rtol=1e-6)
    assert y.min() == pytest.approx(-1, abs=1e-5)
    cubic = np.polynomial.Polynomial.fit(x, y, 3)
    assert ((cubic(x) - y) ** 2).mean() == pytest.approx(0.0381, abs=5e-5)
    np.testing.assert_array_equal(splits["test"].features, splits["train"].features)


def test_digits_are_scikit_learns(data):
    dataset, splits = prepared(data("digits"))
    digits = load_digits()
    assert dataset.features == tuple(digits.feature_names)
    assert (dataset.shape, dataset.classes) == ((8, 8, 1), tuple("0123456789"))
    assert set(dataset.encoding.scaling.feature_scale) == {16.0}
    for split in (splits["train"], splits["test"]):
        np.testing.assert_array_equal(split.features, digits.data[split.index - 1])
        np.testing.assert_array_equal(split.label[:, 0], digits.target[split.index - 1])


def test_diabetes_is_scikit_learns(data):
    examples = read_examples(data("diabetes"), Workspace.here())
    expected = load_diabetes(scaled=False)
    np.testing.assert_array_equal(examples.features, expected.data)
    np.testing.assert_array_equal(examples.label[:, 0], expected.target)
    assert examples.feature_names[:2] == ("age", "sex")


def test_pairs_are_half_the_same_and_never_one_image_twice(data):
    dataset, splits = prepared(data("digit_pairs", validation_share=0.1))
    sizes = {name: len(split.index) for name, split in splits.items()}
    assert sizes == {"train": 2880, "validation": 320, "test": 800, "latest": 0}
    assert (dataset.task, dataset.shape) == ("similarity", (2, 8, 8, 1))
    assert dataset.features[64] == "pixel_1_0_0"
    digits = load_digits()
    number = {image.tobytes(): row for row, image in enumerate(digits.data.astype(np.float32))}
    assert len(number) == 1797
    seen = {}
    for name in ("train", "validation", "test"):
        images = splits[name].features.reshape(-1, 2, 64)
        rows = np.array([[number[image.tobytes()] for image in pair] for pair in images])
        assert (rows[:, 0] != rows[:, 1]).all()
        same = digits.target[rows[:, 0]] == digits.target[rows[:, 1]]
        np.testing.assert_array_equal(splits[name].label[:, 0], same)
        assert same.mean() == 0.5
        seen[name] = set(rows.ravel())
    assert not seen["train"] & seen["test"]
    assert not seen["validation"] & (seen["train"] | seen["test"])
    assert len(seen["train"]) > 1200


def test_the_seed_draws_the_pairs(data):
    one, again, other = (
        read_examples(data("digit_pairs", seed=seed), Workspace.here()) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.features, again.features)
    assert (one.features != other.features).any()


def test_too_few_digits_to_pair_are_one_message(failure, data):
    with failure.raises("too few digits to pair", DataError, match="2 digits for test are too few"):
        read_examples(data("digit_pairs", test_share=0.001), Workspace.here())


def test_the_synthetic_function_is_linear_with_noise(data):
    examples = read_examples(data("synthetic"), Workspace.here())
    assert examples.features.shape == (10_000, 8)
    np.testing.assert_allclose(examples.features.std(0), 1, atol=0.05)
    fitted = LinearRegression().fit(examples.features, examples.label)
    rest = examples.label - fitted.predict(examples.features)
    assert rest.std() == pytest.approx(0.1, rel=0.03)
    exact = read_examples(data("synthetic", noise=0.0, columns=3, seed=1), Workspace.here())
    assert LinearRegression().fit(exact.features, exact.label).score(
        exact.features, exact.label
    ) == pytest.approx(1, abs=1e-12)
    assert examples.features[0, 0] != exact.features[0, 0]


@pytest.mark.parametrize(("rows", "reach"), [(201, 10.0), (7, 0.3), (399, 3.3)])
def test_offsets_are_one_zero_to_train_and_a_symmetric_range_to_test(data, rows, reach):
    dataset, splits = prepared(data("offsets", rows=rows, reach=reach))
    np.testing.assert_array_equal(splits["train"].features, [[0]])
    offset = splits["test"].index
    assert dataset.task == "minimization"
    assert offset[rows // 2] == 0
    np.testing.assert_allclose(offset, np.linspace(-reach, reach, rows), atol=1e-12)
    np.testing.assert_array_equal(splits["test"].features[:, 0], offset.astype(np.float32))
    assert not splits["test"].label.any()
    assert dataset.encoding.scaling.feature_scale == (1.0,)


@pytest.mark.slow
@pytest.mark.parametrize("option", ready_options(labelled=True))
@pytest.mark.parametrize("split", ["random", "kfold", "walk_forward", "none"])
def test_every_source_goes_with_every_split(data, option, split):
    scaling = "unit" if option == "digits" else "standard"
    _, splits = prepared(data(option, split=split, validation_share=0.1, scaling=scaling))
    assert all(len(splits[name].index) > 1 for name in ("train", "validation", "test"))
