"""Tables as people have them: row numbers, identifiers, units, dates with zones or a comma."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.data.sources import read_examples
from pipeline.data.splits import split_rows
from pipeline.errors import DataError
from pipeline.workspace import Workspace

from ..made import prepared_of

pytestmark = pytest.mark.slow

ROWS = 40


@pytest.fixture
def own(data, tmp_path: Path) -> Callable[..., Any]:
    """Write a table with a feature a and a target y; returns its settings."""

    def write(columns: dict[str, Any], **changes: Any) -> Any:
        generator = np.random.default_rng(1)
        given = {"a": generator.normal(size=ROWS), "y": generator.normal(size=ROWS)}
        path = tmp_path / "own.csv"
        pd.DataFrame(columns | given).to_csv(path, index=False)
        return data("csv", **{"path": str(path), "target": "y", **changes})

    return write


SHUFFLED = np.random.default_rng(0).permutation(ROWS)


@pytest.mark.parametrize("numbers", [SHUFFLED, np.arange(ROWS) * 3 + 7, np.arange(ROWS)[::-1]])
def test_row_numbers_without_a_name_are_left_out_in_any_order(own, caplog, numbers):
    """As after `table.sample(…).to_csv()`, or where rows were left out."""
    caplog.set_level("INFO")
    assert read_examples(own({"Unnamed: 0": numbers}), Workspace.here()).feature_names == ("a",)
    assert "left out: 'Unnamed: 0' (it only counts the rows)" in caplog.text


@pytest.mark.parametrize(
    "columns",
    [
        {"Unnamed: 0": SHUFFLED // 2},
        {"Unnamed: 0": SHUFFLED + 0.5},
        {"years": np.arange(1980, 1980 + ROWS)},
    ],
)
def test_other_numbers_are_features(own, columns):
    (name,) = columns
    found = read_examples(own(columns), Workspace.here())
    assert found.feature_names == (name, "a")


def test_text_that_is_never_the_same_twice_is_left_out(own, caplog):
    caplog.set_level("INFO")
    keys = {"key": [f"{n:04x}-b" for n in range(ROWS)], "kind": ["x", "y"] * (ROWS // 2)}
    dataset, _ = prepared_of(own(keys))
    assert dataset.text == ("kind",)
    assert "left out: 'key' (32 different texts in 32 training rows)" in caplog.text
    dataset, _ = prepared_of(own(keys, features=["key"]))
    assert dataset.text == ("key",)


@pytest.mark.parametrize("cell", ["$0.50", "1,200 €", "12%", "€ 7", "-£3.20"])
def test_numbers_with_a_unit_are_no_text(own, cell):
    with pytest.raises(DataError, match=re.escape(f"has text, such as {cell!r}")) as caught:
        read_examples(own({"price": [cell] * ROWS}), Workspace.here())
    assert f"remove the sign of the unit, as in {cell!r}" in str(caught.value)
    assert "'data.text=[\"price\"]' takes 'price' as text" in str(caught.value)


def test_dates_with_zones_are_split_by_date(own):
    days = np.datetime64("2024-01-01") + np.arange(ROWS)
    chosen = own({"t": [f"{day}T00:00:00+09:00" for day in days]}, date_column="t")
    examples = read_examples(chosen, Workspace.here())
    assert split_rows(examples, chosen, 0)["test"].tolist() == list(range(32, 40))


def test_a_comma_before_fractions_of_a_second(own):
    chosen = own({"t": [f"2024-01-01 09:00:00,{n:03d}" for n in range(ROWS)]}, date_column="t")
    index = read_examples(chosen, Workspace.here()).index
    assert index is not None and str(index[-1]) == "2024-01-01T09:00:00.039"


def test_seconds_are_no_dates(own):
    chosen = own({"t": np.arange(1_704_099_600, 1_704_099_600 + ROWS)}, date_column="t")
    with pytest.raises(DataError, match="in row 1, which is not a date; if it counts seconds"):
        read_examples(chosen, Workspace.here())


def test_a_date_of_several_rows_says_what_to_do(own):
    chosen = own({"t": ["2024-01-01"] * ROWS}, date_column="t")
    with pytest.raises(DataError, match=r"leave out data.date_column, and the date is a feature"):
        read_examples(chosen, Workspace.here())


def test_auto_names_the_column_of_dates(own, caplog):
    caplog.set_level("INFO")
    chosen = own({"the day": np.datetime64("2024-01-01") + np.arange(ROWS)})
    split_rows(read_examples(chosen, Workspace.here()), chosen, 0)
    assert "rows have dates as features alone; 'data.date_column=the day' splits" in caplog.text


def test_fractions_with_a_comma_are_no_classes(data, tmp_path: Path):
    rows = "".join(f"{n * 7 % 11};{n % 3},5\n" for n in range(ROWS))
    (tmp_path / "own.csv").write_text(f"a;y\n{rows}")
    chosen = data("csv", path=str(tmp_path / "own.csv"), target="y", task="classification")
    with pytest.raises(DataError, match="has numbers with a fraction, such as 0,5 in row 1"):
        read_examples(chosen, Workspace.here())
