"""`data.task=auto`: whether the target is a number to predict or a class."""

import re
from pathlib import Path

import pytest

from pipeline.data import csv_reader
from pipeline.data.sources import read_examples
from pipeline.data.tables import Table
from pipeline.data.target_column import choose_task
from pipeline.errors import DataError
from pipeline.workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture
def own(data, tmp_path: Path):
    """Write a table with a target y and return its settings."""

    def write(*targets, **changes):
        rows = [f"{number * 7 % 11},{target}" for number, target in enumerate(targets)]
        (tmp_path / "own.csv").write_text("\n".join(["a,y", *rows, ""]))
        return data("csv", **{"path": str(tmp_path / "own.csv"), "target": "y", **changes})

    return write


@pytest.mark.parametrize(
    ("targets", "task", "reason"),
    [
        (["ant", "bee"], "classification", "it has text"),
        (["1", "2", "three"], "classification", "it has text"),
        (["1-2", "3-4"], "classification", "it has text"),
        (["True", "False"], "classification", "it has booleans"),
        (["true", "TRUE", "false"], "classification", "it has booleans"),
        ([0, 1, 1, 0], "classification", "it has two whole numbers"),
        ([-5, 700, 700], "classification", "it has two whole numbers"),
        (["1", "1.0", "2"], "classification", "it has two whole numbers"),
        ([0, 1, 2], "regression", "it has whole numbers, more than two"),
        ([0.5, 1, 1], "regression", "it has numbers with a fraction"),
        ([0.25, 0.5], "regression", "it has numbers with a fraction"),
        (["0", "", "1", " "], "classification", "it has two whole numbers"),
        (["0", "", "1", "2"], "regression", "it has whole numbers, more than two"),
        ([1.5, "NA", 2], "regression", "it has numbers with a fraction"),
        ([1.5, "soon", 2], "regression", "it has numbers with a fraction"),
        (['"1,234"', '"1,567"'], "regression", "it has numbers in a form that is not read"),
        (["NA", "FR"], "classification", "it has text"),
        (["NA", "True"], "classification", "it has booleans"),
        (["1", "True"], "classification", "it has text"),
    ],
)
def test_the_first_rows_choose_the_task(own, targets, task, reason):
    chosen = own(*targets)
    found = choose_task(chosen, Table(Path(chosen.path)))
    assert (found.task, found.reason) == (task, reason)


def test_numbers_with_a_decimal_comma_are_a_regression(data, tmp_path: Path):
    cells = ["376,11", "2,5", "1003,82"]
    rows = [f"{day}.02.2024;{cell}" for day, cell in enumerate(cells, 10)]
    (tmp_path / "own.csv").write_text("\n".join(["day;y", *rows, ""]))
    chosen = data("csv", path=str(tmp_path / "own.csv"), target="y", date_format="%d.%m.%Y")
    examples = read_examples(chosen, Workspace.here())
    assert examples.task == "regression"
    assert examples.label[:][:, 0].tolist() == [376.11, 2.5, 1003.82]


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (
            ["2.5", "?", "3.5", "1"],
            "has text, such as '?', in row 2;\n  fix these cells, 'data.na_values=[\"?\"]' counts"
            " '?' as missing, or data.task=classification takes 'y' as classes",
        ),
        (['"1,234.50"', '"2,001.00"', 3], "remove the thousands separators, as in '1,234.50'"),
        (['"12,5"', '"13,25"'], "'12,5' has a decimal comma: \"data.decimal=','\" reads it"),
    ],
)
def test_numbers_that_have_to_be_fixed_are_no_classes(own, targets, said):
    with pytest.raises(DataError, match=re.escape(said)):
        read_examples(own(*targets), Workspace.here())


def test_what_the_user_names_is_not_looked_at(own):
    for task in ("regression", "classification"):
        chosen = own("ant", 1, task=task)
        assert choose_task(chosen, Table(Path(chosen.path))).task == task
        assert not choose_task(chosen, Table(Path(chosen.path))).reason


def test_several_targets_are_a_regression(own):
    chosen = own("ant", "bee", target=["a", "y"])
    assert choose_task(chosen, Table(Path(chosen.path))).task == "regression"


