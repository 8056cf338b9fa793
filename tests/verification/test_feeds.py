"""Feeds are found for models that nobody described: shapes, values, strings."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.verification.feeds import Feed, FeedOptions, find_feeds, make_feeds
from pipeline.verification.feeds.dims import parse_dims

from .graphs import Model, build, interface_of

pytestmark = pytest.mark.slow  # make check leaves it to make test

v1 = tf.compat.v1

F32, I32, I64, TEXT = tf.float32, tf.int32, tf.int64, tf.string


def found(model: Model, *dims: str, seed: int = 0) -> list[Feed]:
    return find_feeds(model, FeedOptions(seed, parse_dims(dims)), model.run)


def shapes(model: Model, *dims: str) -> dict[str, tuple[int, ...]]:
    first, *others = found(model, *dims)
    sizes = {name: array.shape for name, array in first.arrays.items()}
    for feed in others:
        assert {name: array.shape for name, array in feed.arrays.items()} == sizes
    return sizes


def zeros(*shape: int) -> Any:
    return tf.constant(np.zeros(shape, np.float32))


def inside(network: Any) -> Any:
    """Put a network into a function that is called, as SavedModels of TensorFlow 2 have it."""
    return lambda **fed: tf.function(network)(**fed)


def convolve(x: Any) -> Any:
    flat = tf.reshape(tf.nn.relu(tf.nn.conv2d(x, zeros(5, 5, 3, 4), 1, "SAME")), [-1, 32 * 32 * 4])
    return tf.matmul(flat, zeros(32 * 32 * 4, 10))


def recur(x: Any, h: Any) -> Any:
    return tf.tanh(tf.matmul(tf.concat([x, h], 1), zeros(256, 16)))


OPEN = None
CASES: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "rows": (lambda x: tf.matmul(x, zeros(784, 10)), {"x": (F32, [OPEN, 784])}, {"x": (3, 784)}),
    "columns": (
        lambda x: tf.matmul(tf.nn.relu(x), zeros(57, 10)),
        {"x": (F32, [OPEN, OPEN])},
        {"x": (3, 57)},
    ),
    "rank": (lambda x: tf.matmul(x, zeros(57, 10)), {"x": (F32, OPEN)}, {"x": (3, 57)}),
    "convolution of open rank": (
        lambda x: tf.nn.conv2d(x, zeros(3, 3, 7, 4), 1, "SAME"),
        {"x": (F32, OPEN)},
        {"x": (3, 8, 8, 7)},
    ),
    "an image's side": (convolve, {"x": (F32, [OPEN] * 4)}, {"x": (3, 32, 32, 3)}),
    "a flat image": (
        lambda x: tf.nn.max_pool2d(tf.reshape(x, [-1, 28, 28, 1]), 2, 2, "SAME"),
        {"x": (F32, [OPEN, OPEN])},
        {"x": (3, 784)},
    ),
    "joined inputs": (
        recur, {"x": (F32, [OPEN, OPEN]), "h": (F32, [OPEN, 130])}, {"x": (3, 126), "h": (3, 130)}
    ),
    "two equal": (
        lambda x, y: tf.matmul(x + y, zeros(23, 2)),
        {"x": (F32, [OPEN, OPEN]), "y": (F32, [OPEN, OPEN])},
        {"x": (3, 23), "y": (3, 23)},
    ),
    "a scalar beside": (
        lambda x, s: tf.matmul(x, zeros(4, 2)) * tf.ensure_shape(s, []),
        {"x": (F32, [OPEN, 4]), "s": (F32, OPEN)},
        {"x": (3, 4), "s": ()},
    ),
    "a scalar that only a run asks for": (
        lambda x, s: tf.while_loop(lambda n: n < s, lambda n: n + tf.reduce_max(x) + 2, [s - 5.0]),
        {"x": (F32, [OPEN, 4]), "s": (F32, OPEN)},
        {"x": (3, 4), "s": ()},
    ),
    "three dimensions": (
        lambda x: tf.einsum("abc,cd->abd", x, zeros(6, 5)), {"x": (F32, OPEN)}, {"x": (3, 8, 6)}
    ),
    "a window": (
        lambda x: tf.nn.conv2d(x, zeros(11, 11, 1, 2), 4, "VALID"),
        {"x": (F32, [OPEN, OPEN, OPEN, 1])},
        {"x": (3, 16, 16, 1)},
    ),
    "in a function": (
        inside(lambda x: tf.nn.conv2d(x, zeros(3, 3, 7, 4), 1, "SAME")),
        {"x": (F32, OPEN)},
        {"x": (3, 8, 8, 7)},
    ),
    "rows that are fixed inside": (
        lambda x: tf.reshape(tf.identity(x), tf.concat([tf.shape(zeros(1, 12)), [1]], 0)),
        {"x": (F32, [OPEN, 12])},
        {"x": (1, 12)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_open_shapes_are_found(case: str):
    network, inputs, expected = CASES[case]
    assert shapes(build(network, **inputs)) == expected


def test_sizes_can_be_decided():
    model = build(lambda x: tf.reduce_sum(x, [1, 2]), x=(F32, [OPEN, OPEN, OPEN, 3]))
    assert shapes(model) == {"x": (3, 8, 8, 3)}
    assert shapes(model, "20") == {"x": (3, 20, 20, 3)}
    assert shapes(model, "x:1=5", "20") == {"x": (3, 5, 20, 3)}
    assert shapes(model, "x=1,4,6,3") == {"x": (1, 4, 6, 3)}
    free = build(lambda x: x * 2.0, x=(F32, OPEN))
    assert shapes(free, "x=") == {"x": ()}
    assert shapes(free, "x=7") == {"x": (7,)}


@pytest.mark.parametrize(
    ("dim", "message"),
    [
        ("x=1,b", r"--dim x=1,b: sizes are whole numbers; give NAME=3,224,224"),
        ("5,6", "--dim 5,6: sizes are whole numbers"),
        ("y=3", "--dim y=…: the model has no input 'y'"),
        ("x=3,4", r"--dim gives x the shape \[3, 4\]; it is \[\?, \?, 3\]"),
        ("x:2=4", r"--dim gives x the shape \[\?, \?, 4\]; it is"),
        ("x:3=4", r"--dim x:3: x is \[\?, \?, 3\], one size each"),
        ("x=100000,1000,3", "input x with the shape .* has more than 67,108,864 values; .*--dim"),
    ],
)  # fmt: skip
def test_a_wrong_size_is_refused(dim: str, message: str):
    model = build(lambda x: x * 2.0, x=(F32, [OPEN, OPEN, 3]))
    with pytest.raises(ArtifactError, match=message):
        found(model, dim)


def test_where_nothing_fits_the_message_names_input_and_option():
    model = build(
        lambda x: tf.matmul(tf.matmul(x, zeros(5, 4)), tf.ensure_shape(x, [OPEN, 6])),
        x=(F32, [OPEN, OPEN]),
    )
    expected = (
        r"no shapes were found that the model takes for x \(float32, \[\?, \?\]\): .*--dim x=3"
    )
    with pytest.raises(ArtifactError, match=expected):
        found(model)


def test_a_large_input_is_fed_if_its_shape_says_so():
    model = build(tf.identity, input=("uint8", [1, 4096, 4096]))
    assert shapes(model) == {"input": (1, 4096, 4096)}
    model = build(tf.identity, input=(F32, [OPEN, OPEN, OPEN]))
    with pytest.raises(
        ArtifactError, match=r"tried has more than 67,108,864 values; .*--dim input="
    ):
        shapes(model, "10000")


def test_without_a_run_shape_inference_decides():
    model = build(lambda x: tf.matmul(x, zeros(57, 10)), x=(F32, OPEN))
    feeds = make_feeds(model, FeedOptions())
    assert [feed.name for feed in feeds] == [
        "zeros", "ones", "small", "large", "random", "negative",
    ]  # fmt: skip


def test_values_are_of_their_kind_and_come_from_the_seed():
    model = build(lambda x: x * 2.0, x=(F32, [OPEN, 100]))
    kinds = {feed.name: feed.arrays["x"] for feed in found(model)}
    assert not kinds["zeros"].any()
    assert (kinds["ones"] == 1).all()
    assert 0 < np.abs(kinds["small"]).max() < 1e-3
    assert np.abs(kinds["large"]).max() > 500
    assert kinds["random"].min() < 0 < kinds["random"].max()
    assert kinds["negative"].max() < 0
    again = {feed.name: feed.arrays["x"] for feed in found(model)}
    other = {feed.name: feed.arrays["x"] for feed in found(model, seed=1)}
    assert kinds["random"].tobytes() == again["random"].tobytes() != other["random"].tobytes()
    expected = [-1.3475627899169922, 1.4991588592529297, -1.894449234008789]  # on every machine
    assert kinds["random"][0, :3].tolist() == expected


NUMBERS = (
    "float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8",
    "uint16", "uint32", "uint64", "bool", "complex64", "complex128",
)  # fmt: skip


@pytest.mark.parametrize("dtype", NUMBERS)
def test_every_dtype_is_fed(dtype: str):
    model = build(tf.identity, input=(dtype, [OPEN, 4]))
    feeds = found(model)
    assert len(feeds) >= 3
    for feed in feeds:
        assert feed.arrays["input"].dtype == tf.as_dtype(dtype).as_numpy_dtype
        assert model.run(feed.arrays)


def test_whole_numbers_stay_within_what_is_looked_up():
    def network(ids: Any, classes: Any) -> Any:
        weights = tf.gather(zeros(5, 2), tf.cast(ids, I64))
        return weights, tf.one_hot(tf.reshape(classes, [-1]), 3)

    model = build(network, ids=(I32, [OPEN, 50]), classes=(I64, [OPEN, 50]))
    feeds = found(model)
    largest = {name: max(feed.arrays[name].max() for feed in feeds) for name in ("ids", "classes")}
    assert largest == {"ids": 4, "classes": 2}
    assert min(feed.arrays["ids"].min() for feed in feeds) == 0


def test_numbers_that_decide_on_shapes_are_safe():
    def network(x: Any, axis: Any, order: Any, count: Any) -> Any:
        return tf.reduce_sum(x, axis), tf.transpose(x, order), tf.tile(x, count)

    model = build(
        network, x=(F32, [OPEN, 5]), axis=(I32, []), order=(I32, [2]), count=(I32, [2])
    )  # fmt: skip
    (first, *_) = found(model)
    assert first.arrays["axis"] == 0
    assert first.arrays["order"].tolist() == [0, 1]
    assert first.arrays["count"].tolist() == [2, 2]


def test_values_that_a_model_refuses_are_left_out():
    def network(x: Any) -> Any:
        with tf.control_dependencies([v1.assert_less(x, 50.0)]):
            return tf.identity(x)

    names = [feed.name for feed in found(build(network, x=(F32, [OPEN, 8])))]
    assert names == ["zeros", "ones", "small", "random", "negative"]


def drop_as_once(x: Any, keep: Any) -> Any:
    return x / keep * tf.floor(keep + v1.random_uniform(tf.shape(x)))


def drop_as_now(x: Any, keep: Any) -> Any:
    return v1.nn.dropout(x, keep_prob=keep)


def drop_by_rate(x: Any, rate: Any) -> Any:
    return tf.nn.dropout(x, rate)


def drop_if(x: Any, training: Any) -> Any:
    return v1.cond(training, lambda: tf.nn.dropout(x, 0.5), lambda: x)


@pytest.mark.parametrize(
    ("network", "name", "off"),
    [
        (drop_as_once, "keep", 1.0),
        (drop_as_now, "keep", 1.0),
        (drop_by_rate, "rate", 0.0),
        (drop_if, "training", False),
    ],
)
@pytest.mark.parametrize("wrap", [lambda network: network, inside])
def test_dropout_is_off(wrap: Any, network: Any, name: str, off: Any):
    dtype = tf.bool if off is False else F32
    model = build(wrap(network), **{"x": (F32, [OPEN, 8]), name: (dtype, [])})
    feeds = found(model)
    assert {feed.arrays[name].item() for feed in feeds} == {off}
    for feed in feeds:
        (output,) = model.run(feed.arrays).values()
        assert output.tolist() == feed.arrays["x"].tolist()


def wav(text: Any) -> Any:
    return tf.audio.decode_wav(text, desired_samples=400).audio


def image(text: Any) -> Any:
    return tf.image.resize(tf.io.decode_jpeg(text, channels=3)[None], [8, 8])


def examples(text: Any) -> Any:
    features = {
        "a": tf.io.FixedLenFeature([2, 3], F32),
        "b": tf.io.VarLenFeature(I64),
        "c": tf.io.FixedLenFeature([], TEXT),
    }
    parsed = v1.io.parse_example(text, features)
    return parsed["a"], parsed["b"].values + 1, tf.strings.length(parsed["c"])


def one_example(text: Any) -> Any:
    return tf.io.parse_single_example(text, {"a": tf.io.FixedLenFeature([4], I64)})["a"]


def raw(text: Any) -> Any:
    return tf.reshape(tf.cast(tf.io.decode_raw(text, tf.uint8), F32), [7, 11])


def fields(text: Any) -> Any:
    return tf.io.decode_csv(text, [[0.0], [1], [""]])


READ = {
    "sound": (wav, []),
    "image": (image, []),
    "examples": (examples, [OPEN]),
    "one example": (one_example, []),
    "bytes": (raw, []),
    "fields": (fields, [OPEN]),
    "numbers": (lambda text: tf.strings.to_number(text), [OPEN, 2]),
    "images of a batch": (
        lambda text: tf.map_fn(lambda one: image(one), text, fn_output_signature=F32), [OPEN]
    ),
    "examples in a function": (inside(examples), [OPEN]),
    "words": (lambda text: tf.strings.to_hash_bucket_fast(text, 9), [OPEN, 2]),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_strings_are_what_their_consumer_reads(case: str):
    network, shape = READ[case]
    model = build(network, text=(TEXT, shape))
    feeds = found(model)
    assert {type(cell) for feed in feeds for cell in feed.arrays["text"].reshape(-1)} == {bytes}
    results = {str(model.run(feed.arrays)) for feed in feeds}
    assert len(results) == len(feeds) > 2


def test_keys_are_those_of_a_table():
    with tf.Graph().as_default() as graph:
        text = v1.placeholder(TEXT, [None, 20], "text")
        keys = tf.lookup.KeyValueTensorInitializer([b"left", b"right"], [4, 5])
        number = tf.lookup.StaticHashTable(keys, -1).lookup(text)
    model = Model(interface_of({"text": text}, {"number": number}), graph.as_graph_def())
    cells = {cell for feed in make_feeds(model, FeedOptions()) for cell in feed.arrays["text"].flat}
    assert cells == {b"", b"left", b"right"}


def test_parts_of_a_sparse_tensor_fit_each_other():
    with tf.Graph().as_default() as graph:
        x = v1.sparse_placeholder(F32, [None, 12], name="x")
        y = tf.sparse.sparse_dense_matmul(x, zeros(12, 2), name="y")
    parts = {"x/indices": x.indices, "x/values": x.values, "x/shape": x.dense_shape}
    model = Model(interface_of(parts, {"y": y}), graph.as_graph_def())
    first, *_ = found(model)
    assert first.arrays["x/values"].shape == (6,)


def test_a_model_without_inputs_has_one_feed():
    model = build(lambda: tf.constant(1.0))
    assert [feed.arrays for feed in found(model)] == [{}]


def test_a_large_graph_is_searched_without_its_weights():
    model = build(
        lambda x: tf.matmul(x, tf.constant(np.ones((4096, 100), np.float32))), x=(F32, [OPEN, OPEN])
    )
    assert model.graph.ByteSize() > 2**20
    assert shapes(model) == {"x": (3, 4096)}
