"""Networks of matrices: regressions, perceptrons, shared and partitioned weights, averages."""

import numpy as np
import tensorflow.compat.v1 as tf

from .layers import dense, moving
from .model import Ends, ends, model


@model(old=True, lite=True)
def linear_regression() -> Ends:
    """The article of 2016, in its inference part."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    weights = tf.Variable(tf.truncated_normal([3, 1], seed=1), name="W")
    bias = tf.Variable(tf.zeros([1]), name="b")
    return ends([x], [tf.add(tf.matmul(x, weights), bias, name="y")])


@model(old=True, names=True)
def perceptron_with_optimizer() -> Ends:
    """Loss, optimizer, summaries and saver in one graph with the network."""
    x = tf.placeholder(tf.float32, [None, 8], name="input/x")
    labels = tf.placeholder(tf.int64, [None], name="input/labels")
    hidden = dense(dense(x, 16, "hidden1", tf.nn.relu), 16, "hidden2", tf.nn.relu)
    logits = dense(hidden, 3, "logits")
    probabilities = tf.nn.softmax(logits, name="probabilities")
    classes = tf.argmax(logits, 1, name="classes")
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )
    accuracy = tf.reduce_mean(tf.cast(tf.equal(classes, labels), tf.float32), name="accuracy")
    tf.summary.scalar("loss", loss)
    tf.summary.scalar("accuracy", accuracy)
    tf.summary.merge_all()
    step = tf.train.get_or_create_global_step()
    tf.train.AdamOptimizer(0.01).minimize(loss, step)
    return ends([x], [probabilities, classes])


@model()
def wide_and_deep() -> Ends:
    """Several inputs and outputs, of several dtypes."""
    numbers = tf.placeholder(tf.float32, [None, 5], name="numbers")
    codes = tf.placeholder(tf.int32, [None, 2], name="codes")
    flag = tf.placeholder(tf.bool, [None], name="flag")
    wide = dense(tf.cast(codes, tf.float32), 1, "wide")
    deep = dense(dense(numbers, 10, "deep", tf.nn.elu), 1, "deep_out")
    score = tf.where(flag, tf.squeeze(wide + deep, 1), tf.squeeze(deep, 1), name="score")
    total = tf.reduce_sum(codes, 1, name="total")
    return ends([numbers, codes, flag], [score, total, tf.greater(score, 0.0, name="is_positive")])


@model(old=True)
def siamese() -> Ends:
    """Two inputs through the same weights, by a scope that is used again."""
    left = tf.placeholder(tf.float32, [None, 6], name="left")
    right = tf.placeholder(tf.float32, [None, 6], name="right")
    one, other = (dense(dense(x, 8, "tower", tf.nn.tanh), 4, "code") for x in (left, right))
    distance = tf.sqrt(tf.reduce_sum(tf.square(one - other), 1) + 1e-6, name="distance")
    return ends([left, right], [distance, tf.identity(one, name="left_code")])


@model(old=True)
def partitioned() -> Ends:
    """Weights in slices, as for parameter servers."""
    x = tf.placeholder(tf.float32, [None, 9], name="x")
    slices = tf.fixed_size_partitioner(3)
    with tf.variable_scope("big", partitioner=slices):
        weights = tf.get_variable("weights", [9, 4])
        bias = tf.get_variable("bias", [4], initializer=tf.random_normal_initializer(seed=3))
    y = tf.matmul(x, tf.convert_to_tensor(weights)) + tf.convert_to_tensor(bias)
    return ends([x], [tf.nn.softplus(y, name="y")])


@model(old=True)
def averaged() -> Ends:
    """Exponential moving averages beside the raw values; the outputs use the raw ones."""
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = dense(dense(x, 7, "hidden", tf.nn.relu), 2, "out")
    average = tf.train.ExponentialMovingAverage(0.99)
    with tf.control_dependencies([v.initializer for v in tf.trainable_variables()]):
        tf.group(average.apply(tf.trainable_variables()), name="update_averages")
    return ends([x], [tf.identity(y, name="y")])


@model(training=True)
def batch_norm_by_hand(training: bool = False) -> Ends:
    """Batch norm of columns, from moments in training."""
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    hidden = dense(x, 5, "hidden")
    with tf.variable_scope("bn"):
        scale = tf.get_variable("scale", [5], initializer=tf.ones_initializer())
        mean, variance = moving([5])
        if training:
            mean, variance = tf.nn.moments(hidden, [0])
        normal = tf.nn.batch_normalization(hidden, mean, variance, None, scale, 1e-3)
    return ends([x], [dense(tf.nn.relu(normal), 2, "out")])


@model(training=True)
def dropout_by_python(training: bool = False) -> Ends:
    """Dropout that only the training graph has."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    hidden = dense(x, 12, "hidden", tf.nn.relu)
    if training:
        hidden = tf.nn.dropout(hidden, rate=0.4, seed=3)
    return ends([x], [tf.sigmoid(dense(hidden, 1, "out"), name="probability")])


