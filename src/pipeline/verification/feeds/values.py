"""Values of inputs of each dtype, the same on every machine.

Numbers come from integers of a counter-based generator, divided by a power of two, so that no
rounding depends on the machine.
"""

import hashlib
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.verification.feeds.bounds import Bounds

# The kinds of feeds, in their order. One alone would not show many damages of a model.
KINDS = ("zeros", "ones", "small", "large", "random", "negative")

_STEPS = 2**20  # numbers are multiples of the largest divided by it
_LARGEST = {"small": 2.0**-10, "large": 2.0**10, "random": 2.0, "negative": 2.0}
_LARGEST_OF_16_BITS = 2.0**6  # more overflows in the first product
_UNBOUNDED, _LARGE_UNBOUNDED = 10, 100  # whole numbers that no operation limits


def generator(seed: int, feed: str, name: str) -> np.random.Generator:
    """Return the generator of an input in a feed."""
    digest = hashlib.sha256(f"{seed}/{feed}/{name}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))


def make_numbers(
    kind: str, dtype: tf.DType, shape: tuple[int, ...], bounds: Bounds, rng: np.random.Generator
) -> np.ndarray:
    """Return an array of numbers or booleans."""
    target: Any = np.dtype(dtype.as_numpy_dtype)
    if dtype.is_bool:
        values = {"zeros": np.zeros(shape, bool), "ones": np.ones(shape, bool)}
        return values[kind] if kind in values else rng.integers(0, 2, shape).astype(bool)
    if dtype.is_complex:
        real, imaginary = (_reals(kind, shape, rng) for _ in "ab")
        return (real + 1j * imaginary).astype(target)
    if dtype.is_floating:
        return _reals(kind, shape, rng, is_narrow=dtype.size <= 2).astype(target)
    if dtype.is_quantized:  # a structure of one field
        target = target[0]
    whole = _whole_numbers(kind, dtype, shape, bounds, rng)
    return whole.astype(target).view(np.dtype(dtype.as_numpy_dtype))


def _reals(
    kind: str, shape: tuple[int, ...], rng: np.random.Generator, is_narrow: bool = False
) -> np.ndarray:
    if kind not in _LARGEST:
        return np.full(shape, 1.0 if kind == "ones" else 0.0)
    largest = _LARGEST_OF_16_BITS if is_narrow and kind == "large" else _LARGEST[kind]
    steps = rng.integers(-_STEPS, _STEPS, shape, endpoint=True)
    if kind == "negative":
        steps = -1 - np.abs(steps)
    return np.asarray(steps * (largest / _STEPS))


def _whole_numbers(
    kind: str, dtype: tf.DType, shape: tuple[int, ...], bounds: Bounds, rng: np.random.Generator
) -> np.ndarray:
    if bounds.counts:
        return np.broadcast_to(np.arange(shape[-1] if shape else 1), shape or (1,)).reshape(shape)
    if bounds.fixed is not None:
        return _fixed(bounds.fixed, dtype, shape)
    high = bounds.high or _unbounded(kind, dtype)
    if kind in ("zeros", "ones"):
        return np.full(shape, min(int(kind == "ones"), high - 1))
    if kind == "negative" and bounds.high is None and dtype.min < 0:
        return -1 - rng.integers(0, min(high, -int(dtype.min)), shape)
    low = max(0, high - 3) if kind == "large" else 0
    return rng.integers(low, min(high, 3) if kind == "small" else high, shape)


def _unbounded(kind: str, dtype: tf.DType) -> int:
    """Return the first whole number that is not used; images have all of a byte."""
    if dtype.size == 1 and not dtype.is_quantized:
        return int(dtype.max) + 1
    return min(_LARGE_UNBOUNDED if kind == "large" else _UNBOUNDED, int(dtype.max))


def _fixed(number: int, dtype: tf.DType, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array of one number; of a shape, only the first size is left open."""
    values = np.full(shape, abs(number) if dtype.min == 0 else number)
    if number < 0 and shape:
        values.reshape(-1)[1:] = 1
    return values
