"""Networks as people write them with plain `tf.compat.v1`, in scripts of a few lines.

Each builds into the default graph; its outputs are what is found at its ends.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1

SCRIPTS: dict[str, Callable[[], Any]] = {}


def script(build: Callable[[], Any]) -> Callable[[], Any]:
    SCRIPTS[build.__name__] = build
    return build


@contextmanager
def old_control_flow() -> Iterator[None]:
    """Build conditions and loops from Switch, Merge, Enter and Exit."""
    v1.disable_control_flow_v2()
    try:
        yield
    finally:
        v1.enable_control_flow_v2()


def old(build: Callable[[], Any]) -> Callable[[], Any]:
    """Register a script as it is, and with the control flow of version 1."""

    def before() -> None:
        with old_control_flow():
            build()

    SCRIPTS[f"{build.__name__}_v1"] = before
    return script(build)


def features(columns: int = 4, dtype: Any = tf.float32, name: str = "x") -> tf.Tensor:
    return v1.placeholder(dtype, [None, columns], name)


def variable(name: str, *shape: int, resource: bool = True, dtype: Any = tf.float32) -> Any:
    """Create a variable whose values depend on its name and shape alone."""
    values = np.random.default_rng(sum(name.encode()) + sum(shape)).normal(0, 0.5, shape)
    initial = v1.constant_initializer(values, dtype)
    return v1.get_variable(name, shape, dtype, initial, use_resource=resource)


def dense(x: tf.Tensor, units: int, name: str, **options: Any) -> tf.Tensor:
    with v1.variable_scope(name):
        columns = x.shape[-1]
        kernel = variable("kernel", columns, units, dtype=x.dtype.base_dtype, **options)
        bias = variable("bias", units, dtype=x.dtype.base_dtype, **options)
        return tf.matmul(x, kernel) + bias


@script
def resources():
    tf.nn.softmax(dense(tf.nn.relu(dense(features(), 8, "hidden")), 3, "out"), name="probability")


@script
def references():
    hidden = tf.nn.tanh(dense(features(), 8, "hidden", resource=False))
    tf.nn.sigmoid(dense(hidden, 1, "out", resource=False), name="y")


@script
def double():
    tf.identity(dense(features(dtype=tf.float64), 2, "out"), name="y")


@script
def half():
    tf.identity(dense(features(dtype=tf.float16), 2, "out"), name="y")


@script
def brain():
    tf.nn.relu(dense(features(dtype=tf.bfloat16), 2, "out"), name="y")


@script
def complexes():
    spectrum = tf.signal.fft(tf.cast(features(8), tf.complex64))
    tf.abs(spectrum * tf.complex(1.0, 2.0), name="size")
    tf.math.conj(spectrum, name="spectrum")


@script
def integers():
    x = v1.placeholder(tf.int64, [None], "x")
    tf.bitwise.bitwise_xor(x, tf.constant(5, tf.int64), "flipped")
    tf.cast(tf.math.floormod(x, 7), tf.uint8, name="rest")
    tf.greater(x, 2, "is_large")


@script
def convolution():
    image = v1.placeholder(tf.float32, [None, 12, 12, 3], "image")
    hidden = tf.nn.conv2d(image, variable("filter", 3, 3, 3, 4), 1, "SAME")
    hidden = tf.nn.max_pool2d(
        tf.nn.relu(tf.nn.bias_add(hidden, variable("bias", 4))), 2, 2, "VALID"
    )
    hidden = tf.nn.depthwise_conv2d(hidden, variable("depthwise", 3, 3, 4, 1), [1, 1, 1, 1], "SAME")
    tf.identity(dense(tf.reshape(hidden, [-1, 6 * 6 * 4]), 2, "out"), name="logits")


@script
def bytes_of_image():
    image = v1.placeholder(tf.uint8, [None, 8, 8, 1], "image")
    larger = v1.image.resize_bilinear(tf.cast(image, tf.float32) / 255.0, [16, 16])
    tf.nn.avg_pool2d(larger, 4, 4, "VALID", name="y")


def normalize(x: tf.Tensor, training: bool, resource: bool = False) -> tf.Tensor:
    scale, offset = (variable(name, 4, resource=resource) for name in ("gamma", "beta"))
    mean = variable("mean", 4, resource=resource)
    variance = v1.get_variable(
        "variance", [4], initializer=v1.ones_initializer(), use_resource=resource
    )
    if not training:
        return v1.nn.fused_batch_norm(x, scale, offset, mean, variance, is_training=False)[0]
    y, batch_mean, batch_variance = v1.nn.fused_batch_norm(x, scale, offset)
    updates = [
        v1.assign(mean, 0.9 * mean + 0.1 * batch_mean),
        v1.assign(variance, 0.9 * variance + 0.1 * batch_variance),
    ]
    for update in updates:
        v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, update)
    return y


@script
def batch_norm():
    image = v1.placeholder(tf.float32, [None, 5, 5, 4], "image")
    tf.reduce_mean(tf.nn.relu(normalize(image, training=False)), [1, 2], name="y")


@script
def batch_norm_in_training():
    image = v1.placeholder(tf.float32, [None, 5, 5, 4], "image")
    tf.reduce_mean(tf.nn.relu(normalize(image, training=True)), [1, 2], name="y")


@script
def batch_norm_by_hand():
    x = features()
    with v1.variable_scope("bn"):
        moments = variable("mean", 4), tf.abs(variable("variance", 4))
        tf.nn.batch_normalization(x, *moments, variable("beta", 4), variable("gamma", 4), 1e-3)


@old
def normalized_while_training():
    x, is_training = features(), v1.placeholder(tf.bool, [], "is_training")
    mean = variable("mean", 4, resource=False)
    chosen = v1.cond(is_training, lambda: tf.reduce_mean(x, 0), lambda: tf.identity(mean))
    tf.subtract(x, chosen, name="y")


@script
def embedding():
    ids = v1.placeholder(tf.int64, [None, 3], "ids")
    table = variable("table", 10, 4, resource=False)
    tf.reduce_sum(tf.nn.embedding_lookup(table, ids), 1, name="y")


@script
def embedding_in_a_resource():
    ids = v1.placeholder(tf.int32, [None], "ids")
    tf.identity(tf.nn.embedding_lookup(variable("table", 10, 4), ids), name="y")


@script
def partitions():
    ids = v1.placeholder(tf.int64, [None], "ids")
    with v1.variable_scope("parts", partitioner=v1.fixed_size_partitioner(3)):
        table = v1.get_variable(
            "table", [11, 3], initializer=v1.random_normal_initializer(seed=1), use_resource=False
        )
    tf.identity(v1.nn.embedding_lookup(table, ids, "div"), name="y")


@script
def hashed_text():
    text = v1.placeholder(tf.string, [None], "text")
    buckets = tf.strings.to_hash_bucket_fast(text, 10)
    tf.identity(tf.nn.embedding_lookup(variable("table", 10, 4), buckets), name="y")
    tf.strings.join([text, tf.constant("!\0")], name="louder")


@script
def table_of_words():
    words = v1.placeholder(tf.string, [None], "words")
    table = v1.lookup.StaticHashTable(
        v1.lookup.KeyValueTensorInitializer(["a", "b", "c"], np.arange(3, dtype=np.int64)), 3
    )
    tf.identity(tf.nn.embedding_lookup(variable("table", 4, 2), table.lookup(words)), name="y")


@script
def names_of_classes():
    scores = dense(features(), 3, "out")
    names = v1.lookup.StaticHashTable(
        v1.lookup.KeyValueTensorInitializer(np.arange(3, dtype=np.int64), ["x", "y", "z"]), "?"
    )
    tf.identity(names.lookup(tf.argmax(scores, 1)), name="name")
    tf.nn.softmax(scores, name="probability")


@script
def examples():
    serialized = v1.placeholder(tf.string, [None], "serialized")
    parsed = v1.io.parse_example(
        serialized,
        {
            "a": v1.io.FixedLenFeature([2], tf.float32, [1.0, 2.0]),
            "b": v1.io.VarLenFeature(tf.int64),
        },
    )
    b = v1.sparse.to_dense(parsed["b"], default_value=-1)
    tf.identity(dense(parsed["a"], 2, "out"), name="y")
    tf.reduce_max(b, name="largest")


@script
def sparse():
    x = v1.sparse_placeholder(tf.float32, [None, 6], "x")
    tf.identity(v1.sparse.matmul(x, variable("kernel", 6, 2)), name="y")


@old
def loop():
    x = features()
    kernel = variable("kernel", 4, 4)
    _, y = v1.while_loop(
        lambda i, _: i < 3, lambda i, y: (i + 1, tf.tanh(tf.matmul(y, kernel))), (0, x)
    )
    tf.identity(y, name="y")


@old
def condition():
    x = features()
    bias = variable("bias", 4)
    y = v1.cond(tf.reduce_sum(x) > 0, lambda: x + bias, lambda: x * bias)
    tf.identity(y, name="y")


@old
def recurrent():
    x = v1.placeholder(tf.float32, [None, 5, 4], "x")
    kernel, state = variable("kernel", 7, 3), tf.zeros([tf.shape(x)[0], 3])

    def step(time, state, outputs):
        state = tf.tanh(tf.matmul(tf.concat([x[:, time], state], 1), kernel))
        return time + 1, state, outputs.write(time, state)

    outputs = tf.TensorArray(tf.float32, 5)
    _, state, outputs = v1.while_loop(lambda time, *_: time < 5, step, (0, state, outputs))
    tf.transpose(outputs.stack(), [1, 0, 2], name="outputs")
    tf.identity(state, name="state")


@old
def mapped():
    tf.map_fn(lambda row: tf.reduce_sum(row) * row, features(), name="map")


@script
def switch():
    x, index = features(), v1.placeholder(tf.int32, [], "index")
    kernel = variable("kernel", 4)
    branches = [lambda: x * kernel, lambda: x - kernel, lambda: tf.zeros_like(x)]
    tf.identity(tf.switch_case(index, branches), name="y")


@script
def several():
    x = features(6)
    tf.split(x, 3, axis=1, name="thirds")
    tf.math.top_k(x, 2, name="top")


@script
def unique():
    x = v1.placeholder(tf.int32, [None], "x")
    tf.unique_with_counts(x)


@script
def mixed_inputs():
    x, scale = features(), v1.placeholder(tf.float64, [], "scale")
    chosen = v1.placeholder(tf.bool, [None], "chosen")
    shift = v1.placeholder_with_default(tf.constant([1.0, 2.0, 3.0, 4.0]), [4], "shift")
    y = tf.where(chosen, tf.reduce_sum(x + shift, 1), tf.zeros([tf.shape(x)[0]]))
    tf.multiply(tf.cast(y, tf.float64), scale, name="y")


@script
def only_a_default():
    x = v1.placeholder_with_default(np.ones((2, 4), "f"), [None, 4], "x")
    tf.identity(dense(x, 2, "out"), name="y")


@script
def queue():
    files = v1.train.string_input_producer(["a.csv"])
    _, line = v1.TextLineReader().read(files)
    row = tf.stack(v1.decode_csv(line, [[0.0]] * 4))
    rows = v1.train.batch([row], 2)
    tf.identity(dense(rows, 2, "out"), name="y")


@script
def iterator():
    data = v1.data.Dataset.from_tensor_slices(np.ones((6, 4), "f")).batch(2)
    rows = v1.data.make_initializable_iterator(data).get_next()
    tf.identity(dense(rows, 2, "out"), name="y")


@script
def function():
    kernel = variable("kernel", 4, 4)

    @tf.function
    def layer(x):
        parts = tf.split(tf.matmul(x, kernel), 2, axis=1)
        return parts[1] - parts[0] if tf.reduce_sum(x) > 0 else parts[0]

    tf.identity(layer(features()), name="y")


@script
def defun():
    from tensorflow.python.framework.function import Defun

    @Defun(tf.float32, tf.float32)
    def scaled(x, by):
        pair = tf.unstack(tf.stack([x, x * by]), 2)
        return pair[1], pair[0] + 1.0

    tf.identity(scaled(dense(features(), 3, "out"), tf.constant(2.0))[0], name="y")


@script
def attention():
    x = v1.placeholder(tf.float32, [None, 6, 8], "x")
    q, k, v = (tf.einsum("bsd,de->bse", x, variable(name, 8, 8)) for name in "qkv")
    weights = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) / 8**0.5)
    tf.matmul(weights, v, name="y")


@script
def lstm():
    x, state = v1.placeholder(tf.float32, [None, 3, 4], "x"), tf.zeros([2, 5])
    kernel, bias, cell = variable("kernel", 9, 20), variable("bias", 20), tf.zeros([2, 5])
    for time in range(3):
        gates = tf.matmul(tf.concat([x[:, time], state], 1), kernel) + bias
        i, j, f, o = tf.split(gates, 4, 1)
        cell = cell * tf.sigmoid(f) + tf.sigmoid(i) * tf.tanh(j)
        state = tf.tanh(cell) * tf.sigmoid(o)
    tf.identity(state, name="y")


@script
def asserted():
    x = features()
    with tf.control_dependencies([v1.assert_less(x, 1e9), v1.assert_rank(x, 2)]):
        tf.identity(dense(x, 2, "out"), name="y")


@script
def segments():
    x, ids = features(), v1.placeholder(tf.int32, [None], "ids")
    tf.math.unsorted_segment_sum(x * variable("scale", 4), ids, 3, name="y")


@script
def ranked():
    x = features()
    order = tf.argsort(x, direction="DESCENDING")
    tf.gather(x, order, batch_dims=1, name="sorted")
    tf.linalg.band_part(tf.matmul(x, x, transpose_b=True), -1, 0, "lower")


@script
def training():
    x, label = features(), v1.placeholder(tf.float32, [None, 1], "label")
    prediction = dense(tf.nn.relu(dense(x, 5, "hidden")), 1, "out")
    tf.identity(prediction, name="prediction")
    loss = tf.reduce_mean(tf.square(prediction - label), name="loss")
    step = v1.train.get_or_create_global_step()
    v1.train.AdamOptimizer().minimize(loss, step)
    v1.summary.scalar("loss", loss)
    v1.summary.merge_all()


@script
def averaged():
    x, label = features(), v1.placeholder(tf.float32, [None, 1], "label")
    prediction = dense(x, 1, "out", resource=False)
    tf.identity(prediction, name="prediction")
    loss = tf.reduce_mean(tf.square(prediction - label))
    step = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.control_dependencies([step]):
        v1.train.ExponentialMovingAverage(0.5).apply(v1.trainable_variables())


@script
def nothing_to_feed():
    tf.matmul(variable("a", 2, 3), variable("b", 3, 2), name="product")


@script
def deep():
    y = dense(features(), 4, "out")
    for _ in range(3_000):
        y = tf.identity(y)
    tf.negative(y, name="y")
