"""Networks of sequences: embeddings, recurrent loops, attention, decoding."""

from typing import Any

import tensorflow.compat.v1 as tf

from .layers import dense, lstm_cell
from .model import Ends, ends, model

WORDS = 11


def _ids(length: int | None = 5) -> Any:
    return tf.placeholder(tf.int32, [None, length], name="ids")


def _within(ids: Any) -> Any:
    """Let any integer be the number of a word, as the scripts of the tests are fed blindly."""
    return tf.floormod(ids, WORDS)


@model(old=True)
def bag_of_words() -> Ends:
    ids = _ids()
    table = tf.get_variable("embeddings", [WORDS, 6])
    words = tf.nn.embedding_lookup(table, _within(ids))
    return ends([ids], [dense(tf.reduce_mean(words, 1), 3, "out")])


@model(old=True)
def partitioned_embeddings() -> Ends:
    """A table in shards, looked up by the remainder of the id."""
    ids = _ids()
    with tf.variable_scope("table", partitioner=tf.fixed_size_partitioner(2)):
        shards = tf.get_variable("shards", [12, 4])
    words = tf.nn.embedding_lookup(list(shards), tf.floormod(ids, 12), partition_strategy="mod")
    return ends([ids], [tf.reduce_max(words, 1, name="strongest")])


@model()
def embeddings_of_resources() -> Ends:
    """Gathers from a resource variable, whose sum is compared with all words."""
    ids = _ids()
    table = tf.get_variable("table", [WORDS, 8])
    mean = tf.reduce_mean(tf.nn.embedding_lookup(table, _within(ids)), 1)
    return ends([ids], [tf.matmul(mean, table, transpose_b=True, name="similarity")])


@model(old=True)
def unrolled_lstm() -> Ends:
    """A static loop in Python over the steps."""
    x = tf.placeholder(tf.float32, [None, 4, 3], name="x")
    state = (tf.zeros([tf.shape(x)[0], 5]), tf.zeros([tf.shape(x)[0], 5]))
    for step in tf.unstack(x, axis=1):
        state = lstm_cell(step, state, 5)
    c, h = state
    return ends([x], [dense(h, 2, "out"), tf.identity(c, name="cell")])


def _recurrent() -> Ends:
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    with tf.variable_scope("rnn"):
        kernel = tf.get_variable("kernel", [7, 4])
        bias = tf.get_variable("bias", [4], initializer=tf.ones_initializer())
    time = tf.shape(x)[1]
    steps = tf.TensorArray(tf.float32, time).unstack(tf.transpose(x, [1, 0, 2]))

    def turn(at: Any, state: Any, written: Any) -> tuple[Any, Any, Any]:
        joined = tf.concat([steps.read(at), state], 1)
        state = tf.tanh(tf.matmul(joined, kernel) + bias)
        return at + 1, state, written.write(at, state)

    begin = (0, tf.zeros([tf.shape(x)[0], 4]), tf.TensorArray(tf.float32, time))
    _, state, written = tf.while_loop(lambda at, *_: at < time, turn, begin)
    states = tf.transpose(written.stack(), [1, 0, 2], name="states")
    return ends([x], [states, tf.identity(state, name="last")])


@model(old=True)
def dynamic_rnn_old() -> Ends:
    """A loop of Enter, Merge, Switch and NextIteration, with tensor arrays."""
    return _recurrent()


@model()
def dynamic_rnn_new() -> Ends:
    """The same as a function `While`, with lists of tensors."""
    return _recurrent()


@model(old=True)
def masked_lengths() -> Ends:
    """Sequences with lengths, and a mask."""
    x = tf.placeholder(tf.float32, [None, 6, 2], name="x")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    mask = tf.sequence_mask(lengths, 6, tf.float32)
    weights = tf.get_variable("weights", [2, 3])
    scored = tf.tensordot(x, weights, 1) * mask[:, :, tf.newaxis]
    total = tf.reduce_sum(scored, 1) / tf.maximum(tf.reduce_sum(mask, 1, keepdims=True), 1.0)
    return ends([x, lengths], [tf.identity(total, name="mean")])


@model()
def attention() -> Ends:
    """One head of a transformer, with layer normalization."""
    x = tf.placeholder(tf.float32, [None, 4, 8], name="x")
    q, k, v = (tf.tensordot(x, tf.get_variable(n, [8, 8]), 1) for n in ("query", "key", "value"))
    weights = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) / 8**0.5, name="attention")
    y = x + tf.matmul(weights, v)
    mean, variance = tf.nn.moments(y, [-1], keepdims=True)
    gain = tf.get_variable("gain", [8], initializer=tf.ones_initializer())
    normal = tf.multiply(gain, (y - mean) * tf.rsqrt(variance + 1e-6), name="y")
    return ends([x], [normal, weights])


@model()
def convolution_of_characters() -> Ends:
    ids = _ids(8)
    table = tf.get_variable("characters", [WORDS, 4])
    x = tf.nn.embedding_lookup(table, _within(ids))
    x = tf.nn.conv1d(x, tf.get_variable("filters", [3, 4, 5]), 1, "VALID")
    return ends([ids], [dense(tf.reduce_max(tf.nn.relu(x), 1), 2, "out")])


@model(old=True)
def greedy_decoder() -> Ends:
    """Each word is chosen by the one before, in an old loop."""
    first = tf.placeholder(tf.int32, [None], name="first")
    table = tf.get_variable("table", [WORDS, 6])
    out = tf.get_variable("out", [6, WORDS])

    def turn(at: Any, word: Any, text: Any) -> tuple[Any, Any, Any]:
        logits = tf.matmul(tf.tanh(tf.gather(table, word)), out)
        word = tf.argmax(logits, 1, output_type=tf.int32)
        return at + 1, word, text.write(at, word)

    begin = (0, tf.floormod(first, WORDS), tf.TensorArray(tf.int32, 4))
    _, _, text = tf.while_loop(lambda at, *_: at < 4, turn, begin)
    return ends([first], [tf.transpose(text.stack(), name="words")])


@model(names=True)
def speech_decoder() -> Ends:
    """The best path of CTC: of four results, two are given."""
    sound = tf.placeholder(tf.float32, [6, 2, 5], name="sound")
    logits = tf.reshape(dense(tf.reshape(sound, [12, 5]), 4, "out"), [6, 2, 4])
    decoded, score = tf.nn.ctc_greedy_decoder(logits, tf.constant([6, 6]))
    return ends([sound], [score, decoded[0].values])
