"""Cells that count as empty when a model is given a table."""

import numpy as np
import pandas as pd
import pytest

from pipeline.data.number_parsing import clear_marks


@pytest.mark.parametrize("dtype", ["str", "float64", "int64"])
def test_marks_are_missing_as_words_and_as_numbers(dtype):
    cells = pd.Series(["-999", "5", "7"]).astype(dtype)
    cleared = clear_marks(cells, ("-999", "?"), are_numbers=True)
    assert cleared.isna().tolist() == [True, False, False]
    assert [float(cell) for cell in cleared[1:]] == [5, 7]


def test_an_equal_number_is_a_mark_in_a_column_of_numbers_alone():
    cells = pd.Series(["-999.0", " ? ", "a"], dtype="str")
    assert clear_marks(cells, ("-999", "?"), are_numbers=True).isna().tolist() == [
        True,
        True,
        False,
    ]
    assert clear_marks(cells, ("-999", "?"), are_numbers=False).isna().tolist() == [
        False,
        True,
        False,
    ]


def test_without_marks_cells_stay_as_they_are():
    cells = pd.Series([np.nan, -999.0])
    assert clear_marks(cells, (), are_numbers=True) is cells
