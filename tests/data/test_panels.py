"""Dates of a panel ascend in each group, and a row is named by both."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.data.panels import DatesOfPieces, name_rows, require_ascending_in_groups
from pipeline.errors import DataError

DAYS = np.array(["2024-01-02", "2024-01-01", "2024-01-03", "2024-01-01"], "M8[D]")


def require(groups, dates=DAYS):
    rows = np.array([0, 2, 3, 6])
    require_ascending_in_groups(dates, np.array(groups, object), rows, Path("own.csv"))


def test_dates_ascend_in_each_group():
    require(["a", "b", "a", "c"])
    require([2, 1, 2, 3])


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ("aaba", "in 'a' 2024-01-01 in row 3 is before 2024-01-02 in row 1"),
        ("baab", "in 'b' 2024-01-01 in row 7 is before 2024-01-02 in row 1"),
        ("abcb", "in 'b' 2024-01-01 in row 7 is the same as 2024-01-01 in row 3; sort the file"),
        ("baaa", "in 'a' 2024-01-01 in row 7 is before 2024-01-03 in row 4"),
    ],
)
def test_other_dates_are_refused(failure, groups, expected):
    match = rf"own\.csv: dates must ascend in each group, but {expected}"
    with failure.raises("dates that do not ascend in a group", DataError, match=match):
        require(list(groups))


def test_a_row_is_named_by_its_group_and_its_date():
    found = name_rows(np.array(["north", 7, "a", "b"], object), DAYS)
    assert found.tolist()[:2] == ["north 2024-01-02", "7 2024-01-01"]
    assert found.dtype.kind == "U"


def test_the_first_wrong_row_of_the_table_is_named(failure):
    dates = np.array(["2024-01-02", "2024-01-02", "2024-01-01", "2024-01-01"], "M8[D]")
    with failure.raises("two groups whose dates do not ascend", DataError, match="in 'b' .* row 4"):
        require(list("abba"), dates)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (None, "but 2024-01-01 in row 3 is before 2024-01-02 in row 1"),
        ("abba", "in each group, but in 'a' 2024-01-01 in row 7 is before 2024-01-02 in row 1"),
        ("abac", None),
    ],
)
def test_dates_of_pieces_ascend_over_all_of_them(failure, size, groups, expected):
    rows, pieces = np.array([0, 2, 3, 6]), DatesOfPieces(Path("own.csv"))

    def read():
        for first in range(0, 4, size):
            part = slice(first, first + size)
            given = None if groups is None else np.array(list(groups), object)[part]
            pieces.add(DAYS[part], given, rows[part])

    if expected is None:
        read()
        return
    with failure.raises("dates in pieces that do not ascend", DataError, match=expected):
        read()
