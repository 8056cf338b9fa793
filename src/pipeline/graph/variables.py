"""Where a network's variables come from: made in a graph, or given as values.

A network asks for each variable by name. In a graph that makes or finds a `tf.compat.v1` variable;
in eager execution it finds the value that a checkpoint holds. So one function serves both.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from pipeline.errors import ArtifactError, ConfigError, listing, nearest
from pipeline.graph.initial import initial_value

v1 = tf.compat.v1

SCOPE = "network"


class Variables(Protocol):
    """What a network sees: variables by name, and layers."""

    def __call__(
        self, name: str, shape: Sequence[int], initial: Any, trainable: bool = True
    ) -> tf.Tensor:
        """Return the variable `name` of this shape; asked again, it is the same one."""

    def layer(self, name: str) -> AbstractContextManager[None]:
        """Open the scope of a layer: it names its operations, and may place them on a device."""


class GraphVariables:
    """Variables of the default graph, in the scope `network`; a second call finds the first's.

    Args:
        seed: of random initial values; None where all values will be restored.
        initial: initial values of single variables, which win over what the network asks for.
        placement: devices by the names of layers.
    """

    def __init__(
        self,
        seed: int | None = None,
        initial: Mapping[str, Any] | None = None,
        placement: Mapping[str, str] | None = None,
    ) -> None:
        self.made: dict[str, tf.Variable] = {}
        self.layers: set[str] = set()
        self._seed, self._initial, self._placement = seed, initial or {}, placement or {}

    def __call__(
        self, name: str, shape: Sequence[int], initial: Any, trainable: bool = True
    ) -> tf.Tensor:
        """Make or find a variable."""
        if name not in self.made:
            given = self._initial.get(name, initial) if self._seed is not None else 0
            with v1.variable_scope(SCOPE, reuse=v1.AUTO_REUSE, use_resource=True):
                self.made[name] = v1.get_variable(
                    name,
                    initializer=initial_value(name, tuple(shape), given, self._seed or 0),
                    trainable=trainable,
                )
        return self.made[name]

    @contextmanager
    def layer(self, name: str) -> Iterator[None]:
        """Open the scope of a layer, on its own device if it has one."""
        self.layers.add(name)
        # The slash makes the name final: a second pass names its operations `network/layer/…_1`.
        with tf.name_scope(f"{SCOPE}/{name}/"), tf.device(self._placement.get(name)):
            yield

    def require_known(self) -> None:
        """Refuse names in the configuration that the network does not have.

        Raises:
            ConfigError: naming the key and what there is.
        """
        for key, given, have in (
            ("model.initial", self._initial, self.made),
            ("device.placement", self._placement, self.layers),
        ):
            for name in given:
                if name not in have:
                    raise ConfigError(
                        f"{key}: the network has no {name!r}{nearest(name, have)}; it has"
                        f" {listing(sorted(have), 12) or 'none'}"
                    )


class GivenVariables:
    """Values of a checkpoint, for eager execution.

    Args:
        values: by their names in the checkpoint, `network/…`.
    """

    def __init__(self, values: Mapping[str, np.ndarray]) -> None:
        self._values = values

    def __call__(
        self, name: str, shape: Sequence[int], initial: Any, trainable: bool = True
    ) -> tf.Tensor:
        """Return a value of the checkpoint; the initial value has no say.

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

    @contextmanager
    def layer(self, name: str) -> Iterator[None]:
        """Do nothing: eager operations have no names."""
        yield
