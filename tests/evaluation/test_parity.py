"""The gate: nothing passes by not being looked at."""

import json

import numpy as np
import pytest

from pipeline.evaluation.parity import judge

HOW = {"eager": "eagerly", "frozen_graph": "import_graph_def", "saved_model": "tag serve"}
REFERENCE = np.linspace(-3, 5, 40, dtype=np.float32)[:, None]
LABEL = REFERENCE + np.float32(0.5)


def mean_difference(output, label):
    return float(np.mean(np.abs(output - label)))


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