@model()
def float64_polynomial() -> Ends:
    x = tf.placeholder(tf.float64, [None], name="x")
    factors = tf.get_variable("factors", [4], tf.float64, tf.random_normal_initializer(seed=4))
    powers = tf.stack([x**i for i in range(4)], 1)
    return ends([x], [tf.linalg.matvec(powers, factors, name="y")])


@model()
def float16_net() -> Ends:
    x = tf.placeholder(tf.float16, [None, 4], name="x")
    hidden = dense(x, 6, "hidden", tf.nn.relu, tf.float16)
    return ends([x], [dense(hidden, 2, "out", dtype=tf.float16)])


@model()
def bfloat16_net() -> Ends:
    """float32 outside, bfloat16 weights inside."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    weights = tf.get_variable("weights", [4, 3], tf.bfloat16, tf.random_normal_initializer(seed=5))
    product = tf.matmul(tf.cast(x, tf.bfloat16), weights, name="product")
    return ends([x], [tf.cast(product, tf.float32, name="y")])


@model()
def bfloat16_output() -> Ends:
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    return ends([x], [tf.cast(dense(x, 3, "out"), tf.bfloat16, name="short")])


@model()
def spectrum() -> Ends:
    """Complex numbers: a learned filter in the frequency domain."""
    signal = tf.placeholder(tf.float32, [None, 16], name="signal")
    real = tf.get_variable("real", [16])
    imaginary = tf.get_variable("imaginary", [16])
    filtered = tf.signal.fft(tf.cast(signal, tf.complex64)) * tf.complex(real, imaginary)
    back = tf.signal.ifft(filtered)
    return ends([signal], [tf.identity(filtered, name="filtered"), tf.abs(back, name="envelope")])


@model()
def complex_variable() -> Ends:
    z = tf.placeholder(tf.complex128, [None, 2], name="z")
    turn = tf.get_variable(
        "turn", initializer=np.array([[0.6 + 0.8j, 0.1j], [2.0 - 1j, -0.3]]), dtype=tf.complex128
    )
    return ends([z], [tf.matmul(z, turn, name="turned")])


@model()
def int8_arithmetic() -> Ends:
    """Quantized by hand: bytes in, 32 bit sums, bytes out."""
    x = tf.placeholder(tf.int8, [None, 8], name="x")
    start = np.random.default_rng(6).integers(-9, 9, (8, 4)).astype(np.int8)
    weights = tf.get_variable("weights", initializer=start, trainable=False)
    bias = tf.get_variable("bias", initializer=np.array([3, -2, 7, 1], np.int32), trainable=False)
    sums = tf.matmul(tf.cast(x, tf.int32), tf.cast(weights, tf.int32)) + bias
    limited = tf.clip_by_value(sums // 4, -128, 127)
    return ends([x], [tf.cast(limited, tf.int8, name="y"), tf.identity(sums, name="sums")])


@model()
def unsigned_bits() -> Ends:
    """Bits of unsigned integers, masked and shifted."""
    bits = tf.placeholder(tf.uint8, [None], name="bits")
    mask = tf.get_variable("mask", initializer=np.array([0b1011], np.uint8), trainable=False)
    masked = tf.bitwise.bitwise_and(bits, mask, name="masked")
    return ends([bits], [masked, tf.bitwise.left_shift(tf.cast(bits, tf.uint16), 3, name="left")])


@model()
def several_outputs_of_operations() -> Ends:
    """Outputs `:1` and above are used and given."""
    x = tf.placeholder(tf.float32, [None, 12], name="x")
    first, _, third = tf.split(dense(x, 12, "mix"), 3, axis=1, name="parts")
    values, indices = tf.nn.top_k(first, 2, name="best")
    mean, variance = tf.nn.moments(third, [1], name="moments")
    return ends([x], [values, indices, mean, variance])


@model()
def quantized_weights() -> Ends:
    """Weights pass through a fake quantization, as in training for small machines."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    weights = tf.get_variable("weights", [4, 3])
    least = tf.get_variable("least", [], initializer=tf.constant_initializer(-0.9))
    most = tf.get_variable("most", [], initializer=tf.constant_initializer(0.8))
    small = tf.quantization.fake_quant_with_min_max_vars(weights, least, most)
    return ends([x], [tf.matmul(x, small, name="y")])


@model()
def solver() -> Ends:
    """Linear algebra: a least squares fit against a stored basis."""
    y = tf.placeholder(tf.float64, [6, None], name="y")
    basis = tf.get_variable("basis", [6, 3], tf.float64, tf.random_normal_initializer(seed=8))
    gram = tf.matmul(basis, basis, transpose_a=True) + 0.1 * tf.eye(3, dtype=tf.float64)
    right = tf.matmul(basis, y, transpose_a=True)
    return ends([y], [tf.linalg.solve(gram, right, name="solution")])


@model(old=True, placed=True)
def placed_on_machines() -> Ends:
    """Its nodes name devices of a cluster that is gone."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    weights = tf.get_variable("weights", [3, 3])
    return ends([x], [tf.nn.leaky_relu(tf.matmul(x, weights), name="y")])
