"""Operations of NumPy and TensorFlow correspond one to one, in a session and eagerly."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split

pytestmark = pytest.mark.semantics

v1 = tf.compat.v1

ANY = ((7,), (3, 5), (2, 4, 3))
MATRICES = ((1, 1), (4, 4), (2, 3, 3))


@dataclass(frozen=True)
class Pair:
    """One computation on x and y, arrays of one shape, written with each library."""

    name: str
    tensorflow: Callable[[Any, Any], Any]
    numpy: Callable[[Any, Any], Any]
    shapes: tuple[tuple[int, ...], ...] = ANY
    close: float = 0  # the relative error allowed; 0: equal, bit for bit


ROUNDED = 1e-13  # transcendental functions and sums, in float64
SOLVED = 1e-9  # linear algebra

PAIRS = (
    # Arithmetic
    Pair("add", tf.add, np.add),
    Pair("subtract", tf.subtract, np.subtract),
    Pair("multiply", tf.multiply, np.multiply),
    Pair("divide", tf.divide, np.divide),
    Pair(
        "add_n / sum of a list",
        lambda x, y: tf.add_n([x * x, y * y, x * x]),
        lambda x, y: sum([x * x, y * y, x * x]),
        close=ROUNDED,
    ),
    Pair("negative", lambda x, _: tf.negative(x), lambda x, _: np.negative(x)),
    Pair("abs", lambda x, _: tf.abs(x), lambda x, _: np.abs(x)),
    Pair("sign", lambda x, _: tf.sign(x), lambda x, _: np.sign(x)),
    Pair("square", lambda x, _: tf.square(x), lambda x, _: np.square(x)),
    Pair("reciprocal", lambda x, _: tf.math.reciprocal(x), lambda x, _: np.reciprocal(x)),
    Pair("squared_difference", tf.math.squared_difference, lambda x, y: (x - y) ** 2),
    Pair("floormod / mod", tf.math.floormod, np.mod, close=ROUNDED),
    Pair("floordiv / floor_divide", tf.math.floordiv, np.floor_divide),
    Pair("maximum", tf.maximum, np.maximum),
    Pair("minimum", tf.minimum, np.minimum),
    Pair(
        "clip_by_value / clip",
        lambda x, _: tf.clip_by_value(x, -0.5, 1.0),
        lambda x, _: np.clip(x, -0.5, 1.0),
    ),
    # Rounding
    Pair("floor", lambda x, _: tf.floor(x * 10), lambda x, _: np.floor(x * 10)),
    Pair("ceil", lambda x, _: tf.math.ceil(x * 10), lambda x, _: np.ceil(x * 10)),
    Pair("round to even", lambda x, _: tf.round(x * 10), lambda x, _: np.round(x * 10)),
    Pair(
        "round halves to even",
        lambda x, _: tf.round(tf.floor(x * 10) + 0.5),
        lambda x, _: np.round(np.floor(x * 10) + 0.5),
    ),
    Pair("cast / astype", lambda x, _: tf.cast(x * 9, tf.int32), lambda x, _: (x * 9).astype("i4")),
    # Functions
    Pair("exp", lambda x, _: tf.exp(x), lambda x, _: np.exp(x), close=ROUNDED),
    Pair("expm1", lambda x, _: tf.math.expm1(x), lambda x, _: np.expm1(x), close=ROUNDED),
    Pair("log", lambda x, _: tf.math.log(x * x), lambda x, _: np.log(x * x), close=ROUNDED),
    Pair("log1p", lambda x, _: tf.math.log1p(x * x), lambda x, _: np.log1p(x * x), close=ROUNDED),
    Pair("sqrt", lambda x, _: tf.sqrt(x * x), lambda x, _: np.sqrt(x * x)),
    Pair("pow / power", lambda x, y: tf.pow(x * x, y), lambda x, y: (x * x) ** y, close=ROUNDED),
    Pair("sin", lambda x, _: tf.sin(x), lambda x, _: np.sin(x), close=ROUNDED),
    Pair("cos", lambda x, _: tf.cos(x), lambda x, _: np.cos(x), close=ROUNDED),
    Pair("tanh", lambda x, _: tf.tanh(x), lambda x, _: np.tanh(x), close=ROUNDED),
    Pair("atan2 / arctan2", tf.math.atan2, np.arctan2, close=ROUNDED),
    Pair("sigmoid", lambda x, _: tf.sigmoid(x), lambda x, _: 1 / (1 + np.exp(-x)), close=ROUNDED),
    Pair("relu", lambda x, _: tf.nn.relu(x), lambda x, _: np.maximum(x, 0)),
    Pair(
        "softmax",
        lambda x, _: tf.nn.softmax(x),
        lambda x, _: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
        close=ROUNDED,
    ),
    # Reductions
    Pair(
        "reduce_sum / sum",
        lambda x, _: tf.reduce_sum(x),
        lambda x, _: np.sum(x),
        close=SOLVED,  # a sum near zero keeps few digits
    ),
    Pair(
        "reduce_sum of an axis / sum",
        lambda x, _: tf.reduce_sum(x * x, 0),
        lambda x, _: np.sum(x * x, 0),
        close=ROUNDED,
    ),
    Pair(
        "reduce_mean of an axis / mean",
        lambda x, _: tf.reduce_mean(x * x, axis=-1),
        lambda x, _: np.mean(x * x, axis=-1),
        close=ROUNDED,
    ),
    Pair(
        "reduce_mean with keepdims / mean",
        lambda x, _: tf.reduce_mean(x * x, axis=0, keepdims=True),
        lambda x, _: np.mean(x * x, axis=0, keepdims=True),
        close=ROUNDED,
    ),
    Pair(
        "reduce_prod / prod",
        lambda x, _: tf.reduce_prod(x, -1),
        lambda x, _: np.prod(x, -1),
        close=ROUNDED,
    ),
    Pair("reduce_max / max", lambda x, _: tf.reduce_max(x, 0), lambda x, _: np.max(x, 0)),
    Pair("reduce_min / min", lambda x, _: tf.reduce_min(x), lambda x, _: np.min(x)),
    Pair(
        "reduce_std / std",
        lambda x, _: tf.math.reduce_std(x, 0),
        lambda x, _: np.std(x, 0),
        close=SOLVED,
    ),
    Pair(
        "reduce_variance / var",
        lambda x, _: tf.math.reduce_variance(x),
        lambda x, _: np.var(x),
        close=ROUNDED,
    ),
    Pair("reduce_all / all", lambda x, y: tf.reduce_all(x < y, 0), lambda x, y: np.all(x < y, 0)),
    Pair("reduce_any / any", lambda x, y: tf.reduce_any(x < y, 0), lambda x, y: np.any(x < y, 0)),
    Pair(
        "count_nonzero",
        lambda x, _: tf.math.count_nonzero(x > 0, axis=0),
        lambda x, _: np.count_nonzero(x > 0, axis=0),
    ),
    Pair("argmax", lambda x, _: tf.argmax(x, axis=-1), lambda x, _: np.argmax(x, axis=-1)),
    Pair("argmin", lambda x, _: tf.argmin(x, axis=0), lambda x, _: np.argmin(x, axis=0)),
    Pair("cumsum", lambda x, _: tf.cumsum(x, axis=-1), lambda x, _: np.cumsum(x, axis=-1)),
    Pair("cumprod", lambda x, _: tf.math.cumprod(x, axis=0), lambda x, _: np.cumprod(x, axis=0)),
    # Choices
    Pair("where", lambda x, y: tf.where(x < y, x, y * 2), lambda x, y: np.where(x < y, x, y * 2)),
    Pair(
        "where with one argument / argwhere",
        lambda x, _: tf.where(x > 0),
        lambda x, _: np.argwhere(x > 0),
    ),
    Pair("boolean_mask", lambda x, y: tf.boolean_mask(x, x > y), lambda x, y: x[x > y]),
    Pair("equal", lambda x, y: tf.equal(tf.floor(x), tf.floor(y)), lambda x, y: x // 1 == y // 1),
    Pair("logical_and", lambda x, y: tf.logical_and(x > 0, y > 0), lambda x, y: (x > 0) & (y > 0)),
    Pair("sort", lambda x, _: tf.sort(x, axis=-1), lambda x, _: np.sort(x, axis=-1)),
    Pair("argsort", lambda x, _: tf.argsort(x), lambda x, _: np.argsort(x).astype(np.int32)),
    Pair(
        "top_k / the end of a sort",
        lambda x, _: tf.math.top_k(x, 3).values,
        lambda x, _: np.sort(x)[..., :-4:-1],
    ),
    Pair(
        "gather / take", lambda x, _: tf.gather(x, [1, 0, 1]), lambda x, _: np.take(x, [1, 0, 1], 0)
    ),
    Pair(
        "gather of an axis / take",
        lambda x, _: tf.gather(x, [2, 0], axis=-1),
        lambda x, _: np.take(x, [2, 0], axis=-1),
    ),
    Pair(
        "slices", lambda x, _: x[1:, ..., ::-1], lambda x, _: x[1:, ..., ::-1], ((3, 5), (2, 4, 3))
    ),
    Pair(
        "one_hot / eye",
        lambda x, _: tf.one_hot(tf.argmax(x, -1), 9),
        lambda x, _: np.eye(9, dtype="f4")[x.argmax(-1)],
    ),
    # Layout
    Pair("transpose", lambda x, _: tf.transpose(x), lambda x, _: np.transpose(x)),
    Pair(
        "transpose of axes",
        lambda x, _: tf.transpose(x, [2, 0, 1]),
        lambda x, _: np.transpose(x, [2, 0, 1]),
        ((2, 4, 3), (1, 1, 5)),
    ),
    Pair("reshape", lambda x, _: tf.reshape(x, [-1, 1]), lambda x, _: np.reshape(x, [-1, 1])),
    Pair("expand_dims", lambda x, _: tf.expand_dims(x, 1), lambda x, _: np.expand_dims(x, 1)),
    Pair("squeeze", lambda x, _: tf.squeeze(x), lambda x, _: np.squeeze(x), ((1, 3), (2, 1, 3, 1))),
    Pair(
        "concat / concatenate",
        lambda x, y: tf.concat([x, y], -1),
        lambda x, y: np.concatenate([x, y], -1),
    ),
    Pair("stack", lambda x, y: tf.stack([x, y], 1), lambda x, y: np.stack([x, y], 1)),
    Pair(
        "split",
        lambda x, _: tf.split(x, 2, -1)[1],
        lambda x, _: np.split(x, 2, -1)[1],
        ((6,), (3, 4)),
    ),
    Pair(
        "tile", lambda x, _: tf.tile(x, [2, 3]), lambda x, _: np.tile(x, [2, 3]), ((3, 5), (1, 1))
    ),
    Pair("repeat", lambda x, _: tf.repeat(x, 3, axis=0), lambda x, _: np.repeat(x, 3, axis=0)),
    Pair(
        "pad",
        lambda x, _: tf.pad(x, [[1, 2], [0, 3]]),
        lambda x, _: np.pad(x, [[1, 2], [0, 3]]),
        ((3, 5), (1, 1)),
    ),
    Pair(
        "pad by reflection",
        lambda x, _: tf.pad(x, [[1, 2], [0, 3]], "REFLECT"),
        lambda x, _: np.pad(x, [[1, 2], [0, 3]], "reflect"),
        ((3, 5), (4, 4)),
    ),
    Pair("reverse / flip", lambda x, _: tf.reverse(x, [0]), lambda x, _: np.flip(x, 0)),
    Pair("roll", lambda x, _: tf.roll(x, 2, axis=-1), lambda x, _: np.roll(x, 2, axis=-1)),
    Pair(
        "broadcasting",
        lambda x, y: x[..., None] * y[..., None, :],
        lambda x, y: x[..., None] * y[..., None, :],
    ),
    Pair(
        "broadcast_to",
        lambda x, _: tf.broadcast_to(x, [4, 3, 5]),
        lambda x, _: np.broadcast_to(x, [4, 3, 5]),
        ((3, 5), (1, 5), (5,)),
    ),
    Pair("shape", lambda x, _: tf.shape(x, out_type=tf.int64), lambda x, _: np.array(x.shape)),
    Pair("zeros_like", lambda x, _: tf.zeros_like(x), lambda x, _: np.zeros_like(x)),
    Pair(
        "linspace",
        lambda x, y: tf.linspace(x, y, 11),
        lambda x, y: np.linspace(x, y, 11),
        close=SOLVED,
    ),
    Pair(
        "range / arange",
        lambda x, _: tf.range(x, x + 5, 0.25),
        lambda x, _: np.arange(x, x + 5, 0.25),
        ((),),
        ROUNDED,
    ),
    Pair("eye", lambda x, _: tf.eye(3, 4, dtype=x.dtype), lambda x, _: np.eye(3, 4)),
    # Linear algebra
    Pair("matmul", tf.matmul, np.matmul, MATRICES, ROUNDED * 10),
    Pair(
        "matmul with a transposed factor",
        lambda x, y: tf.matmul(x, y, transpose_b=True),
        lambda x, y: x @ np.swapaxes(y, -1, -2),
        ((3, 5), (2, 4, 3)),
        SOLVED,
    ),
    Pair(
        "tensordot",
        lambda x, y: tf.tensordot(x, y, [[0], [0]]),
        lambda x, y: np.tensordot(x, y, [[0], [0]]),
        close=SOLVED,
    ),
    Pair(
        "einsum",
        lambda x, y: tf.einsum("...ij,...kj->...ki", x, y),
        lambda x, y: np.einsum("...ij,...kj->...ki", x, y),
        ((3, 5), (2, 4, 3)),
        SOLVED,
    ),
    Pair(
        "linalg.inv", lambda x, _: tf.linalg.inv(x), lambda x, _: np.linalg.inv(x), MATRICES, SOLVED
    ),
    Pair(
        "linalg.det", lambda x, _: tf.linalg.det(x), lambda x, _: np.linalg.det(x), MATRICES, SOLVED
    ),
    Pair("linalg.solve", tf.linalg.solve, np.linalg.solve, MATRICES, SOLVED),
    Pair(
        "linalg.svd",
        lambda x, _: tf.linalg.svd(x, compute_uv=False),
        lambda x, _: np.linalg.svd(x, compute_uv=False),
        MATRICES,
        SOLVED,
    ),
    Pair(
        "linalg.trace",
        lambda x, _: tf.linalg.trace(x),
        lambda x, _: np.trace(x, axis1=-2, axis2=-1),
        MATRICES,
        SOLVED,
    ),
    Pair(
        "linalg.diag / diag", lambda x, _: tf.linalg.diag(x), lambda x, _: np.diag(x), ((1,), (7,))
    ),
    Pair(
        "linalg.diag_part / diagonal",
        lambda x, _: tf.linalg.diag_part(x),
        lambda x, _: np.diagonal(x, axis1=-2, axis2=-1),
        MATRICES,
    ),
    Pair(
        "linalg.band_part / tril",
        lambda x, _: tf.linalg.band_part(x, -1, 0),
        lambda x, _: np.tril(x),
        MATRICES,
    ),
    Pair("norm", lambda x, _: tf.norm(x), lambda x, _: np.linalg.norm(x), close=ROUNDED),
    Pair(
        "norm of an axis",
        lambda x, _: tf.norm(x, ord=1, axis=-1),
        lambda x, _: np.linalg.norm(x, ord=1, axis=-1),
        close=ROUNDED,
    ),
    # Sets and groups
    Pair(
        "bincount",
        lambda x, _: tf.math.bincount(tf.cast(x * x, tf.int32)),
        lambda x, _: np.bincount((x * x).astype(int)).astype(np.int32),
        ((7,), (40,)),
    ),
    Pair(
        "searchsorted",
        lambda x, y: tf.searchsorted(tf.sort(x), y),
        lambda x, y: np.searchsorted(np.sort(x), y).astype(np.int32),
        ((1,), (7,)),
    ),
    Pair(
        "unique",
        lambda x, _: tf.unique(tf.sort(tf.floor(x))).y,
        lambda x, _: np.unique(np.floor(x)),
        ((7,), (40,)),
    ),
    Pair(
        "segment_sum / add.reduceat",
        lambda x, _: tf.math.segment_sum(x, [0, 0, 0, 1, 1, 2, 2]),
        lambda x, _: np.add.reduceat(x, [0, 3, 5]),
        ((7,), (7, 2)),
        ROUNDED * 10,
    ),
)


def arrays(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng([11, *shape])
    return np.asarray(generator.normal(size=shape)), np.asarray(generator.normal(size=shape))


def by_numpy(pair: Pair) -> list[np.ndarray]:
    return [np.asarray(pair.numpy(*arrays(shape))) for shape in pair.shapes]


def eagerly(pair: Pair) -> list[np.ndarray]:
    return [
        pair.tensorflow(*(tf.constant(array) for array in arrays(shape))).numpy()
        for shape in pair.shapes
    ]


def in_a_session(pair: Pair, config: v1.ConfigProto | None = None) -> list[np.ndarray]:
    with tf.Graph().as_default(), v1.Session(config=config) as session:
        outputs, feed = [], {}
        for shape in pair.shapes:
            given = [v1.placeholder(tf.float64, [None] * len(shape)) for _ in range(2)]
            feed.update(zip(given, arrays(shape), strict=True))
            outputs.append(pair.tensorflow(*given))
        return session.run(outputs, feed)


def in_a_session_as_written(pair: Pair) -> list[np.ndarray]:
    """Run without the optimizers that rewrite a graph before it runs."""
    config = v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.graph_options.optimizer_options.opt_level = v1.OptimizerOptions.L0
    return in_a_session(pair, config)


@pytest.mark.parametrize("run", [in_a_session, eagerly])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_an_operation_of_tensorflow_computes_what_its_numpy_namesake_does(pair: Pair, run):
    for found, expected in zip(run(pair), by_numpy(pair), strict=True):
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        if pair.close:
            np.testing.assert_allclose(found, expected, rtol=pair.close)
        else:
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_eager_execution_and_the_graph_as_written_give_the_same_bits(pair: Pair):
    for one, other in zip(in_a_session_as_written(pair), eagerly(pair), strict=True):
        assert one.tobytes() == other.tobytes()


def test_python_numbers_are_wider_in_numpy():
    assert (tf.constant(1.0).dtype, np.array(1.0).dtype) == (tf.float32, np.float64)
    assert (tf.constant(1).dtype, np.array(1).dtype) == (tf.int32, np.int64)


def test_argmax_and_sort_have_other_default_axes():
    x = np.array([[1, 9], [8, 2]])
    assert np.argmax(x) == 1
    assert tf.argmax(x).numpy().tolist() == [1, 0]  # of axis 0


def test_the_mean_of_whole_numbers_is_a_whole_number_in_tensorflow():
    assert np.mean([1, 2]) == 1.5
    assert tf.reduce_mean([1, 2]).numpy() == 1


def test_a_remainder_has_the_sign_of_the_divisor_in_both():
    x, y = np.array([7, -7, 7, -7]), np.array([3, 3, -3, -3])
    assert tf.math.floormod(x, y).numpy().tolist() == np.mod(x, y).tolist() == [1, 2, -2, -1]


def test_an_index_out_of_range_is_refused_by_both():
    with pytest.raises(IndexError):
        np.take(np.arange(3), [3])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"not in \[0, 3\)"):
        tf.gather(np.arange(3), [3])


def test_only_numpy_changes_an_array_in_place(graph):
    array, tensor = np.zeros(2), tf.zeros([2])
    array[0] = 1
    with pytest.raises(TypeError, match="does not support item assignment"):
        tensor[0] = 1


def test_the_baseline_of_scikit_learn_and_least_squares_in_tensorflow_agree_on_one_split():
    generator = np.random.default_rng(2)
    features = generator.normal(size=(100, 4))
    label = features @ generator.normal(size=(4, 1)) + generator.normal(0, 0.3, (100, 1))
    train, test, train_label, test_label = train_test_split(
        features, label, test_size=0.2, random_state=0
    )
    assert (len(train), len(test)) == (80, 20)
    baseline = LinearRegression().fit(train, train_label)

    with tf.Graph().as_default(), v1.Session() as session:
        x, y = (v1.placeholder(tf.float64, [None, size]) for size in (4, 1))
        extended = tf.concat([x, tf.ones_like(y)], 1)
        solution = v1.get_variable("solution", [5, 1], tf.float64)
        prediction = tf.matmul(extended, solution)
        residual = tf.reduce_sum(tf.square(y - prediction))
        score = 1.0 - residual / tf.reduce_sum(tf.square(y - tf.reduce_mean(y)))
        solve = solution.assign(tf.linalg.lstsq(extended, y, fast=False))
        session.run(solve, {x: train, y: train_label})
        found = session.run(score, {x: test, y: test_label})
        weights = session.run(solution)

    np.testing.assert_allclose(weights[:4].T, baseline.coef_, rtol=1e-10)
    assert weights[4, 0] == pytest.approx(baseline.intercept_[0], rel=1e-10)
    assert found == pytest.approx(baseline.score(test, test_label), rel=1e-10)
    assert found > 0.8
