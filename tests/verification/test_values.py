"""Values of two forms are matched by name, then by content, and compared bit for bit."""

import numpy as np
import pytest

from pipeline.verification.values import compare_values, digest, equal_bits

WEIGHTS = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
BIAS = np.array([0.5, -0.5], np.float32)


def _compare(form, reference, averages=None, weights=None):
    digests = {name: digest(value) for name, value in reference.items()}
    required = reference if weights is None else weights
    return compare_values(form, digests, required, reference, averages or {})


def test_equal_by_name_and_by_content():
    found = _compare({"w": WEIGHTS, "renamed": BIAS}, {"w": WEIGHTS, "b": BIAS})
    assert (found.equal_by_name, found.equal_by_content) == (1, 1)
    assert found.are_equal


@pytest.mark.parametrize(
    "damaged",
    [
        WEIGHTS * np.float32(1.001),
        np.where(WEIGHTS == 3, np.nextafter(np.float32(3), 4), WEIGHTS),
        np.where(WEIGHTS == 3, -WEIGHTS, WEIGHTS),
        np.where(WEIGHTS == 3, np.nan, WEIGHTS).astype(np.float32),
        WEIGHTS.reshape(4),
        WEIGHTS.astype(np.float64),
    ],
    ids=["times 1.001", "one bit", "a sign", "NaN", "shape", "dtype"],
)
def test_damage_is_named(damaged):
    found = _compare({"w": damaged, "b": BIAS}, {"w": WEIGHTS, "b": BIAS})
    assert not found.are_equal
    assert found.differing[0].startswith("w ")


def test_damaged_value_under_another_name_is_extra():
    found = _compare({"renamed": WEIGHTS * 2}, {"w": WEIGHTS})
    assert (found.extra, found.missing, found.are_equal) == (("renamed",), ("w",), False)


def test_equal_contents_are_taken_once():
    zeros = np.zeros(2, np.float32)
    found = _compare({"c": zeros}, {"a": zeros, "b": zeros})
    assert (found.equal_by_content, len(found.missing)) == (1, 1)


def test_missing_constants_are_folded_and_missing_weights_are_not():
    reference = {"w": WEIGHTS, "shape": np.array([2, 2])}
    assert _compare({"w": WEIGHTS}, reference, weights=["w"]).are_equal
    assert not _compare({"shape": reference["shape"]}, reference, weights=["w"]).are_equal


def test_moving_averages_are_told():
    found = _compare({"w": WEIGHTS + 1}, {"w": WEIGHTS}, averages={"w": WEIGHTS + 1})
    assert found.averaged == ("w",)
    assert "--ema" in found.differing[0]


def test_no_value_in_common_is_not_equal():
    assert not _compare({}, {"w": WEIGHTS}, weights=[]).are_equal
    assert _compare({}, {}, weights=[]).are_equal


def test_bits_not_numbers():
    assert equal_bits(np.array([np.nan]), np.array([np.nan]))
    assert not equal_bits(np.array([0.0]), np.array([-0.0]))
    texts = np.array([b"a\0", b""], object)
    assert equal_bits(texts, texts.copy())
    assert digest(np.array([b"ab", b"c"], object)) != digest(np.array([b"a", b"bc"], object))
