"""Outputs are compared on every feed, in all dtypes, within a named profile."""

import ml_dtypes
import numpy as np
import pytest

from pipeline.verification.outputs import EXACT, SESSION, compare_outputs, with_tolerance


def _compare(one, other, profile=SESSION):
    (verdict,) = compare_outputs([("random", {"y": one})], [{"y": other}], {"y": "y"}, profile)
    return verdict


NUMBERS = np.linspace(-3, 3, 12).reshape(3, 4)
KINDS = ["float16", "float32", "float64", "complex64", "complex128", "int8", "uint64", "bool"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_dtype(kind):
    array = NUMBERS.astype(kind)
    assert _compare(array, array.copy()).passed
    damaged = array.copy()
    damaged[1, 2] = not damaged[1, 2] if kind == "bool" else damaged[1, 2] + 2
    assert not _compare(damaged, array).passed


def test_bfloat16_and_text():
    array = NUMBERS.astype(ml_dtypes.bfloat16)
    assert _compare(array, array.copy()).passed
    assert not _compare(array * 2, array).passed
    texts = np.array([b"yes", b"no\0"], object)
    assert _compare(texts, texts.copy()).passed
    found = _compare(np.array([b"yes", b"no"], object), texts)
    assert (found.passed, found.equal_fraction) == (False, 0.5)


def test_profile_decides():
    array = NUMBERS.astype(np.float32)
    near = array * np.float32(1 + 5e-7)
    assert _compare(near, array).passed
    assert not _compare(near, array, EXACT).passed
    assert not _compare(array * np.float32(1.001), array).passed
    assert _compare(array * np.float32(1.001), array, with_tolerance(0.01)).passed


def test_equal_specials_are_equal_and_others_are_told():
    array = np.array([1, np.nan, np.inf, -np.inf], np.float32)
    assert _compare(array, array.copy()).passed
    near = array.copy()
    near[0] = np.nextafter(np.float32(1), 2)
    assert _compare(near, array).passed
    for position, value in ((1, 0), (2, -np.inf), (0, np.nan)):
        wrong = array.copy()
        wrong[position] = value
        assert f"at [{position}]" in _compare(wrong, array).reason


def test_shape_and_dtype():
    assert "[4, 3]" in _compare(NUMBERS.T, NUMBERS).reason
    assert "float32" in _compare(NUMBERS.astype(np.float32), NUMBERS).reason


def test_the_worst_feed_counts():
    zeros, ones = np.zeros(3, np.float32), np.ones(3, np.float32)
    feeds = [("zeros", {"y": zeros}), ("ones", {"y": ones * 2}), ("large", {"y": ones})]
    (found,) = compare_outputs(feeds, [{"y": zeros}, {"y": ones}, {"y": ones}], {"y": "y"}, SESSION)
    assert (found.feed, found.passed) == ("ones", False)


def test_empty_outputs_have_no_difference():
    assert _compare(np.zeros((0, 3)), np.zeros((0, 3))).passed
