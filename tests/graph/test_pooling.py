"""The pooling that XLA compiles is TensorFlow's, with its values and its gradients."""

from contextlib import nullcontext

import numpy as np
import pytest

from pipeline.graph import tf
from pipeline.graph.layers import TrainingPass, max_pool

SHAPES = [(3, 8, 8, 2), (2, 7, 5, 3), (2, 1, 1, 4)]


class Layers:
    """Layers without names."""

    def layer(self, name: str):
        return nullcontext()


def pool(images: tf.Tensor, compiled: bool) -> tf.Tensor:
    training = TrainingPass(tf.constant([0, 1]), compiled=compiled)
    return max_pool(images, "pooling", Layers(), training)


def values_and_gradient(images: np.ndarray, compiled: bool, jit: bool = False):
    """Return what the pooling gives, and the gradient of a sum with different weights."""

    @tf.function(jit_compile=jit)
    def compute(given: tf.Tensor):
        with tf.GradientTape() as tape:
            tape.watch(given)
            pooled = pool(given, compiled)
            weights = tf.reshape(tf.range(1.0, tf.size(pooled) + 1), tf.shape(pooled))
            total = tf.reduce_sum(weights * pooled)
        return pooled, tape.gradient(total, given)

    return [one.numpy() for one in compute(tf.constant(images))]


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("shape", SHAPES)
def test_values_and_gradients_are_those_of_max_pool(shape: tuple[int, ...], jit: bool):
    # So few different values that most windows have ties, whose gradient goes to the first.
    images = np.random.default_rng(0).integers(0, 3, shape).astype(np.float32)
    expected = values_and_gradient(images, compiled=False)
    found = values_and_gradient(images, compiled=True, jit=jit)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_those_of_finite_differences(shape: tuple[int, ...]):
    # A permutation: no two values are near, so that a small change moves no maximum.
    images = np.random.default_rng(1).permutation(np.prod(shape)).reshape(shape).astype(np.float32)
    theoretical, numerical = tf.test.compute_gradient(
        lambda given: pool(given, compiled=True), [tf.constant(images)], delta=0.25
    )
    np.testing.assert_allclose(theoretical[0], numerical[0])


def test_a_gap_stays_a_gap():
    images = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    for row, column in ((0, 0), (1, 1)):
        given = images.copy()
        given[0, row, column, 0] = np.nan
        assert np.isnan(pool(tf.constant(given), compiled=True)[0, 0, 0, 0])
