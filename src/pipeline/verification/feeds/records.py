"""Serialized `tf.train.Example`s that fit the columns which a graph parses from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.verification.feeds.flat import FlatGraph, Use

MOST_VALUES = 2**20  # of a column in a record
_WORDS = (b"a", b"b", b"word")


@dataclass(frozen=True)
class Column:
    """One feature of the records."""

    name: str
    dtype: tf.DType  # float32, int64 or string
    values: int  # how many values a record has


def find_columns(flat: FlatGraph, use: Use) -> tuple[Column, ...] | None:
    """Return the columns that an operation parses; None if the graph does not say."""
    keys = _KEYS[use.node.op](flat, use)
    if keys is None:
        return None
    attributes = use.node.attr
    (sparse, dense, ragged), shapes = keys, attributes["dense_shapes"].list.shape
    types = (
        attributes[name].list.type for name in ("sparse_types", "Tdense", "ragged_value_types")
    )
    sparse_types, dense_types, ragged_types = types
    counts = [int(np.prod([max(dim.size, 1) for dim in shape.dim])) for shape in shapes]
    found = [
        *_columns(sparse, sparse_types, [2] * len(sparse)),
        *_columns(dense, dense_types, counts),
        *_columns(ragged, ragged_types, [2] * len(ragged)),
    ]
    return tuple(found)


def _columns(keys: list[str], types: Iterable[int], counts: list[int]) -> list[Column]:
    triples = zip(keys, types, counts, strict=False)
    return [Column(key, tf.as_dtype(kind), min(n, MOST_VALUES)) for key, kind, n in triples]


Keys = tuple[list[str], list[str], list[str]]  # of sparse, dense and ragged columns


def _keys_of_attributes(_: FlatGraph, use: Use) -> Keys:
    names = ([key.decode() for key in use.node.attr[name].list.s] for name in _KEY_ATTRIBUTES)
    sparse, dense = names
    return sparse, dense, []


_KEY_ATTRIBUTES = ("sparse_keys", "dense_keys")


def _keys_of_vectors(flat: FlatGraph, use: Use) -> Keys | None:
    found = [_constant_words(flat, flat.operand(use, place)) for place in (2, 3, 4)]
    sparse, dense, ragged = found
    return None if sparse is None or dense is None else (sparse, dense, ragged or [])


def _keys_of_scalars(flat: FlatGraph, use: Use) -> Keys | None:
    numbers, place = (use.node.attr["Nsparse"].i, use.node.attr["Ndense"].i), 2
    keys: list[list[str]] = []
    for number in numbers:
        words = [_constant_words(flat, flat.operand(use, place + n)) for n in range(number)]
        if any(word is None for word in words):
            return None
        keys.append([word[0] for word in words if word])
        place += number
    return keys[0], keys[1], []


def _constant_words(flat: FlatGraph, tensor: str) -> list[str] | None:
    value = flat.constant(tensor)
    return None if value is None else [bytes(word).decode() for word in value.reshape(-1)]


_KEYS = {
    "ParseSingleExample": _keys_of_attributes,
    "ParseExampleV2": _keys_of_vectors,
    "ParseExample": _keys_of_scalars,
}


def encode(columns: Iterable[Column], kind: str, rng: np.random.Generator) -> bytes:
    """Return a record with values of a kind of feed."""
    features = {column.name: _feature(column, kind, rng) for column in columns}
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return bytes(example.SerializeToString(deterministic=True))


def _feature(column: Column, kind: str, rng: np.random.Generator) -> Any:
    numbers = np.full(column.values, int(kind == "ones"))
    if kind not in ("zeros", "ones"):
        numbers = rng.integers(0, 100 if kind == "large" else 3, column.values)
    if column.dtype == tf.string:
        words = [_WORDS[number % len(_WORDS)] for number in numbers]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=words))
    if column.dtype == tf.int64:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=numbers))
    sign = -1 if kind == "negative" else 1
    values = sign * numbers + rng.integers(0, 16, column.values) / 16 * (kind != "zeros")
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))
