"""Rows are drawn as scikit-learn does; draws within classes look after rare classes."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from pipeline.data import strata

# Ten rows of a class, a class with two rows, and two classes with one.
NUMBERS = np.array([0] * 10 + [1, 1, 2, 3])
ROWS = np.arange(100, 114)


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("rows", [4, 101, 4096])
def test_rows_are_those_that_scikit_learn_draws(rows, dtype):
    for seed, size in ((0, 1), (1, rows // 3), (2, rows - 1)):
        numbers = 7 + 3 * np.arange(rows, dtype=dtype)
        expected = train_test_split(numbers, test_size=size, random_state=seed)
        for drawn, wanted in zip(strata.draw(numbers, size, seed), expected, strict=True):
            np.testing.assert_array_equal(drawn, np.sort(wanted))
            assert drawn.dtype == dtype


@pytest.mark.parametrize("size", [2, 3, 4, 6])
def test_a_class_keeps_a_row(size):
    for seed in range(10):
        kept, taken = strata.draw_where_possible(ROWS, size, seed, NUMBERS)
        assert set(NUMBERS[kept - 100]) == {0, 1, 2, 3}
        np.testing.assert_array_equal(np.sort(np.concatenate([kept, taken])), ROWS)
        assert (np.diff(kept) > 0).all() and (np.diff(taken) > 0).all()
        assert len(taken) == size or size == 2  # fewer than classes: drawn from all


def test_taken_rows_of_a_class_that_kept_none_are_kept():
    kept, taken = strata.keep_each(np.arange(10), np.arange(10, 14), NUMBERS, ROWS)
    np.testing.assert_array_equal(kept, ROWS)
    assert not len(taken)
    kept, taken = strata.keep_each(np.arange(1, 13), np.array([0, 13]), NUMBERS, ROWS)
    np.testing.assert_array_equal(taken, [100])
    np.testing.assert_array_equal(kept, np.arange(101, 114))


def test_each_class_is_taken():
    numbers = np.repeat([0, 1, 2, 3], [60, 40, 2, 2])
    for seed in range(10):
        kept, taken = strata.draw_each(np.arange(104), 10, seed, numbers)
        assert len(taken) == 10
        assert set(numbers[kept]) == set(numbers[taken]) == {0, 1, 2, 3}
        np.testing.assert_array_equal(np.sort(np.concatenate([kept, taken])), np.arange(104))
