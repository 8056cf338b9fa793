"""Blocks are worked on by threads: results come in order, and rows on disk are read by several."""

import threading
import time
from itertools import count

import numpy as np
import pytest

from pipeline.data.disk_rows import RowsOnDisk
from pipeline.data.prepared.dataset import blocks
from pipeline.data.threads import map_ahead
from pipeline.workspace import Workspace


def test_results_come_in_the_order_of_the_items():
    def wait(item: int) -> int:
        time.sleep(0.02 if item % 2 else 0)
        return item

    assert list(map_ahead(wait, range(9))) == list(range(9))
    assert list(map_ahead(wait, [])) == []


def test_items_are_taken_as_they_are_needed():
    numbers = count()
    assert next(map_ahead(int, numbers)) == 0
    assert next(numbers) == 1


def test_an_error_of_a_later_item_is_raised():
    def fail(item: int) -> int:
        return 1 // (item - 5)

    with pytest.raises(ZeroDivisionError):
        list(map_ahead(fail, range(9)))


def test_threads_read_rows_on_disk_at_once(tmp_path):
    values = np.random.default_rng(0).normal(size=(200_000, 5))
    rows = RowsOnDisk(5, Workspace(tmp_path))
    rows.append(values)
    barrier, wrong = threading.Barrier(4), []

    def read(number: int) -> None:
        barrier.wait()
        for _ in range(20):
            for block in blocks(*values.shape):
                part = slice(block.start + number, block.stop)
                if not np.array_equal(rows.select_columns([1, 3])[part], values[part][:, [1, 3]]):
                    wrong.append(part)

    threads = [threading.Thread(target=read, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_rows_that_are_appended_after_a_read_are_read(tmp_path):
    rows = RowsOnDisk(1, Workspace(tmp_path))
    assert rows[0:9].shape == (0, 1)
    rows.append(np.ones((3, 1)))
    assert rows[0:9].shape == (3, 1)
    rows.append(np.zeros((3, 1)))
    np.testing.assert_array_equal(rows[0:9][:, 0], [1, 1, 1, 0, 0, 0])
