"""Which rows a step sees is a function of the seed and the step."""

import numpy as np
import pytest

from pipeline.training.batches import Batches


def test_an_epoch_sees_every_row_once():
    rows = Batches(rows=20, batch_size=5, seed=0).rows_of(4, 4)
    assert sorted(rows.ravel()) == list(range(20))


def test_epochs_and_seeds_are_shuffled_anew():
    one = Batches(20, 5, seed=0)
    assert not np.array_equal(one.rows_of(0, 4), one.rows_of(4, 4))
    assert not np.array_equal(one.rows_of(0, 4), Batches(20, 5, seed=1).rows_of(0, 4))


def test_any_step_can_be_next():
    whole = Batches(22, 5, seed=3).rows_of(0, 30)
    for start, count in ((29, 1), (3, 7), (11, 11)):
        found = Batches(22, 5, seed=3).rows_of(start, count)
        np.testing.assert_array_equal(found, whole[start : start + count])


@pytest.mark.parametrize(("rows", "window"), [(100, 20), (107, 20), (39, 20), (20, 20), (19, 20)])
def test_windows_hold_all_rows_each_once(rows: int, window: int):
    order = Batches(rows, 5, seed=0, window=window)
    count = max(1, rows // window)
    held = []
    for number in range(count):
        first, permuted = order.window(number)
        assert sorted(permuted) == list(range(order.window_size))
        held += list(first + permuted)
    assert set(held) == set(range(rows))
    assert len(held) < rows + count
    assert order.window_size < 2 * window


def test_steps_see_the_rows_of_their_window_in_its_order():
    order = Batches(107, 5, seed=3, window=20)
    for number in range(12):
        first, permuted = order.window(number)
        step = number * order.steps_per_window
        seen = order.rows_of(step, order.steps_per_window).ravel()
        assert np.array_equal(seen, first + permuted[: len(seen)])


def test_windows_come_in_another_order_in_each_epoch_and_for_each_seed():
    def firsts(seed: int, epoch: int) -> list[int]:
        order = Batches(200, 5, seed, window=10)
        return [order.window(epoch * 20 + place)[0] for place in range(20)]

    orders = [firsts(0, 0), firsts(0, 1), firsts(1, 0)]
    assert len(set(map(tuple, orders))) == 3
    assert all(sorted(found) == list(range(0, 200, 10)) for found in orders)


def test_all_windows_of_an_epoch_are_permuted_alike_and_each_epoch_anew():
    order = Batches(200, 5, seed=0, window=20)
    permuted = [tuple(order.window(number)[1]) for number in range(20)]
    assert len(set(permuted[:10])) == len(set(permuted[10:])) == 1
    assert permuted[0] != permuted[10]


def test_the_order_of_windows_does_not_depend_on_where_one_starts():
    expected = Batches(107, 5, seed=3, window=20).rows_of(0, 60)
    for start in (1, 19, 40):
        again = Batches(107, 5, seed=3, window=20)
        assert np.array_equal(again.rows_of(start, 60 - start), expected[start:])
