"""The variables of a network, variables of a graph or values of a checkpoint, and initial values.

A network asks for each variable by name. In a graph this creates or finds a `tf.compat.v1`
variable; in eager execution it finds the value in a checkpoint. So one function serves both.
"""

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from pipeline.errors import ArtifactError, ConfigError, listing, nearest
from pipeline.workspace import Workspace

v1 = tf.compat.v1

SCOPE = "network"

Shape = tuple[int, ...]
Seed = tuple[int, int]


class Variables(Protocol):
    """Variables by name, and layers: what a network function gets."""

    workspace: Workspace  # of the files and modules that the settings name

    def __call__(
        self,
        name: str,
        shape: Sequence[int],
        initial: Any,
        trainable: bool = True,
        dtype: Any = tf.float32,
    ) -> tf.Tensor:
        """Return the variable `name` of this shape; the same one each time."""

    def layer(self, name: str) -> AbstractContextManager[None]:
        """Open the scope of a layer, which names its operations and may place them on a device."""


class GraphVariables:
    """Variables of the default graph, in the scope `network`; a second call finds the first's.

    Args:
        seed: seed of random initial values; None where all values will be restored.
        initial: initial values of single variables, in place of those that the network asks for.
        placement: devices by the names of layers.
    """

    def __init__(
        self,
        workspace: Workspace,
        seed: int | None = None,
        initial: Mapping[str, Any] | None = None,
        placement: Mapping[str, str] | None = None,
    ) -> None:
        self.workspace = workspace
        self.by_name: dict[str, tf.Variable] = {}  # without the scope in their names
        self.layers: set[str] = set()
        self.seed, self._initial, self._placement = seed, initial or {}, placement or {}

    def __call__(
        self,
        name: str,
        shape: Sequence[int],
        initial: Any,
        trainable: bool = True,
        dtype: Any = tf.float32,
    ) -> tf.Tensor:
        """Create or find a variable."""
        if name not in self.by_name:
            source = self._initial.get(name, initial) if self.seed is not None else 0
            if isinstance(source, str) and source.endswith(".npy"):
                source = self.workspace.path(source)
            with v1.variable_scope(SCOPE, reuse=v1.AUTO_REUSE, use_resource=True):
                value = initial_value(name, tuple(shape), source, self.seed or 0)
                value = value if dtype == tf.float32 else tf.cast(value, dtype)
                self.by_name[name] = v1.get_variable(name, initializer=value, trainable=trainable)
        return self.by_name[name]

    @contextmanager
    def layer(self, name: str) -> Iterator[None]:
        """Open the scope of a layer, on its own device where one is configured."""
        self.layers.add(name)
        # The slash makes the name final: a second pass names its operations `network/layer/…_1`.
        with tf.name_scope(f"{SCOPE}/{name}/"), tf.device(self._placement.get(name)):
            yield

    def require_known(self) -> None:
        """Refuse names in the configuration that the network does not have, as `ConfigError`."""
        for key, configured, known in (
            ("model.initial", self._initial, self.by_name),
            ("device.placement", self._placement, self.layers),
        ):
            for name in (one for one in configured if one not in known):
                raise ConfigError(
                    f"{key}: the network has no {name!r}{nearest(name, known)}; it has"
                    f" {listing(sorted(known), 12) or 'none'}"
                )


class CheckpointVariables:
    """Values of a checkpoint by their names, `network/…`, for eager execution."""

    def __init__(self, workspace: Workspace, values: Mapping[str, np.ndarray]) -> None:
        self.workspace, self._values = workspace, values

    def __call__(
        self,
        name: str,
        shape: Sequence[int],
        initial: Any,
        trainable: bool = True,
        dtype: Any = tf.float32,
    ) -> tf.Tensor:
        """Return a value of the checkpoint; the initial value is ignored.

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

    def layer(self, name: str) -> AbstractContextManager[None]:
        """Do nothing: eager operations have no names."""
        return nullcontext()


def initial_value(name: str, shape: Shape, source: Any, seed: int) -> tf.Tensor:
    """Return the initial value of a variable, `float32` of its shape.

    A random value depends on the seed and the variable's name only, not on the order of creation.

    Args:
        source: a `schema.base.InitialValue`, the path of a .npy file, or the value itself.

    Raises:
        ConfigError: a file cannot be read, or numbers do not fit the shape.
    """
    if isinstance(source, tf.Tensor):
        return source
    if isinstance(source, Path | int | float | list):
        return _array(name, shape, source)
    parameters = {"name": source} if isinstance(source, str) else dict(source)
    draw = DISTRIBUTIONS[parameters.pop("name")]
    return draw(shape, (seed, zlib.crc32(name.encode()) & 0x7FFFFFFF), **parameters)


def _array(name: str, shape: Shape, source: Any) -> tf.Tensor:
    try:
        if isinstance(source, Path):
            values = np.asarray(np.load(source, allow_pickle=False), np.float32)
        else:
            with np.errstate(over="raise"):
                values = np.asarray(source, np.float32)
    except (OSError, ValueError, EOFError, OverflowError, FloatingPointError) as error:
        reason = f"{source!r:.60} is not an array of float32"
        if isinstance(source, Path):
            reason = f"{source} cannot be read: {error}"
        raise ConfigError(f"initial value of {name}: {reason}") from None
    try:
        return tf.constant(np.ascontiguousarray(np.broadcast_to(values, shape)))
    except ValueError:
        raise ConfigError(
            f"initial value of {name}: numbers of shape {values.shape} do not fit its shape {shape}"
        ) from None


def _fans(shape: Shape) -> tuple[int, int]:
    """Return fan-in and fan-out of a variable; the area of a filter counts in both."""
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    area = math.prod(shape[:-2])
    return area * shape[-2], area * shape[-1]


def _normal(shape: Shape, seed: Seed, variance: float) -> tf.Tensor:
    return tf.random.stateless_normal(shape, seed, stddev=math.sqrt(variance))


def _uniform(shape: Shape, seed: Seed, limit_squared: float) -> tf.Tensor:
    limit = math.sqrt(limit_squared)
    return tf.random.stateless_uniform(shape, seed, -limit, limit)


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
    "random_normal": tf.random.stateless_normal,
    "truncated_normal": tf.random.stateless_truncated_normal,
    "random_uniform": tf.random.stateless_uniform,
    # Glorot and Bengio, 2010
    "glorot_uniform": lambda shape, seed: _uniform(shape, seed, 6 / sum(_fans(shape))),
    "glorot_normal": lambda shape, seed: _normal(shape, seed, 2 / sum(_fans(shape))),
    # He et al., 2015
    "he_uniform": lambda shape, seed: _uniform(shape, seed, 6 / _fans(shape)[0]),
    "he_normal": lambda shape, seed: _normal(shape, seed, 2 / _fans(shape)[0]),
    "orthogonal": orthogonal,
}
