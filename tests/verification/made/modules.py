"""Models of TensorFlow 2: a `tf.Module` with traced functions, saved by `tf.saved_model.save`."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

MODULES: dict[str, Callable[[], Any]] = {}


def _module(build: Callable[[], Any]) -> Callable[[], Any]:
    MODULES[build.__name__] = build
    return build


def _weights(*shape: int, seed: int) -> Any:
    return tf.Variable(tf.random.stateless_normal(shape, (seed, 1)) + 0.1)


def _spec(*shape: int | None, dtype: Any = tf.float32, name: str = "x") -> Any:
    return tf.TensorSpec(shape, dtype, name)


@_module
def module_perceptron() -> Any:
    """Two layers, each a module of its own."""

    class Layer(tf.Module):
        def __init__(self, rows: int, columns: int) -> None:
            super().__init__()
            self.w, self.b = _weights(rows, columns, seed=1), _weights(columns, seed=2)

        def __call__(self, x: Any) -> Any:
            return tf.nn.relu(x @ self.w + self.b)

    class Perceptron(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [Layer(4, 6), Layer(6, 3)]

        @tf.function(input_signature=[_spec(None, 4)])
        def __call__(self, x: Any) -> Any:
            for layer in self.layers:
                x = layer(x)
            return x

    return Perceptron()


@_module
def module_with_names() -> Any:
    """Two inputs and outputs by name, of two dtypes."""

    class Named(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = _weights(3, seed=3)

        @tf.function(
            input_signature=[_spec(None, 3, name="a"), _spec(None, dtype=tf.int32, name="b")]
        )
        def __call__(self, a: Any, b: Any) -> dict[str, Any]:
            total = tf.reduce_sum(a * self.scale, 1)
            return {"total": total, "shifted": b * 3 + 1}

    return Named()


@_module
def module_with_loop() -> Any:
    """A Python loop that AutoGraph turns into a While."""

    class Looping(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = _weights(5, 3, seed=4)

        @tf.function(input_signature=[_spec(None, None, 2)])
        def __call__(self, x: Any) -> Any:
            state = tf.zeros([tf.shape(x)[0], 3])
            for at in tf.range(tf.shape(x)[1]):
                state = tf.tanh(tf.concat([x[:, at], state], 1) @ self.cell)
                if tf.reduce_sum(state) > 4.0:
                    state *= 0.5
            return state

    return Looping()


@_module
def module_with_table() -> Any:
    """A vocabulary that is kept in the module."""

    class Lookup(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            keys = tf.constant(["red", "green", "blue"])
            content = tf.lookup.KeyValueTensorInitializer(keys, tf.range(3, dtype=tf.int64))
            self.table = tf.lookup.StaticHashTable(content, 3)
            self.vectors = _weights(4, 2, seed=5)

        @tf.function(input_signature=[_spec(None, dtype=tf.string, name="colours")])
        def __call__(self, colours: Any) -> Any:
            return tf.gather(self.vectors, self.table.lookup(colours))

    return Lookup()
