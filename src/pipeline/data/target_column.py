"""The target of a user's table: whether it is a number to predict or a class."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.number_parsing import NumberParser, find_missing, override, suggest
from pipeline.data.tables import Table
from pipeline.errors import DataError
from pipeline.schema.data import TableData

BOOLEANS = ("true", "false")
FRACTIONS = "it has numbers with a fraction"


@dataclass(frozen=True)
class TaskChoice:
    """The task, and why it was chosen; without a reason where the user named it."""

    task: str
    reason: str = ""


def choose_task(settings: TableData, table: Table) -> TaskChoice:
    """Return the task that the configuration names; `auto` looks at the first rows of the target.

    Text and booleans are classes, fractions a regression; whole numbers are classes where there
    are two values, else a regression.

    Raises:
        DataError: the file cannot be read, or has no rows.
    """
    if settings.task != "auto":
        return TaskChoice(settings.task)
    if len(settings.targets) > 1:
        return TaskChoice("regression", "there are several targets")
    (target,) = settings.targets
    cells = next(table.pieces())[target]
    if cells.dtype.kind == "m":
        return TaskChoice("regression", "it has durations")
    if cells.dtype == np.float64:
        values = cells.to_numpy()
        if (values[np.isfinite(values)] % 1 != 0).any():
            return TaskChoice("regression", FRACTIONS)
    cells = next(table.pieces(text=[target]))[target]
    words = cells[~find_missing(cells)].astype(object).map(str)
    numbers = NumberParser(table.decimal).parse(words)
    is_text = numbers.is_text
    is_boolean = words.str.strip().str.lower().isin(BOOLEANS).to_numpy(bool)
    values = numbers.values[~is_boolean & np.isfinite(numbers.values)]
    if (values % 1 != 0).any():
        return TaskChoice("regression", FRACTIONS)
    if is_text.any() and suggest(words[is_text].iloc[0], is_table=True):
        return TaskChoice("regression", "it has numbers in a form that is not read")
    if is_text.any() or is_boolean.any() or not len(values):
        is_all = len(words) > 0 and not is_text.any() and not len(values)
        return TaskChoice("classification", f"it has {'booleans' if is_all else 'text'}")
    if len(np.unique(values)) > 2:
        return TaskChoice("regression", "it has whole numbers, more than two")
    return TaskChoice("classification", "it has two whole numbers")


def parse_label(
    texts: list[str], codes: np.ndarray, decimal: str, name: str, path: Path
) -> np.ndarray | None:
    """Return labels as numbers, `[rows, 1]`, where all texts are, and there are more than two.

    Args:
        texts: the different texts; the first is that of a missing cell.
        codes: the text of each row.
        decimal: sign in numbers, `.` or `,`.
        name: of the column.

    Raises:
        DataError: it is doubtful whether two texts are two classes.
    """
    numbers = NumberParser(decimal).parse(pd.Series(texts[1:], dtype="str"))
    is_mark = np.isnan(numbers.values)
    if numbers.is_text.any() or is_mark.all():
        return None
    if is_mark.any():
        mark = 1 + int(is_mark.argmax())
        raise DataError(
            f"{path}: column {name!r} has {texts[mark]!r} in row {_first_row(codes, mark)}, and"
            f" numbers or booleans otherwise; {override('data.na_values', [texts[mark]])} counts"
            f" {texts[mark]!r} as missing, data.task=classification as a class"
        )
    different, first = np.unique(numbers.values, return_index=True)
    if len(different) > 2:
        label: np.ndarray = np.append(np.nan, numbers.values)[codes][:, None]
        return label
    if len(different) < len(numbers.values):
        again = 1 + int(np.setdiff1d(np.arange(len(numbers.values)), first)[0])
        other = 1 + int(np.flatnonzero(numbers.values == numbers.values[again - 1])[0])
        raise DataError(
            f"{path}: column {name!r} has {texts[other]!r} in row {_first_row(codes, other)} and"
            f" {texts[again]!r} in row {_first_row(codes, again)}, the same value; write it in one"
            " way, or set data.task=classification, which takes them as two classes"
        )
    return None


def _first_row(codes: np.ndarray, code: int) -> int:
    """Return the first row that has a code, from 1."""
    return int((codes == code).argmax()) + 1
