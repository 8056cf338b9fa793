"""A graph encodes raw rows as NumPy does, bit for bit: in a session, eagerly and frozen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from pipeline.data.prepared import dataset as prepared
from pipeline.data.prepared import encoding as by_numpy
from pipeline.data.prepared.encoding import PARTS, Encoding, TextColumn
from pipeline.data.prepared.scaling import Scaling
from pipeline.graph.devices import plain_session
from pipeline.graph.encoding import encode_codes, encode_label, encode_numbers

from ..made import prepared_of

pytestmark = pytest.mark.slow

v1 = tf.compat.v1

Encoded = dict[str, np.ndarray]
ROWS = 1000


def eagerly(features: np.ndarray, text: np.ndarray, label: np.ndarray, spec: Encoding) -> Encoded:
    cells = tf.constant(text, tf.string) if spec.text else None
    codes = encode_codes(tf.constant(features), cells, spec)
    found = {
        "numbers": encode_numbers(tf.constant(features), spec).numpy(),
        "label": encode_label(tf.constant(label), spec).numpy(),
    }
    return found if codes is None else {**found, "codes": codes.numpy()}


def build(features: np.ndarray, label: np.ndarray, spec: Encoding) -> tf.Graph:
    with tf.Graph().as_default() as graph:
        fed = v1.placeholder(features.dtype, [None, features.shape[1]], "features")
        text = v1.placeholder(tf.string, [None, len(spec.text)], "text") if spec.text else None
        tf.identity(encode_numbers(fed, spec), "numbers")
        y = v1.placeholder(label.dtype, [None, label.shape[1]], "labels")
        tf.identity(encode_label(y, spec), "label")
        codes = encode_codes(fed, text, spec)
        if codes is not None:
            tf.identity(codes, "codes")
    return graph


def run(
    graph: tf.Graph, features: np.ndarray, text: np.ndarray, label: np.ndarray, spec: Encoding
) -> Encoded:
    feeds = {"features:0": features, "labels:0": label}
    feeds |= {"text:0": text} if spec.text else {}
    names = ["numbers", "label", *(["codes"] if spec.depths else [])]
    with plain_session(graph) as session:
        values: Encoded = session.run({name: f"{name}:0" for name in names}, feeds)
    return values


def in_session(features: Any, text: Any, label: Any, spec: Encoding) -> Encoded:
    return run(build(features, label, spec), features, text, label, spec)


def frozen(features: Any, text: Any, label: Any, spec: Encoding) -> Encoded:
    content = build(features, label, spec).as_graph_def().SerializeToString()
    definition = v1.GraphDef.FromString(content)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(definition, name="")
    return run(graph, features, text, label, spec)


each_way = pytest.mark.parametrize("compute", [eagerly, in_session, frozen])


def require_same(
    compute: Callable[..., Encoded],
    spec: Encoding,
    features: np.ndarray | None = None,
    text: np.ndarray | None = None,
    label: np.ndarray | None = None,
) -> None:
    """Compare what a graph computes with NumPy."""
    rows = len(features if features is not None else text if text is not None else ())
    features = np.zeros((rows, len(spec.scaling.feature_mean))) if features is None else features
    text = np.empty((rows, 0), object) if text is None else text
    label = np.zeros((rows, len(spec.scaling.label_mean))) if label is None else label
    expected = {
        "numbers": by_numpy.encode_numbers(features, spec),
        "label": by_numpy.encode_label(label, spec),
    }
    if spec.depths:
        expected["codes"] = by_numpy.encode_codes(features, text, spec)
    found = compute(features, text, label, spec)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert (found[name].dtype, found[name].shape) == (values.dtype, values.shape)
        gaps = np.isnan(values)
        np.testing.assert_array_equal(np.isnan(found[name]), gaps)
        assert found[name][~gaps].tobytes() == values[~gaps].tobytes(), name


def scaling_of(features: np.ndarray, label: np.ndarray | None = None) -> Scaling:
    label = np.zeros((2, 1)) if label is None else label
    scale = np.where(label.std(0) > 0, label.std(0), 1)
    return Scaling(
        tuple(np.nanmean(features, 0).tolist()),
        tuple(np.nanstd(features, 0).tolist()),
        tuple(label.mean(0).tolist()),
        tuple(scale.tolist()),
    )


def drawn(columns: int = 4) -> np.ndarray:
    """Numbers near zero, far from it, tiny and huge."""
    generator = np.random.default_rng(1)
    values = generator.normal(size=(ROWS, columns))
    return values * [1, 1e-3, 1e-12, 1e30][:columns] + [0, 1e9, 0, 1e30][:columns]


@each_way
def test_numbers_and_labels_near_and_far_from_zero(compute):
    features = drawn()
    label = features[:, :2] * 3 + 1e7
    require_same(compute, Encoding(scaling_of(features, label)), features, label=label)


@each_way
def test_gaps_that_are_filled_and_gaps_that_are_not(compute):
    features = drawn()
    features[np.random.default_rng(2).random(features.shape) < 0.3] = np.nan
    means = np.nanmean(features, 0).tolist()
    scaling = scaling_of(features)
    require_same(compute, Encoding(scaling, fill=(means[0], None, means[2], None)), features)
    require_same(compute, Encoding(scaling), features)
    require_same(compute, Encoding(scaling, fill=tuple(means)), features)


@each_way
def test_float32_models(compute):
    pixels = np.random.default_rng(3).integers(0, 256, (ROWS, 4)).astype(np.float32)
    label = pixels[:, :1]
    for scaling in (scaling_of(pixels), Scaling((0.0,) * 4, (255.0,) * 4, (0.0,), (1.0,))):
        require_same(compute, Encoding(scaling, dtype="float32"), pixels, label=label)
        filled = Encoding(scaling, fill=(0.1,) * 4, dtype="float32")
        require_same(compute, filled, np.where(pixels < 9, np.float32(np.nan), pixels), label=label)


@each_way
def test_values_that_float32_barely_holds_or_does_not(compute):
    values = [1.2e-38, 1.1e-38, 1e-40, 1e-45, 1e-310, 3.4e38, 0.0]
    features = np.array([*values, *(-value for value in values)] * 9)[:, None]
    require_same(
        compute, Encoding(Scaling((0.0,), (1.0,), (0.0,), (1.0,))), features, None, features
    )


@each_way
def test_dates_before_1970_and_up_to_year_9999(compute):
    ends = np.array(["0001-01-01", "9999-12-31T23:59:59"], "datetime64[s]").astype(np.int64)
    seconds = np.random.default_rng(4).integers(*ends, ROWS * 10).astype(np.float64)
    seconds[:8] = [*ends, -1, 0, -0.5, 951_782_400, np.nan, np.inf]  # 2000-02-29
    features = np.column_stack([seconds[::-1], seconds])
    scaling = Scaling((0.0, 1e9), (1.0, 1e8), (0.0,), (1.0,))
    spec = Encoding(scaling, dates={1: tuple(PARTS), 0: ("weekday",)}, fill=(None, 5.0))
    require_same(compute, spec, features)


WORDS = ["", "a", "A", " a", "a ", "ä", "a\u0308", "日本", "\U0001f600", "a\nb", "\t", "nan", "1"]


@each_way
def test_texts_that_are_levels_empty_unseen_unicode_and_long(compute):
    long = "€" * 10**6
    levels = (*sorted(WORDS[:9]), long)
    cells = [*WORDS, long, long + "x", long[:-1], "never seen"]
    text = np.array([[cell, other] for cell in cells for other in cells[::3]], object)
    columns = TextColumn("t", levels), TextColumn("u", ("only",))
    spec = Encoding(Scaling((), (), (0.0,), (1.0,)), text=columns)
    require_same(compute, spec, text=text)


@each_way
def test_texts_that_are_hashed(compute):
    cells = [*WORDS, "€" * 10**6, *(f"level {number}" for number in range(10**5))]
    text = np.array([cells, cells[::-1], cells], object).T
    columns = (TextColumn(f"t{n}", buckets=n) for n in (2**16, 256, 3))
    spec = Encoding(Scaling((), (), (0.0,), (1.0,)), text=tuple(columns))
    require_same(compute, spec, text=text)


def write_table(path: Path, rows: int = 700) -> None:
    generator = np.random.default_rng(5)
    seconds = generator.integers(-(10**9), 2 * 10**9, rows).astype("datetime64[s]")
    table = pd.DataFrame(
        {
            "far": 1e9 + generator.normal(0, 0.01, rows),
            "gaps": np.where(generator.random(rows) < 0.2, np.nan, generator.normal(size=rows)),
            "few": generator.choice(["red", "green", "", "grün"], rows),
            "many": [f"shop {number}" for number in generator.integers(0, 200, rows)],
            "when": pd.Series(seconds).dt.strftime("%Y-%m-%dT%H:%M:%S"),
            "is_new": generator.random(rows) < 0.5,
            "y": 1e6 + generator.normal(0, 0.1, rows),
        }
    )
    table.loc[::50, "when"] = None
    table.to_csv(path, index=False)


@each_way
@pytest.mark.parametrize("split", ["chronological", "random"])
def test_prepared_training_rows_are_what_the_graph_computes(
    settings, tmp_path: Path, split, compute
):
    write_table(tmp_path / "own.csv")
    chosen = settings("data=csv", f"data.path={tmp_path}/own.csv", "data.target=y",
                      "data.missing=mean", f"data.split={split}")  # fmt: skip
    dataset, splits = prepared_of(chosen.data, folder=tmp_path / "prepared")
    assert dataset.features == ("far", "gaps", "when", "is_new")
    assert dataset.text == ("few", "many")
    few, many = dataset.encoding.text
    assert few.levels == ("", "green", "grün", "red")
    assert many.buckets == 512
    assert dataset.encoding.dates == {2: ("month", "weekday", "hour")}
    train = prepared.read_training_rows(tmp_path / "prepared")
    raw = splits["train"]
    assert set(raw.features[:, 3]) == {0, 1}
    found = compute(raw.features, raw.text, raw.label, dataset.encoding)
    for name, values in (
        ("numbers", train.features),
        ("codes", train.codes),
        ("label", train.label),
    ):
        assert (found[name].dtype, found[name].shape) == (values.dtype, values.shape)
        assert found[name].tobytes() == values.tobytes()
    assert (train.codes > 0)[:, :2].all()
