"""The target of a user's table: whether it is a number to predict or a class."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.data.number_parsing import NumberParser, find_missing, suggest, to_words
from pipeline.data.tables import Table
from pipeline.schema.data import TableData


@dataclass(frozen=True)
class TaskChoice:
    """The task, and why it was chosen; without a reason where the user named it."""

    task: str
    reason: str = ""


def choose_task(settings: TableData, table: Table) -> TaskChoice:
    """Return the task that the configuration names; `auto` looks at the first rows of the target.

    Text and booleans are classes, fractions a regression; whole numbers are classes where there
    are two values, else a regression. Few words among measured numbers, and numbers that are
    written in another way, make no classes; they are refused when the numbers are read.

    Raises:
        DataError: the file cannot be read, or has no rows.
    """
    if settings.task != "auto":
        return TaskChoice(settings.task)
    if len(settings.targets) > 1:
        return TaskChoice("regression", "there are several targets")
    (target,) = settings.targets
    cells = next(table.pieces(text=[target]))[target]
    cells = cells[~find_missing(cells)]
    found = NumberParser(table.decimal).parse(cells)
    numbers = found.values[np.isfinite(found.values)]
    if found.booleans and found.booleans == len(cells):
        return TaskChoice("classification", "it has booleans")
    if reason := _measures(numbers, to_words(cells[found.is_text])):
        return TaskChoice("regression", reason)
    is_word = found.is_text | np.isnan(found.values)
    if is_word.any() and (found.is_text.any() or len(np.unique(numbers)) <= 2):
        example = str(cells[is_word].iloc[0])[:40]
        return TaskChoice("classification", f"it has text, such as {example!r}")
    if len(np.unique(numbers)) > 2:
        return TaskChoice("regression", "it has whole numbers, more than two")
    return TaskChoice("classification", "it has two whole numbers" if len(cells) else "it is empty")


def _measures(numbers: np.ndarray, words: pd.Series) -> str:
    """Return why cells measure something, though some may have to be fixed; empty if they do not.

    Args:
        numbers: those of the cells that are numbers.
        words: the others.
    """
    if len(words) and all(suggest(word, is_table=True) for word in words.unique()):
        return "it has numbers"
    if len(words) <= len(numbers) and (numbers % 1 != 0).any():
        return "it has numbers with a fraction"
    return ""


def parse_label(texts: list[str], codes: np.ndarray, decimal: str = ".") -> np.ndarray | None:
    """Return labels as numbers, `[rows, 1]`, where all texts are, and there are more than two.

    Args:
        texts: the different texts; the first is that of a missing cell.
        codes: the text of each row.
        decimal: sign in numbers, `.` or `,`.
    """
    found = NumberParser(decimal).parse(pd.Series(texts[1:], dtype="str"))
    numbers = np.full(0, np.nan) if found.booleans else found.values
    if len(np.unique(numbers)) <= 2 or np.isnan(numbers).any():
        return None
    label: np.ndarray = np.append(np.nan, numbers)[codes][:, None]
    return label
