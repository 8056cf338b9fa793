"""Initial values of variables: distributions, numbers, arrays from files.

A random value depends on the seed and the variable's name alone, not on the order in which
variables are made.
"""

import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.errors import ConfigError

Shape = tuple[int, ...]
Seed = tuple[int, int]


def initial_value(name: str, shape: Shape, given: Any, seed: int) -> tf.Tensor:
    """Return the initial value of a variable, `float32` of its shape.

    Args:
        name: of the variable, without its scope.
        given: as `settings.basis.InitialValue` has it.
        seed: of the run.

    Raises:
        ConfigError: a file cannot be read, or numbers do not fit the shape.
    """
    if isinstance(given, str) and given.endswith(".npy"):
        return _array(name, shape, _read(name, Path(given)))
    if isinstance(given, int | float | list):
        try:
            with np.errstate(over="raise"):
                return _array(name, shape, np.asarray(given, np.float32))
        except (ValueError, OverflowError, FloatingPointError):
            raise ConfigError(
                f"initial value of {name}: {given!r:.60} is no array of float32"
            ) from None
    parameters = {"name": given} if isinstance(given, str) else dict(given)
    draw = DISTRIBUTIONS[parameters.pop("name")]
    return draw(shape, (seed, zlib.crc32(name.encode()) & 0x7FFFFFFF), **parameters)


def _read(name: str, path: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(path, allow_pickle=False), np.float32)
    except (OSError, ValueError, EOFError) as error:
        raise ConfigError(f"initial value of {name}: {path} cannot be read: {error}") from None


def _array(name: str, shape: Shape, values: np.ndarray) -> tf.Tensor:
    try:
        return tf.constant(np.ascontiguousarray(np.broadcast_to(values, shape)))
    except ValueError:
        raise ConfigError(
            f"initial value of {name}: numbers of shape {values.shape} do not fit its shape {shape}"
        ) from None


def random_normal(shape: Shape, seed: Seed, mean: float = 0.0, stddev: float = 1.0) -> tf.Tensor:
    """Draw from the normal distribution."""
    return tf.random.stateless_normal(shape, seed, mean, stddev)


def truncated_normal(shape: Shape, seed: Seed, mean: float = 0.0, stddev: float = 1.0) -> tf.Tensor:
    """Draw from the normal distribution, cut at two deviations (what is left deviates by 0.88)."""
    return tf.random.stateless_truncated_normal(shape, seed, mean, stddev)


def random_uniform(shape: Shape, seed: Seed, minval: float = 0.0, maxval: float = 1.0) -> tf.Tensor:
    """Draw evenly from `minval` … `maxval`."""
    return tf.random.stateless_uniform(shape, seed, minval, maxval)


def _fans(shape: Shape) -> tuple[int, int]:
    """Return how many inputs and outputs a weight's unit has; a filter's area counts in both."""
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    area = math.prod(shape[:-2])
    return area * shape[-2], area * shape[-1]


def glorot_uniform(shape: Shape, seed: Seed) -> tf.Tensor:
    """Uniform in ±sqrt(6 / (inputs + outputs)) (Glorot and Bengio, 2010)."""
    limit = math.sqrt(6 / sum(_fans(shape)))
    return tf.random.stateless_uniform(shape, seed, -limit, limit)


def glorot_normal(shape: Shape, seed: Seed) -> tf.Tensor:
    """Normal with variance 2 / (inputs + outputs) (Glorot and Bengio, 2010)."""
    return random_normal(shape, seed, stddev=math.sqrt(2 / sum(_fans(shape))))


def he_uniform(shape: Shape, seed: Seed) -> tf.Tensor:
    """Uniform in ±sqrt(6 / inputs) (He et al., 2015)."""
    limit = math.sqrt(6 / _fans(shape)[0])
    return tf.random.stateless_uniform(shape, seed, -limit, limit)


def he_normal(shape: Shape, seed: Seed) -> tf.Tensor:
    """Normal with variance 2 / inputs (He et al., 2015)."""
    return random_normal(shape, seed, stddev=math.sqrt(2 / _fans(shape)[0]))


def orthogonal(shape: Shape, seed: Seed, gain: float = 1.0) -> tf.Tensor:
    """Columns, or rows if they are fewer, of length `gain` at right angles (Saxe et al., 2013)."""
    if len(shape) < 2:
        raise ConfigError(f"orthogonal initial values need two dimensions, not shape {shape}")
    rows, columns = math.prod(shape[:-1]), shape[-1]
    drawn = tf.random.stateless_normal((max(rows, columns), min(rows, columns)), seed)
    q, r = tf.linalg.qr(drawn)
    q *= tf.sign(tf.linalg.diag_part(r))  # so that every rotation is as likely
    return gain * tf.reshape(q if rows >= columns else tf.transpose(q), shape)


DISTRIBUTIONS: dict[str, Any] = {
    "zeros": lambda shape, _: tf.zeros(shape),
    "ones": lambda shape, _: tf.ones(shape),
    "random_normal": random_normal,
    "truncated_normal": truncated_normal,
    "random_uniform": random_uniform,
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "orthogonal": orthogonal,
}
