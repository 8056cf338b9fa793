"""The encoding of raw columns in NumPy; `tests.graph.test_encoding` holds a graph against it."""

import numpy as np
import pandas as pd
import pytest

from pipeline.data.prepared.dataset import parse_encoding
from pipeline.data.prepared.encoding import (
    PARTS,
    Encoding,
    TextColumn,
    decode_label,
    encode_codes,
    encode_label,
    encode_numbers,
    encode_parts,
    encode_text,
)
from pipeline.data.prepared.scaling import Scaling

SCALING = Scaling((1e9, -3.0), (1e-2, 7.0), (1e6,), (0.5,))
NO_TEXT = np.empty((1, 0), object)


def test_numbers_are_scaled_in_float64():
    raw = np.array([[1e9 + 0.01, 4.0], [1e9 - 0.03, -3.0]])
    found = encode_numbers(raw, Encoding(SCALING))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[1, 1], [-3, 0]], rtol=1e-5)
    narrow = encode_numbers(raw.astype(np.float32), Encoding(SCALING, dtype="float32"))
    np.testing.assert_array_equal(narrow[:, 0], [0, 0])  # float32 has no such digits


def test_a_gap_is_filled_where_the_encoding_says_so():
    raw = np.array([[np.nan, np.nan]])
    found = encode_numbers(raw, Encoding(SCALING, fill=(1e9 + 0.02, None)))
    assert found[0, 0] == pytest.approx(2, rel=1e-5)
    assert np.isnan(found[0, 1])
    assert np.isnan(encode_numbers(raw, Encoding(SCALING))).all()


def test_labels_are_scaled_in_their_own_dtype_and_back():
    label = np.array([[1e6 + 0.25], [1e6 - 1e-3]])
    found = encode_label(label, Encoding(SCALING))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.5], [-0.002]], rtol=1e-6)
    np.testing.assert_allclose(decode_label(found, Encoding(SCALING)), label, rtol=1e-12)
    assert encode_label(label.astype(np.float32), Encoding(SCALING))[1, 0] == 0


def test_texts_are_levels_in_order_and_what_was_never_seen_is_0():
    column = TextColumn("t", ("", "Ant", "ant", "é"))
    texts = ["ant", "", "Ant", "bee", " ant", "e\u0301", "é"]
    np.testing.assert_array_equal(column.encode(texts), [3, 1, 2, 0, 0, 0, 4])
    assert column.encode(texts).dtype == np.int32
    np.testing.assert_array_equal(TextColumn("t", ("a",)).encode([""]), [0])


def test_hashed_texts_have_the_codes_of_their_buckets():
    column = TextColumn("t", buckets=8)
    codes = column.encode([str(number) for number in range(1000)])
    assert set(codes.tolist()) == set(range(1, 9))
    np.testing.assert_array_equal(column.encode(["", "a"]) == 0, [True, False])


def test_each_column_of_text_has_its_own_codes():
    encoding = Encoding(SCALING, text=(TextColumn("t", ("a", "b")), TextColumn("u", buckets=4)))
    text = np.array([["b", "a"], ["a", "b"], ["c", ""]], object)
    found = encode_text(text, encoding)
    np.testing.assert_array_equal(found[:, 0], [2, 1, 0])
    np.testing.assert_array_equal(found[:, 1], encoding.text[1].encode(["a", "b", ""]))
    assert encoding.depths == (2, 4)


def seconds_of(times: np.ndarray) -> np.ndarray:
    return times.astype("datetime64[s]").astype(np.int64).astype(np.float64)


def test_calendar_parts_are_those_of_pandas_from_year_1_to_9999():
    first, last = seconds_of(np.array(["0001-01-01", "9999-12-31T23:59:59"], "datetime64[s]"))
    drawn = np.random.default_rng(0).integers(int(first), int(last), 100_000)
    leap = [f"{year}-{day}" for year in (1600, 1900, 1968, 1972, 2000, 2100, 2400)
            for day in ("02-28", "03-01", "12-31", "01-01")]  # fmt: skip
    epoch = [-1, 0, 1, -86_400, 86_399]
    seconds = np.r_[first, last, epoch, seconds_of(np.array(leap, "datetime64[s]")), drawn]
    times = pd.DatetimeIndex(seconds.astype(np.int64).astype("datetime64[s]"))
    encoding = Encoding(SCALING, dates={1: tuple(PARTS)})
    found = encode_parts(np.column_stack([seconds * 0, seconds]), encoding)
    expected = np.column_stack([times.month, times.weekday + 1, times.hour + 1])
    np.testing.assert_array_equal(found, expected)
    assert encoding.depths == (12, 7, 24)


def test_a_part_of_a_second_belongs_to_it_and_a_gap_has_no_part():
    encoding = Encoding(SCALING, dates={0: ("hour", "weekday")})
    seconds = np.array([[-0.5], [0.5], [np.nan], [np.inf]])
    expected = [[24, 3], [1, 4], [0, 0], [0, 0]]  # 1970-01-01 was a Thursday
    np.testing.assert_array_equal(encode_parts(seconds, encoding), expected)


def test_codes_of_text_come_before_calendar_parts():
    encoding = Encoding(SCALING, text=(TextColumn("t", ("a",)),), dates={1: ("month",)})
    features = np.array([[0.0, 86_400 * 40]])
    np.testing.assert_array_equal(
        encode_codes(features, np.array([["a"]], object), encoding), [[1, 2]]
    )
    none = encode_codes(features, NO_TEXT, Encoding(SCALING))
    assert (none.shape, none.dtype) == ((1, 0), np.int32)


def test_an_encoding_is_read_again_from_json():
    import dataclasses
    import json

    encoding = Encoding(
        SCALING,
        fill=(0.1 + 0.2, None),
        dates={1: ("month", "hour")},
        text=(TextColumn("t", ("", "é\n")), TextColumn("u", buckets=256)),
        dtype="float32",
    )
    assert parse_encoding(json.loads(json.dumps(dataclasses.asdict(encoding)))) == encoding
