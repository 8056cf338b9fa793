"""A graph to build in, and an operation that keeps count of its runs."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import tensorflow as tf

v1 = tf.compat.v1


@pytest.fixture
def graph() -> Iterator[tf.Graph]:
    """An empty graph that new nodes go to."""
    with tf.Graph().as_default() as made:
        yield made


Count = Callable[[str], tf.Tensor]


@pytest.fixture
def runs() -> list[str]:
    """Names of the operations of `count` that ran, in order."""
    return []


@pytest.fixture
def count(graph: tf.Graph, runs: list[str]) -> Count:
    """Make an operation that appends its name to `runs` when it runs, and gives 1.0."""

    def made(name: str) -> tf.Tensor:
        def run() -> np.float32:
            runs.append(name)
            return np.float32(1)

        tensor = v1.py_func(run, [], tf.float32, name=name)
        tensor.set_shape([])
        return tensor

    return made
