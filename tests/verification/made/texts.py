"""Strings, tables, sparse inputs, serialized examples."""

import tensorflow.compat.v1 as tf

from .layers import dense
from .model import Ends, ends, model

ANIMALS = ["cat", "dog", "emu", "fox"]


@model()
def hashed_words() -> Ends:
    """Words by their hash: no vocabulary is kept."""
    words = tf.placeholder(tf.string, [None], name="words")
    buckets = tf.strings.to_hash_bucket_fast(words, 20)
    table = tf.get_variable("table", [20, 3])
    return ends([words], [tf.nn.embedding_lookup(table, buckets, name="vectors")])


@model()
def string_operations() -> Ends:
    text = tf.placeholder(tf.string, [None], name="text")
    suffix = tf.get_variable("suffix", initializer=["!"], trainable=False, dtype=tf.string)
    loud = tf.strings.regex_replace(tf.strings.upper(text), "[AEIOU]", "*")
    joined = tf.strings.join([loud, tf.tile(suffix, tf.shape(text))], name="joined")
    return ends([text], [joined, tf.strings.length(text, name="length")])


@model(freeze=False)
def vocabulary() -> Ends:
    """A table from words to numbers, which an initializer fills, and an embedding."""
    words = tf.placeholder(tf.string, [None], name="words")
    content = tf.lookup.KeyValueTensorInitializer(ANIMALS, list(range(4)), tf.string, tf.int64)
    table = tf.lookup.StaticHashTable(content, 4)
    vectors = tf.get_variable("vectors", [5, 3])
    return ends([words], [tf.nn.embedding_lookup(vectors, table.lookup(words), name="vector")])


@model(old=True, freeze=False)
def class_names() -> Ends:
    """The name of the most probable class, by a table from numbers."""
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    numbers = tf.range(4, dtype=tf.int64)
    content = tf.lookup.KeyValueTensorInitializer(numbers, tf.constant(ANIMALS))
    table = tf.lookup.StaticHashTable(content, "unknown")
    probabilities = tf.nn.softmax(dense(x, 4, "out"), name="probabilities")
    name = table.lookup(tf.argmax(probabilities, 1))
    return ends([x], [tf.identity(name, name="name"), probabilities])


@model()
def class_names_by_gather() -> Ends:
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    best = tf.argmax(dense(x, 4, "out"), 1)
    return ends([x], [tf.gather(tf.constant(ANIMALS, name="names"), best, name="name")])


@model()
def parsed_examples() -> Ends:
    """Serialized `tf.Example` messages, as Estimators exported."""
    serialized = tf.placeholder(tf.string, [None], name="input_example_tensor")
    features = tf.parse_example(
        serialized,
        {
            "age": tf.FixedLenFeature([1], tf.float32, [30.0]),
            "scores": tf.FixedLenFeature([3], tf.float32, [0.0, 1.0, 0.5]),
            "count": tf.FixedLenFeature([1], tf.int64, [2]),
        },
    )
    parts = [features["age"], features["scores"], tf.cast(features["count"], tf.float32)]
    return ends([serialized], [dense(tf.concat(parts, 1), 2, "logits")])


@model()
def sparse_features() -> Ends:
    """A sparse matrix, fed in three parts."""
    sparse = tf.sparse_placeholder(tf.float32, [None, 7], name="sparse")
    weights = tf.get_variable("weights", [7, 3])
    y = tf.sparse_tensor_dense_matmul(sparse, weights, name="y")
    return ends([sparse.indices, sparse.values, sparse.dense_shape], [y])


@model(old=True)
def one_hot_codes() -> Ends:
    """Integers of several columns as one-hot, with wide integers beside."""
    codes = tf.placeholder(tf.int64, [None, 2], name="codes")
    hot = tf.reshape(tf.one_hot(codes, 6), [-1, 12])
    return ends([codes], [dense(hot, 2, "out"), tf.reduce_max(codes, 1, name="largest")])
