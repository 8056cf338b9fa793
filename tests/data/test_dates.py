"""Dates keep their day, their zone and all their digits, or are refused with what to type."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from pipeline.data.dates import Dates, parse_dates, require_ascending, to_seconds
from pipeline.data.tables import Table
from pipeline.errors import DataError

from ..made import prepared_of


def parse(*cells: str | None, date_format: str | None = None) -> Dates:
    return parse_dates(pd.Series(cells, dtype="str", name="day"), "own.csv", 0, date_format)


NAMES = [
    (["2024-01-01", "2024-01-02"], ["2024-01-01", "2024-01-02"]),
    (["2024-01-01 09:30", "2024-01-02"], ["2024-01-01T09:30:00", "2024-01-02T00:00:00"]),
    (["2024-01-01T09:00:00.010"], ["2024-01-01T09:00:00.010"]),
    (["2024-01-01T09:00:00.123456789"], ["2024-01-01T09:00:00.123456789"]),
    (["2024-01-01T00:00:00+09:00"], ["2024-01-01T00:00:00+09:00"]),
    (["2024-01-01 00:00:00 -0330"], ["2024-01-01T00:00:00-03:30"]),
    (["2024-01-01 10:00Z"], ["2024-01-01T10:00:00+00:00"]),
    (["1500-01-01"], ["1500-01-01"]),
]


@pytest.mark.parametrize(("cells", "expected"), NAMES, ids=[row[0][0] for row in NAMES])
def test_names_are_what_is_written(cells, expected):
    assert parse(*cells).names().astype(str).tolist() == expected


def test_a_day_of_a_zone_stays_that_day_and_is_in_its_place_in_time():
    dates = parse("2024-01-01T00:00:00+09:00", "2024-01-01T00:00:00+08:00", None)
    assert dates.local[:2].astype("datetime64[D]").astype(str).tolist() == ["2024-01-01"] * 2
    utc = [pd.Timestamp("2023-12-31T15:00Z").timestamp(), 0, 0]
    utc[1] = utc[0] + 3600
    np.testing.assert_array_equal(to_seconds(dates)[:2], utc[:2])
    assert np.isnan(to_seconds(dates)[2])
    require_ascending(dates.select(np.array([0, 1])), np.arange(2), "own.csv")
    with pytest.raises(DataError, match=r"2024-01-01T00:00:00\+09:00 in row 2 is before 2024"):
        require_ascending(dates.select(np.array([1, 0])), np.arange(2), "own.csv")


def test_seconds_have_fractions():
    seconds = to_seconds(parse("1970-01-01T00:00:01.250", "1969-12-31T23:59:59.5"))
    np.testing.assert_array_equal(seconds, [1.25, -0.5], strict=True)


@pytest.mark.parametrize(
    ("cell", "date_format", "expected"),
    [
        ("13/02/2024", "%d/%m/%Y", "2024-02-13"),
        ("02/13/2024", "%m/%d/%Y", "2024-02-13"),
        ("13.2.2024", "%d.%m.%Y", "2024-02-13"),
        ("4 Jan 2024", "%d %b %Y", "2024-01-04"),
        ("01/02/2024 10:30 +0200", "%d/%m/%Y %H:%M %z", "2024-02-01T10:30:00+02:00"),
        ("20240213", None, "2024-02-13"),
    ],
)
def test_a_format_reads_dates_in_any_order(cell, date_format, expected):
    assert parse(cell, date_format=date_format).names().astype(str).tolist() == [expected]


BAD = [
    (
        "01/02/2024",
        None,
        "may be one of two dates; give 'data.date_format=\"%d/%m/%Y\"' where the day is first or"
        " 'data.date_format=\"%m/%d/%Y\"' where the month is first",
    ),
    ("25/12/2024", None, "not a date; write dates as 1999-01-04, or .*%d/%m/%Y"),
    ("12-25-2024 10:00", None, "not a date; .*%m-%d-%Y %H:%M"),
    ("17.3.2024", None, "not a date; .*%d.%m.%Y"),
    ("4 Jan 2024", None, "not a date; .*%d %b %Y"),
    ("now", None, "not a date; write"),
    ("2024-02-30", None, "not a date; write"),
    ("2024-01-04", "%d/%m/%Y", "not a date as data.date_format='%d/%m/%Y' says; fix the cell"),
    ("2024-01-04", "%Q", "data.date_format='%Q': 'Q' is a bad directive"),
]


@pytest.mark.parametrize(("cell", "date_format", "expected"), BAD)
def test_what_is_no_date_or_two_dates_is_one_message(failure, cell, date_format, expected):
    with failure.raises(f"date {cell}, format {date_format}", DataError, match=expected):
        parse("2024-01-01" if date_format is None else "01/01/2024", cell, date_format=date_format)


TYPES = [
    pyarrow.timestamp("s"),
    pyarrow.timestamp("ns"),
    pyarrow.timestamp("us", "Asia/Tokyo"),
    pyarrow.timestamp("ms", "America/New_York"),
    pyarrow.date32(),
    pyarrow.date64(),
]


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_dates_of_parquet_are_those_of_pandas(tmp_path: Path, kind):
    days = pd.Series(pd.date_range("2024-03-09", periods=3, tz=getattr(kind, "tz", None)))
    cells = pyarrow.array(days).cast(kind)
    cells = pyarrow.concat_arrays([cells, pyarrow.nulls(1, kind)])
    pyarrow.parquet.write_table(pyarrow.table({"day": cells}), tmp_path / "own.parquet")
    for text in ((), ("day",)):
        (piece,) = Table(tmp_path / "own.parquet").pieces(text)
        dates = parse_dates(piece["day"], tmp_path)
        assert dates.missing.tolist() == [False, False, False, True]
        kept = dates.select(~dates.missing)
        np.testing.assert_array_equal(to_seconds(kept), [day.timestamp() for day in days])
        names = kept.names().astype(str).tolist()
        expected = [day.isoformat() if day.tz else str(day.date()) for day in days]
        assert names == expected


def test_the_rows_of_a_table_are_named_by_its_zone(data, tmp_path: Path):
    lines = [f"2024-01-{day:02}T00:00:00+09:00,{day % 7},{day}" for day in range(1, 31)]
    (tmp_path / "own.csv").write_text("\n".join(["day,a,y", *lines]))
    chosen = data("csv", path=str(tmp_path / "own.csv"), target="y", date_column="day")
    _, splits = prepared_of(chosen)
    assert splits["train"].index[0] == "2024-01-01T00:00:00+09:00"


def test_times_below_a_second_ascend(data, tmp_path: Path):
    lines = [f"2024-01-01T09:00:00.{tick:03},{tick % 7},{tick}" for tick in range(0, 600, 10)]
    (tmp_path / "own.csv").write_text("\n".join(["t,a,y", *lines]))
    chosen = data("csv", path=str(tmp_path / "own.csv"), target="y", date_column="t")
    _, splits = prepared_of(chosen)
    assert str(splits["train"].index[1]) == "2024-01-01T09:00:00.010"