def test_the_choice_is_told_with_how_to_switch(own, caplog):
    caplog.set_level("INFO")
    assert read_examples(own(0, 1, 1, 0), Workspace.here()).task == "classification"
    expected = "a classification of 'y', as it has two whole numbers; data.task=regression switches"
    assert f"data.task=auto: {expected}" in caplog.text
    assert read_examples(own(0, 1, 2, 3), Workspace.here()).task == "regression"
    assert "a regression of 'y', as it has whole numbers, more than two" in caplog.text
    caplog.clear()
    read_examples(own(0, 1, 2, 3, task="regression"), Workspace.here())
    assert "data.task" not in caplog.text


@pytest.mark.parametrize(
    ("later", "task", "classes"),
    [
        ([1, 0], "classification", ("0", "1")),
        ([2, 3], "regression", ()),
        ([0.5, 0], "regression", ()),
        (["ant", "0"], "classification", ("0", "1", "ant")),
    ],
)
def test_later_rows_may_change_what_the_first_two_values_said(
    own, monkeypatch, caplog, later, task, classes
):
    caplog.set_level("INFO")
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 20)
    monkeypatch.setattr(csv_reader, "PIECE_ROWS", 4)
    chosen = own(0, 1, 0, 1, *[1] * 20, *later)
    assert choose_task(chosen, Table(Path(chosen.path))).task == "classification"
    examples = read_examples(chosen, Workspace.here())
    assert (examples.task, examples.classes) == (task, classes)
    expected = [0, 1, 0, 1, *[1] * 20, *later]
    if task == "regression":
        assert examples.label[:, 0].tolist() == expected
        assert "a regression of 'y', as it has more than two numbers" in caplog.text
    else:
        assert [classes[int(n)] for n in examples.label[:, 0]] == list(map(str, expected))


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([0, 1, "NA"], "'NA' in row 3, .*data.na_values=.*\"NA\".* counts 'NA' as missing"),
        (["True", "false", "null"], "'null' in row 3, and numbers or booleans otherwise"),
        ([0, 1, 1, "1.0"], "'1' in row 2 and '1.0' in row 4, the same value; write it in one way"),
        (["true", "false", "TRUE"], "'true' in row 1 and 'TRUE' in row 3, the same value"),
    ],
)
def test_what_may_be_a_class_or_not_is_one_message(own, failure, targets, expected):
    with failure.raises("A doubtful class", DataError, match=expected):
        read_examples(own(*targets), Workspace.here())
    classes = read_examples(own(*targets, task="classification"), Workspace.here()).classes
    assert set(classes) == set(map(str, targets))


def test_numbers_with_a_decimal_comma_are_numbers(own):
    chosen = own(1)
    rows = "".join(f"{n};{n % 3},5\n" for n in (7, 1, 5, 9, 2, 4))
    Path(chosen.path).write_text(f"a;y\n{rows}")
    examples = read_examples(chosen, Workspace.here())
    assert examples.task == "regression"
    assert examples.label[slice(0, 6)][:, 0].tolist() == [1.5, 1.5, 2.5, 0.5, 2.5, 1.5]


def test_text_among_a_target_of_numbers_is_one_message(own):
    expected = "'y' has text, such as 'soon', in row 2;.*data.na_values.*data.task=classification"
    with pytest.raises(DataError, match=f"(?s){expected}") as caught:
        read_examples(own(1.5, "soon", 2), Workspace.here())
    assert "data.text" not in str(caught.value)
    assert "data.drop" not in str(caught.value)


def test_text_after_numbers_is_one_message(own, monkeypatch):
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 20)
    monkeypatch.setattr(csv_reader, "PIECE_ROWS", 4)
    with pytest.raises(DataError, match="'y' has text, such as 'ant', in row 25"):
        read_examples(own(0, 1, 2, 3, *[1] * 20, "ant"), Workspace.here())


def test_a_target_without_a_value_is_one_message(own):
    with pytest.raises(DataError, match="no row has a value of 'y'"):
        read_examples(own("", ""), Workspace.here())
