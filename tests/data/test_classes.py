"""Numbers that measure something are no classes, and rare classes are left out if asked."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.data.classes import choose_class_rows
from pipeline.errors import DataError

PATH = Path("own.csv")


def chosen(values, least=1, kept=None):
    values = np.array(values, object)
    kept = np.array(kept or [True] * len(values), bool)
    return choose_class_rows(values, kept, least, "kind", PATH)


@pytest.mark.parametrize(
    "values",
    [
        ["a", "b"],
        [1, 2],
        [1.0, 2.0],
        ["1", "2.0"],
        ["1.5", "v2"],
        [1.5, "none"],
        ["007", "7"],
        [2**60, 2**60 + 1],
        ["nan", "inf"],
        ["None", "1.5"],
    ],
)
def test_names_and_whole_numbers_are_classes(values):
    assert chosen(values).all()


@pytest.mark.parametrize("values", [[3, 1.5, 2.5], ["3", "1.5", "2.5"], [3, "1.5", "2.5"]])
def test_numbers_with_a_fraction_are_not(failure, values):
    expected = (
        r"own\.csv: column 'kind' has numbers with a fraction, such as 1\.5 in row 2, 3 different"
        r" numbers in all; .* data\.task=regression; .* as words"
    )
    with failure.raises("a measured number as classes", DataError, match=expected):
        chosen(values)


def test_rows_that_are_not_used_are_not_looked_at():
    found = chosen([None, 1.5, 2, 3], kept=[False, False, True, True])
    np.testing.assert_array_equal(found, [False, False, True, True])


def test_rare_classes_are_left_out_with_a_line(caplog):
    caplog.set_level("INFO")
    found = chosen(["a", "b", "a", "c", "b", "a"], least=2, kept=[1, 1, 1, 1, 0, 1])
    np.testing.assert_array_equal(found, [1, 0, 1, 0, 0, 1])
    (line,) = caplog.messages
    assert line == (
        "own.csv: left out 2 of 5 rows, of classes of 'kind' with fewer than 2 rows"
        " (data.min_class_rows): 'b' (1), 'c' (1)"
    )


def test_some_class_must_be_left(failure):
    expected = r"all are classes of 'kind' .* 'a' \(2\), 'b' \(1\); set data.min_class_rows to 2"
    with failure.raises("classes that are all rare", DataError, match=expected):
        chosen(["a", "a", "b"], least=3)


def test_classes_that_differ_in_blanks_or_case_are_told(caplog):
    assert chosen(["yes", "no", "yes ", "New York", "newyork", "007", "7"]).all()
    (line,) = caplog.messages
    assert "alone: 'yes' = 'yes ', 'New York' = 'newyork'; write them alike" in line
