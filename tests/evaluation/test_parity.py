"""The gate: nothing passes by not being looked at."""

import json

import numpy as np
import pytest

from pipeline.evaluation import parity
from pipeline.evaluation.parity import Requirement

HOW = {"eager": "eagerly", "frozen_graph": "import_graph_def", "saved_model": "tag serve"}
REFERENCE = np.linspace(-3, 5, 40, dtype=np.float32)[:, None]
LABEL = REFERENCE + np.float32(0.5)


def mean_difference(output, label):
    return float(np.mean(np.abs(output - label)))


def judge(outputs, how, label, reference, tolerance, cost):
    """Judge forms of one output each."""
    return parity.judge(
        {name: one if isinstance(one, str) else {"y": one} for name, one in outputs.items()},
        {name: Requirement(restored_by, tolerance) for name, restored_by in how.items()},
        reference,
        lambda named: cost(named["y"], label),
    )


def verdict(frozen, saved=REFERENCE, eager=REFERENCE, tolerance=1e-6):
    outputs = {"eager": eager, "frozen_graph": frozen, "saved_model": saved}
    outputs = {name: output for name, output in outputs.items() if output is not None}
    return judge(outputs, HOW, LABEL, "eager", tolerance, mean_difference)


def test_equal_outputs_pass_with_every_statistic():
    found = verdict(REFERENCE.copy(), tolerance=0.0)
    assert found
    assert [form.passed for form in found.forms] == [True, True]
    comparison = found.forms[0].comparison
    assert (comparison.max_abs_diff, comparison.max_ulp, comparison.equal_fraction) == (0, 0, 1)
    assert found.forms[0].metric_change == 0
    assert set(found.pairs) == {
        ("eager", "frozen_graph"),
        ("eager", "saved_model"),
        ("frozen_graph", "saved_model"),
    }


def test_a_difference_is_measured_and_found():
    changed = REFERENCE.copy()
    changed[7] = np.nextafter(changed[7], np.float32(9))
    changed[31] += np.float32(0.25)
    found = verdict(changed)
    assert not found
    form = found.forms[0]
    assert form.comparison.max_abs_diff == pytest.approx(0.25, rel=1e-5)
    assert form.comparison.worst_row == 31
    assert form.comparison.equal_fraction == pytest.approx(38 / 40)
    assert "row 31 differs by 0.25" in form.reason
    assert form.metric_change == pytest.approx(-0.25 / 40, rel=1e-3)


def test_the_smallest_tolerance_passes_and_a_smaller_one_does_not():
    changed = REFERENCE * np.float32(1.0001)
    smallest = verdict(changed).forms[0].comparison.smallest_tolerance
    assert verdict(changed, tolerance=smallest)
    assert not verdict(changed, tolerance=smallest * 0.999)


def test_neighbouring_floats_are_one_unit_in_the_last_place_apart():
    values = np.array([[1.0], [-1.0], [0.0], [1e-30], [-0.0]], np.float32)
    ulp = np.nextafter(values, np.float32(100))
    outputs = {"eager": values, "frozen_graph": ulp}
    how = {"eager": "", "frozen_graph": ""}
    found = judge(outputs, how, values, "eager", 1.0, mean_difference)
    assert found.forms[0].comparison.max_ulp == 1


def nan(values):
    values = values.copy()
    values[3] = np.nan
    return values


@pytest.mark.parametrize(
    ("frozen", "reason"),
    [
        (None, "it is missing"),
        ("it cannot be restored", "it cannot be restored"),
        (REFERENCE[:-1], "shape (39, 1), the reference's (40, 1)"),
        (REFERENCE[:, 0], "shape (40,)"),
        (nan(REFERENCE), "nan in row 3"),
        (REFERENCE.astype(np.float64), "float64"),
        (REFERENCE[:0], "shape (0, 1)"),
    ],
)
def test_what_cannot_be_compared_fails(frozen, reason):
    found = verdict(frozen)
    assert not found
    assert found.forms[1].passed
    assert reason in found.forms[0].reason
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize("eager", [None, "no checkpoint", nan(REFERENCE), REFERENCE[:0]])
def test_without_a_sound_reference_every_form_fails(eager):
    found = verdict(REFERENCE, eager=eager)
    assert not found
    assert not any(form.passed for form in found.forms)


def test_an_empty_comparison_fails():
    empty = REFERENCE[:0]
    found = verdict(empty, saved=empty, eager=empty)
    assert not found
    assert "no rows to compare" in found.forms[0].reason
    assert not judge({"eager": REFERENCE}, {"eager": ""}, LABEL, "eager", 1.0, mean_difference)


WIDE = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)


def judge_wide(output, expected=WIDE, tolerance=1e-6):
    label = np.zeros((len(WIDE), 1), np.float32)
    outputs, how = {"eager": expected, "frozen_graph": output}, {"eager": "", "frozen_graph": ""}
    return judge(outputs, how, label, "eager", tolerance, mean_difference)


def test_of_several_outputs_the_worst_row_is_a_row():
    changed = WIDE.copy()
    changed[7, 3] += np.float32(0.5)
    changed[9] += np.float32(0.25)  # more in sum, less in any output
    found = judge_wide(changed)
    comparison = found.forms[0].comparison
    assert not found
    assert comparison.worst_row == 7
    assert comparison.max_abs_diff == pytest.approx(0.5, rel=1e-5)
    assert comparison.equal_fraction == pytest.approx(1 - 6 / 60)
    size = np.sqrt(np.mean(WIDE.astype(np.float64) ** 2))
    assert comparison.smallest_tolerance == pytest.approx(0.5 / size, rel=1e-5)
    assert found.rows == 12


