"""Where a network's variables come from: made in a graph, or given as values.

A network asks for each variable by name. In a graph that makes or finds a `tf.compat.v1` variable;
in eager execution it finds the value that a checkpoint holds. So one function serves both.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import tensorflow as tf

from pipeline.errors import ArtifactError, listing, nearest

v1 = tf.compat.v1

SCOPE = "network"


class Variables(Protocol):
    """What a network sees: variables by name."""

    def __call__(self, name: str, shape: Sequence[int], initializer: str) -> tf.Tensor:
        """Return the variable `name` of this shape."""


class GraphVariables:
    """Variables of the default graph, in the scope `network`; a second call finds the first's.

    Initial values depend on the seed and the variable's name alone, not on the order in which
    variables are made.
    """

    def __init__(self, seed: int) -> None:
        self.made: dict[str, tf.Variable] = {}
        self._seed = seed

    def __call__(self, name: str, shape: Sequence[int], initializer: str) -> tf.Tensor:
        """Make or find a variable."""
        if name not in self.made:
            seed = (self._seed, zlib.crc32(name.encode()) & 0x7FFFFFFF)
            with v1.variable_scope(SCOPE, reuse=v1.AUTO_REUSE, use_resource=True):
                self.made[name] = v1.get_variable(
                    name, initializer=INITIALIZERS[initializer](tuple(shape), seed)
                )
        return self.made[name]


class GivenVariables:
    """Values of a checkpoint, for eager execution.

    Args:
        values: by their names in the checkpoint, `network/…`.
    """

    def __init__(self, values: Mapping[str, np.ndarray]) -> None:
        self._values = values

    def __call__(self, name: str, shape: Sequence[int], initializer: str) -> tf.Tensor:
        """Return a value of the checkpoint; the initializer has no say.

        Raises:
            ArtifactError: the checkpoint has no such variable, or one of another shape.
        """
        full = f"{SCOPE}/{name}"
        if full not in self._values:
            raise ArtifactError(
                f"the checkpoint has no variable {full!r}{nearest(full, self._values)};"
                f" it has {listing(self._values)}"
            )
        value = self._values[full]
        if value.shape != tuple(shape):
            raise ArtifactError(
                f"variable {full!r} has shape {value.shape} in the checkpoint, and the network"
                f" needs {tuple(shape)}"
            )
        return tf.constant(value)


Shape = tuple[int, ...]


def _normal(shape: Shape, seed: tuple[int, int]) -> tf.Tensor:
    return tf.random.stateless_normal(shape, seed)


def _truncated_normal(shape: Shape, seed: tuple[int, int]) -> tf.Tensor:
    return tf.random.stateless_truncated_normal(shape, seed)


def _glorot_uniform(shape: Shape, seed: tuple[int, int]) -> tf.Tensor:
    """Uniform in ±sqrt(6 / (inputs + outputs)) (Glorot and Bengio, 2010)."""
    limit = float(np.sqrt(6 / (shape[0] + shape[-1])))
    return tf.random.stateless_uniform(shape, seed, -limit, limit)


# Initial values by name: mean 0 and deviation 1 where they are random normal.
INITIALIZERS: dict[str, Callable[[Shape, tuple[int, int]], tf.Tensor]] = {
    "zeros": lambda shape, _: tf.zeros(shape),
    "ones": lambda shape, _: tf.ones(shape),
    "random_normal": _normal,
    "truncated_normal": _truncated_normal,
    "glorot_uniform": _glorot_uniform,
}
