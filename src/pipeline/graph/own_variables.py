"""Plain `tf.compat.v1.get_variable` in a user's network, led to the variables of this pipeline.

So one function gives the training graph, the inference graph and eager execution, and needs no
argument `variables`.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from pipeline.errors import ConfigError
from pipeline.graph.variables import SCOPE, GraphVariables, Variables

v1 = tf.compat.v1


@contextmanager
def leading_get_variable(variables: Variables) -> Iterator[None]:
    """Let `get_variable` return variables of this pipeline while the block runs.

    Initial values are random by (seed, name), unless the initializer has a seed.

    Raises:
        ConfigError: a variable is created in another way, which no checkpoint would hold.
    """
    router = _Router(variables)
    # Eager execution refuses `reuse`: there, the router alone finds a variable again.
    options = {} if tf.executing_eagerly() else {"reuse": v1.AUTO_REUSE, "use_resource": True}
    with (
        tf.variable_creator_scope(router.refuse),
        v1.variable_scope(SCOPE, custom_getter=router.get, **options),
    ):
        yield


class _Router:
    def __init__(self, variables: Variables) -> None:
        self._variables, self._outside = variables, v1.get_variable_scope()
        self._is_ours = False

    def get(self, name: str, **asked: Any) -> Any:
        """Return the variable that `get_variable` asks for."""
        own = name.removeprefix(f"{SCOPE}/")
        dtype = tf.as_dtype(asked.get("dtype") or tf.float32)
        initializer, shape = asked.get("initializer"), asked.get("shape")
        if shape is None:
            shape = tf.convert_to_tensor(initializer).shape
        trainable = asked.get("trainable")
        self._is_ours = True
        try:
            with v1.variable_scope(self._outside, auxiliary_name_scope=False):
                return self._variables(
                    own,
                    tf.TensorShape(shape).as_list(),
                    self._initial(own, shape, dtype, initializer),
                    True if trainable is None else trainable,
                    dtype,
                )
        finally:
            self._is_ours = False

    def refuse(self, create: Callable[..., Any], **asked: Any) -> Any:
        """Create a variable of this pipeline, and no other."""
        if self._is_ours:
            return create(**asked)
        raise ConfigError(
            f"the network creates the variable {asked.get('name') or 'without a name'} itself;"
            " create it with tf.compat.v1.get_variable, so that checkpoints hold it"
        )

    def _initial(self, name: str, shape: Any, dtype: tf.DType, initializer: Any) -> Any:
        if not isinstance(self._variables, GraphVariables):
            return 0  # the checkpoint has the value
        if self._variables.seed is None or name in self._variables.by_name:
            return 0
        if initializer is None:
            initializer = v1.glorot_uniform_initializer() if dtype.is_floating else tf.zeros
        if not callable(initializer):
            return tf.convert_to_tensor(initializer, dtype)
        if isinstance(initializer, type):
            initializer = initializer()
        return _seeded(initializer, name, self._variables.seed)(shape, dtype=dtype)


def _seeded(initializer: Any, name: str, seed: int) -> Any:
    """Return an initializer that draws by (seed, name) if it draws and has no seed."""
    settings = initializer.get_config() if hasattr(initializer, "get_config") else {}
    if "seed" not in settings or settings["seed"] is not None:
        return initializer
    number = zlib.crc32(f"{seed} {name}".encode()) & 0x7FFFFFFF
    return type(initializer).from_config({**settings, "seed": number})
