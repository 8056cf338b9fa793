"""Which rows a step sees is a function of the seed and the step."""

import numpy as np

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
