"""Which rows a step sees is a function of the seed and the step."""

import numpy as np
import pytest

from pipeline.graph.batches import Batches


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
def test_windows_hold_all_rows_and_an_epoch_sees_each_once(rows: int, window: int):
    order = Batches(rows, 5, seed=0, window=window)
    windows = order.windows_from(0)
    for step in range(0, len(windows) * order.steps_per_window, order.steps_per_window):
        seen = order.rows_of(step, order.steps_per_window).ravel()
        assert len(set(seen)) == order.window // 5 * 5
    held = np.concatenate([np.arange(first, first + order.window) for first in windows])
    assert set(held) == set(range(rows))
    assert order.window < 2 * window


def test_a_batch_stays_within_its_window():
    order = Batches(107, 5, seed=3, window=20)
    steps = order.steps_per_window * len(order.windows_from(0)) * 2
    for step, rows in enumerate(order.rows_of(0, steps)):
        first = order.windows_from(step)[0]
        assert set(rows) <= set(range(first, first + order.window))
        assert np.array_equal(rows - first, order.rows_within_windows(step, 1)[0])


def test_windows_come_in_another_order_in_each_epoch_and_for_each_seed():
    order = Batches(200, 5, seed=0, window=10)
    epoch = order.steps_per_window * 20
    orders = [order.windows_from(step) for step in (0, epoch)]
    orders += [Batches(200, 5, seed=1, window=10).windows_from(0)]
    assert len({tuple(found) for found in orders}) == 3
    assert all(sorted(found) == list(range(0, 200, 10)) for found in orders)


def test_the_order_of_windows_does_not_depend_on_where_one_starts():
    whole = Batches(107, 5, seed=3, window=20)
    expected = whole.rows_of(0, 60)
    for start in (1, 19, 40):
        again = Batches(107, 5, seed=3, window=20)
        assert np.array_equal(again.rows_of(start, 60 - start), expected[start:])
        assert np.array_equal(again.windows_from(start), whole.windows_from(start))
