"""Which columns a model learns from, and whether they are numbers, text or dates."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.data import feature_columns
from pipeline.data.feature_columns import FeatureColumns, choose_columns, match
from pipeline.data.numeric_columns import NumericColumns
from pipeline.data.sources import read_examples
from pipeline.errors import DataError
from pipeline.workspace import Workspace

PATH = Path("own.csv")
COLUMNS = ["price", "price_2", "price_10", "size", "odd*", "odd[1]", "oddly"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("price", ["price"]),
        ("price*", ["price", "price_2", "price_10"]),
        ("price_?", ["price_2"]),
        ("*", COLUMNS),
        ("odd*", ["odd*"]),  # an exact name wins
        ("odd[1]", ["odd[1]"]),
        ("?dd[*", ["odd[1]"]),  # brackets stand for themselves
        ("*ize", ["size"]),
    ],
)
def test_a_pattern_means_columns_in_their_order(pattern, found):
    assert match(COLUMNS, pattern, "data.features", PATH) == found


def test_patterns_names_and_what_is_dropped():
    assert choose_columns(COLUMNS[:4], None, [], PATH) == (COLUMNS[:4], set())
    assert choose_columns(COLUMNS[:4], None, ["price_*"], PATH) == (["price", "size"], set())
    found = choose_columns(COLUMNS[:4], ["size", "p*", "price"], ["*_2"], PATH)
    assert found == (["size", "price", "price_10"], {"size", "price"})


@pytest.mark.parametrize(
    ("what", "features", "dropped", "expected"),
    [
        ("a misspelt name", ["prize"], [], "data.features has 'prize'.*nearest: price.*fix"),
        ("a pattern of no column", ["q*"], [], r"own\.csv: data.features has 'q\*', and no column"),
        ("another case", ["PRICE"], [], "data.features has 'PRICE'"),
        ("a dropped column that is not there", None, ["prize"], "data.drop has 'prize'.*nearest"),
        ("a name twice", ["size", "size"], [], "names a column twice: size, size; remove one"),
        ("a name that is dropped", ["size"], ["s*"], "both name size; leave one out"),
    ],
)
def test_what_means_no_column_is_one_message(failure, what, features, dropped, expected):
    with failure.raises(f"data.features: {what}", DataError, match=expected):
        choose_columns(COLUMNS, features, dropped, PATH)


@pytest.fixture
def columns(folder: Path):
    """Read columns of a table in pieces of some rows."""

    def read(size: int = 3, text=(), **values) -> FeatureColumns:
        table = pd.DataFrame({name: pd.Series(cells, dtype="str") if isinstance(cells[0], str)
                              else cells for name, cells in values.items()})  # fmt: skip
        numeric = NumericColumns([name for name in values if name not in text])
        found = FeatureColumns(list(values), text, numeric, PATH, Workspace.here())
        for begin in range(0, len(table), size):
            found.add(table[begin : begin + size].reset_index(drop=True))
        return found

    return read


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_column_that_counts_the_rows_begins_at_0_or_1(columns, size):
    found = columns(
        size,
        zero=[*range(7)],
        one=[*range(1, 8)],
        two=[*range(2, 9)],
        back=[*range(7)][::-1],
        broken=[0, 1, 2, 3, 4, 5, 7],
        steps=[*range(0, 14, 2)],
        gap=[0, 1, 2, np.nan, 4, 5, 6],
        words=[f"a{number}" for number in range(7)],
    )
    assert [name for name in found.names if found.counts_rows(name)] == ["zero", "one"]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_column_is_text_where_no_cell_is_a_number(columns, size):
    found = columns(
        size,
        text=["named"],
        words=["ant", "", "bee", "ant"],
        late=["", "", "", "ant"],
        mixed=["1", "2", "ant", ""],
        numbers=["1", "", "2.5", "-3"],
        empty=["", "", " ", ""],
        boolean=["True", "", "False", "true"],
        late_words=["NA", "", "ant", "None"],
        doubtful=["True", "", "maybe", "true"],
        named=["1", "", "1.0", "2"],
    )
    is_text = [name for name in found.names if found.is_text(name)]
    assert is_text == ["words", "late", "late_words", "named"]
    assert [name for name in found.names if found.is_empty(name)] == ["empty"]
    cells = found.cells(is_text)[slice(0, 4)]
    assert cells[:, 0].tolist() == ["ant", "", "bee", "ant"]
    assert cells[:, 1].tolist() == ["", "", "", "ant"]
    assert cells[:, 2].tolist() == ["NA", "", "ant", "None"]
    assert cells[:, 3].tolist() == ["1", "", "1.0", "2"]
    np.testing.assert_array_equal(
        found.rows(["numbers", "boolean"], {})[slice(0, 4)],
        [[1, 1], [np.nan, np.nan], [2.5, 0], [-3, 1]],
    )


def test_mixed_columns_are_one_message_that_names_the_cell(columns):
    found = columns(mixed=["1", "2", "ant", ""])
    with pytest.raises(
        DataError, match=r"own\.csv: .*\n.*'mixed' has text, such as 'ant', in row 3"
    ):
        found.numeric.require_numbers(["mixed"], PATH)


@pytest.mark.parametrize("size", [1, 100])
def test_text_that_is_dates_becomes_seconds(columns, size):
    found = columns(
        size,
        text=["kept"],
        day=["1970-01-02", "", "1969-12-31"],
        late=["", "", "9999-12-31"],
        time=["1970-01-01T00:00:01", "1970-01-01 01:00", "1970-01-01T00:00:00+01:00"],
        kept=["1970-01-02", "1970-01-02", "1970-01-02"],
        partly=["1970-01-02", "soon", "1970-01-03"],
        never=["1970-02-30", "1970-02-31", "1970-02-32"],
        german=["2.1.1970", "3.1.1970", "4.1.1970"],
        words=["ant", "bee", "ant"],
    )
    dates = found.dates([name for name in found.names if found.is_text(name)], None)
    assert list(dates) == ["day", "late", "time"]
    np.testing.assert_array_equal(dates["day"], [86_400, np.nan, -86_400])
    np.testing.assert_array_equal(dates["late"], [np.nan, np.nan, 253_402_214_400])
    np.testing.assert_array_equal(dates["time"], [1, 3600, -3600])
    rows = found.rows(["time", "day"], dates)
    np.testing.assert_array_equal(rows[slice(1, 3)], [[3600, np.nan], [-3600, -86_400]])


def test_more_different_texts_than_can_be_levels(columns, monkeypatch):
    monkeypatch.setattr(feature_columns, "MAX_TEXTS", 4)
    found = columns(many=list("abcd"), few=list("abca"))
    assert found.has_too_many_texts("many")
    assert not found.has_too_many_texts("few")


@pytest.fixture
def read(data, tmp_path: Path):
    """Read examples from a table with a target y."""

    def run(changes=None, **columns):
        path = tmp_path / "own.csv"
        table = pd.DataFrame({**columns, "y": np.random.default_rng(0).normal(size=6)})
        table.to_csv(path, index=False)
        chosen = data("csv", path=str(path), target="y", **(changes or {}))
        return read_examples(chosen, Workspace.here())

    return run


A = [3.5, 1.0, 4.0, 1.0, 5.0, 9.0]


def test_what_is_of_no_use_is_left_out_with_a_line(read, caplog):
    caplog.set_level("INFO")
    examples = read(id=range(1, 7), a=A, nothing=[None] * 6, kind=list("pqpqpq"))
    assert (examples.feature_names, examples.text.names) == (("a",), ("kind",))
    expected = (
        "left out: 'nothing' (empty), 'id' (it only counts the rows); data.features=[…] names"
    )
    assert expected in caplog.text
    assert examples.optional == {"a", "kind"}


def test_a_counting_column_that_is_named_or_all_there_is_stays(read, caplog):
    caplog.set_level("INFO")
    assert read({"features": ["id", "a"]}, id=range(6), a=A).feature_names == ("id", "a")
    assert read({"features": ["*"]}, id=range(6), a=A).feature_names == ("a",)
    assert read(id=range(6)).feature_names == ("id",)
    assert read({"features": ["id", "a"]}, id=range(6), a=A).optional == set()


def test_columns_that_are_named_are_refused_where_they_are_of_no_use(failure, read, monkeypatch):
    expected = "column 'a' of data.features cannot be used: empty; leave it out"
    with failure.raises("data.features: an empty column", DataError, match=expected):
        read({"features": ["a"]}, a=[None] * 6)
    monkeypatch.setattr(feature_columns, "MAX_TEXTS", 4)
    expected = "column 'a' of data.features cannot be used: too many different texts"
    with failure.raises("data.features: too many texts", DataError, match=expected):
        read({"features": ["a"]}, a=list("pqrstu"))
    assert read(a=list("pqrstu"), b=A).text.names == ()


def test_a_missing_cell_of_text_is_a_level_and_drops_no_row(read):
    examples = read(a=A, kind=["p", None, "q", "p", " ", "q"])
    assert examples.text[slice(0, 6)][:, 0].tolist() == ["p", "", "q", "p", " ", "q"]


def test_numbers_may_be_read_as_text(read):
    examples = read({"text": ["code*"]}, a=A, code_1=[7, 8, 7, 8, 7, 8], code_2=list("pqpqpq"))
    assert examples.feature_names == ("a",)
    assert examples.text.names == ("code_1", "code_2")
    assert set(examples.text[slice(0, 6)][:, 0]) == {"7", "8"}


def test_booleans_and_dates_are_numbers(read):
    days = pd.date_range("1970-01-01", periods=6).strftime("%Y-%m-%d")
    examples = read(a=A, is_new=[True, False] * 3, day=days)
    assert (examples.feature_names, examples.text.names) == (("a", "is_new", "day"), ())
    assert examples.date_features == ("day",)
    expected = np.transpose([[1, 0] * 3, np.arange(6) * 86_400])
    np.testing.assert_array_equal(examples.features[slice(0, 6)][:, 1:], expected)


def test_a_table_of_text_alone_can_be_read(read):
    examples = read(kind=list("pqpqpq"), color=list("xyzxyz"))
    assert examples.text.names == ("kind", "color")
    assert examples.features[slice(0, 6)].shape == (6, 0)


@pytest.mark.parametrize("key", ["features", "drop", "text"])
def test_the_target_is_not_named_twice(failure, read, key):
    with failure.raises(
        f"The target in data.{key}",
        DataError,
        match=f"data.{key} contains 'y', the column of data.target; leave it out",
    ):
        read({key: ["y"]}, a=A)
