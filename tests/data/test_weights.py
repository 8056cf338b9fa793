"""Weights of rows and classes are those of scikit-learn, with the mean 1."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from pipeline.data.weights import compute_class_weights, require_weights, weigh_rows
from pipeline.errors import ConfigError, DataError

CLASSES = ("a", "b", "c")
NUMBERS = np.repeat([0, 1, 2], [50, 30, 20])


def test_balanced_is_scikit_learns():
    found = compute_class_weights("balanced", NUMBERS, CLASSES)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=NUMBERS)
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    rows = weigh_rows(None, found, NUMBERS)
    np.testing.assert_allclose(rows, compute_sample_weight("balanced", NUMBERS), rtol=1e-6)
    assert rows.dtype == np.float32


def test_balanced_gives_classes_the_same_sum_of_weights():
    weights = np.random.default_rng(0).uniform(0, 3, 100)
    found = compute_class_weights("balanced", NUMBERS, CLASSES, weights)
    rows = weigh_rows(weights, found, NUMBERS)
    np.testing.assert_allclose(np.bincount(NUMBERS, rows), 100 / 3, rtol=1e-6)


def test_a_mapping_gives_others_the_weight_one():
    found = compute_class_weights({"b": 4, "a": 0.5}, NUMBERS, CLASSES)
    np.testing.assert_array_equal(found, [0.5, 4, 1])
    named = compute_sample_weight({0: 0.5, 1: 4, 2: 1}, NUMBERS)
    np.testing.assert_allclose(weigh_rows(None, found, NUMBERS), named / named.mean(), rtol=1e-6)


def test_names_of_classes_may_be_numbers_in_yaml():
    np.testing.assert_array_equal(compute_class_weights({7: 2.0}, NUMBERS, ("7", "8")), [2, 1])


def test_weights_have_the_mean_one_and_keep_their_ratios():
    weights = np.array([0.0, 1.0, 2.0, 5.0])
    found = weigh_rows(weights)
    np.testing.assert_array_equal(found, np.array([0, 0.5, 1, 2.5], np.float32))
    large = np.random.default_rng(0).uniform(0, 1e9, 100_000)
    assert weigh_rows(large).mean(dtype=np.float64) == pytest.approx(1, abs=1e-7)


def test_a_class_that_does_not_exist(failure):
    expected = r"names 'B', and there is no such class; there are a, b, c"
    with failure.raises("weight of an unknown class", ConfigError, match=expected):
        compute_class_weights({"B": 2.0}, NUMBERS, CLASSES)


def test_a_class_without_weight_cannot_be_balanced(failure):
    expected = r"balanced needs .* none of b; give them rows"
    with failure.raises("class whose rows weigh nothing", DataError, match=expected):
        compute_class_weights("balanced", NUMBERS, CLASSES, np.where(NUMBERS == 1, 0.0, 1.0))


@pytest.mark.parametrize(
    ("what", "values", "expected"),
    [
        ("a negative weight", [1, -2, -3], r"'w' of data\.weight has -2 in row 5; .* 0 or more"),
        ("weights that are all 0", [0, 0, 0], r"'w' of data\.weight is 0 in all 3 rows; give one"),
    ],
)
def test_a_column_that_cannot_be_weights(failure, what, values, expected):
    with failure.raises(what, DataError, match=rf"own\.csv: column {expected}"):
        require_weights(np.array(values, float), np.array([0, 4, 5]), "w", Path("own.csv"))


def test_training_rows_that_weigh_nothing(failure):
    with failure.raises("training rows of weight 0", DataError, match="a weight of 0; give a"):
        weigh_rows(np.zeros(3))