def test_of_several_outputs_the_smallest_tolerance_passes():
    changed = WIDE * np.float32(1.0001)
    smallest = judge_wide(changed).forms[0].comparison.smallest_tolerance
    assert judge_wide(changed, tolerance=smallest)
    assert not judge_wide(changed, tolerance=smallest * 0.999)
    assert judge_wide(WIDE.copy(), tolerance=0.0)


def nan_in_one_output():
    values = WIDE.copy()
    values[4, 2] = np.inf
    return values


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (WIDE[:, :4], "shape (12, 4), the reference's (12, 5)"),
        (WIDE.T, "shape (5, 12)"),
        (nan_in_one_output(), "its output is inf in row 4"),
        (WIDE[:, :0], "shape (12, 0)"),
    ],
)
def test_of_several_outputs_what_cannot_be_compared_fails(output, reason):
    found = judge_wide(output)
    assert not found
    assert reason in found.forms[0].reason


def test_no_outputs_are_no_parity():
    assert not judge_wide(WIDE[:, :0], expected=WIDE[:, :0])


def test_outputs_in_another_order_of_memory_are_the_same():
    assert judge_wide(np.asfortranarray(WIDE), tolerance=0.0)


NAMED = {
    "scores": WIDE,
    "number": np.arange(12),
    "is_first": np.arange(12) == 0,
    "label": np.array([b"low", b"high"] * 6, object),
}


def judge_named(outputs, expected=NAMED, tolerance=1e-6):
    required = {name: Requirement(name, tolerance) for name in ("eager", "frozen_graph")}
    outputs = {"eager": expected, "frozen_graph": outputs}
    return parity.judge(outputs, required, "eager", lambda _: 0.0)


def changed(name, row, value):
    values = NAMED[name].copy()
    values[row] = value
    return {**NAMED, name: values}


def test_named_outputs_of_several_dtypes_pass_when_they_are_equal():
    found = judge_named({name: values.copy() for name, values in NAMED.items()}, tolerance=0.0)
    assert found
    assert found.rows == 12
    assert found.forms[0].comparison.equal_fraction == 1


@pytest.mark.parametrize(
    ("outputs", "reason"),
    [
        (changed("scores", 3, 9), "scores: row 3 differs by"),
        (changed("number", 4, 5), "number: row 4 differs; 91.7% of the values are equal"),
        (changed("is_first", 5, True), "is_first: row 5 differs"),
        (changed("label", 6, b"high"), "label: row 6 differs"),
        ({**NAMED, "number": NAMED["number"].astype(np.int32)}, "number: its output is int32"),
        ({**NAMED, "scores": WIDE[:-1]}, "scores: its output has shape (11, 5)"),
        ({**NAMED, "more": WIDE}, "its outputs are is_first, label, more, number, scores"),
        ({"scores": WIDE}, "its outputs are scores, the reference's is_first, label, number"),
        ({}, "its outputs are none"),
    ],
)
def test_of_named_outputs_one_that_differs_fails(outputs, reason):
    found = judge_named(outputs, tolerance=0.1)
    assert not found
    assert reason in found.forms[0].reason
    json.dumps(found.to_json(), allow_nan=False)
    assert reason in str(found)


def test_what_has_no_comparison_fails():
    for value in (WIDE.astype(np.complex64), np.zeros(3, "V2"), np.zeros((3, 0), np.int32)):
        assert not judge_named({"y": value}, expected={"y": value})
    assert not judge_named({}, expected={})


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
def test_floats_of_any_width_are_compared_relative_to_their_size(dtype, size):
    values = np.array([1.0, -2.0, 4.0], dtype) * dtype(size)
    neighbours = np.nextafter(values, dtype(np.inf))
    comparison = judge_named({"y": neighbours}, expected={"y": values}).forms[0].comparison
    assert comparison.max_ulp == 1
    assert comparison.smallest_tolerance == pytest.approx(1.5 * np.finfo(dtype).eps, rel=0.5)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_squares_of_float64_neither_vanish_nor_overflow(size):
    values = np.array([1.0, -2.0, 4.0]) * size
    found = judge_named({"y": values * 1.1}, expected={"y": values})
    assert not found
    assert found.forms[0].comparison.smallest_tolerance == pytest.approx(0.15, rel=0.2)
    found = judge_named({"y": np.array([-1.5e308])}, expected={"y": np.array([1.5e308])})
    assert not found
    json.dumps(found.to_json(), allow_nan=False)


def test_a_scalar_is_one_row():
    assert judge_named({"y": np.float32(2)}, expected={"y": np.float32(2)}).rows == 1
    assert not judge_named({"y": np.float32(2)}, expected={"y": np.float32(3)})
    assert not judge_named({"y": np.float32("nan")}, expected={"y": np.float32("nan")})


def test_each_form_has_its_own_tolerance():
    required = {
        "eager": Requirement("", 1e-6),
        "narrow": Requirement("", 1e-6),
        "wide": Requirement("", 0.1, "int8_tolerance"),
        "half": Requirement("", 1e-3, "int8_tolerance"),
    }
    outputs = {name: {"y": WIDE * np.float32(1.01)} for name in required}
    found = parity.judge({**outputs, "eager": {"y": WIDE}}, required, "eager", lambda _: 0.0)
    assert [form.passed for form in found.forms] == [False, True, False]
    assert "evaluation.parity.tolerance is 1e-06" in found.forms[0].reason
    assert "evaluation.parity.int8_tolerance is 0.001" in found.forms[2].reason
