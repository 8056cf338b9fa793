"""Features, labels and outputs between this pipeline's shapes and those of a third-party graph."""

import math
from typing import Any

import tensorflow as tf

from pipeline.errors import ConfigError
from pipeline.graph.adopted.reading import INPUT, LABEL, AdoptedGraph
from pipeline.graph.execution.pruning import by_name
from pipeline.graph.execution.tensors import name_of

# Graphs of this version and older ones write an unknown shape as that of one number.
_UNKNOWN_IS_SCALAR = 21


def as_input(features: tf.Tensor, adopted: AdoptedGraph) -> tf.Tensor:
    """Return features, `[rows, …]`, in the dtype and shape of the input.

    Raises:
        ConfigError: the input takes another number of values, or no numbers.
    """
    shape, dtype = _declared(adopted, INPUT)
    _require_numbers(dtype, adopted, INPUT)
    given = features.shape[1:]
    if shape.rank == 0 or not given.is_compatible_with(shape[1:]):
        inner = shape[1:].as_list() if shape.rank else [None]
        if None in inner or math.prod(inner) != given.num_elements():
            raise ConfigError(
                f"model.input: {name_of(adopted.ends[INPUT])} has shape {shape}, and a row of the"
                f" data has {given.num_elements()} features; choose columns with data.features, or"
                " other data"
            )
        features = tf.reshape(features, [-1, *inner])
    return tf.cast(features, dtype)


def as_label(label: tf.Tensor, adopted: AdoptedGraph, classes: int) -> tf.Tensor:
    """Return labels, `[rows, targets]`, as the graph takes them.

    Args:
        classes: number of classes, which may be one-hot; 0 where numbers are predicted.

    Raises:
        ConfigError: it takes another shape, or no numbers.
    """
    shape, dtype = _declared(adopted, LABEL)
    _require_numbers(dtype, adopted, LABEL)
    if shape.rank == 1 and label.shape[1] == 1:
        label = tf.reshape(label, [-1])
    elif classes and shape.rank == 2 and shape[1] == classes:
        label = tf.one_hot(tf.cast(label[:, 0], tf.int32), classes)
    if not label.shape.is_compatible_with(shape):
        forms = f", [rows] or, one-hot, [rows, {classes}]" if classes else ""
        raise ConfigError(
            f"model.label: {name_of(adopted.ends[LABEL])} has shape {shape}, and labels are"
            f" [rows, {label.shape[1]}]{forms}; name another tensor, or other data"
        )
    return tf.cast(label, dtype)


def as_output(output: tf.Tensor, outputs: int) -> tf.Tensor:
    """Return the output as `[rows, outputs] float32`.

    Raises:
        ConfigError: it has another shape.
    """
    if outputs == 1 and output.shape.rank == 1:
        output = tf.reshape(output, [-1, 1])
    if not output.shape.is_compatible_with([None, outputs]):
        raise ConfigError(
            f"model.output has shape {output.shape}, and [rows, {outputs}] is needed for this data;"
            " name another tensor"
        )
    return tf.cast(output, tf.float32)


def feed_value(name: str, value: Any, adopted: AdoptedGraph) -> tf.Tensor:
    """Return a value of `model.feeds` in the dtype of its input.

    Raises:
        ConfigError: it does not fit.
    """
    shape, dtype = _declared(adopted, name)
    try:
        return tf.constant(value, dtype, shape.as_list() if shape.rank else [])
    except (TypeError, ValueError):
        raise ConfigError(
            f"model.feeds: {name} takes {dtype.name} of shape {shape}, not {value!r}"
        ) from None


def declared_rows(adopted: AdoptedGraph) -> int | None:
    """Return the number of rows that the input is declared for; None for any."""
    shape, _ = _declared(adopted, INPUT)
    return shape[0] if shape.rank else None


def _declared(adopted: AdoptedGraph, key: str) -> tuple[tf.TensorShape, tf.DType]:
    node = by_name(adopted.graph)[adopted.ends[key][0]]
    shape = tf.TensorShape(node.attr["shape"].shape if "shape" in node.attr else None)
    if shape.rank == 0 and adopted.graph.versions.producer <= _UNKNOWN_IS_SCALAR:
        shape = tf.TensorShape(None)
    return shape, tf.as_dtype(node.attr["dtype"].type)


def _require_numbers(dtype: tf.DType, adopted: AdoptedGraph, key: str) -> None:
    if not (dtype.is_floating or dtype.is_integer):
        name = name_of(adopted.ends[key])
        raise ConfigError(f"model.{key}: {name} takes {dtype.name}, not numbers; name another")
