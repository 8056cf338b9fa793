"""The target of a user's table: whether it is a number to predict or a class."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.data.number_parsing import find_missing
from pipeline.data.tables import Table
from pipeline.schema.data import TableData

BOOLEANS = ("true", "false")


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
    cells = next(table.pieces(text=[target]))[target]
    words = cells[~find_missing(cells)].astype(object).map(str)
    numbers = pd.to_numeric(words, errors="coerce").to_numpy(np.float64)
    if not len(words) or np.isnan(numbers).any():
        is_boolean = words.str.lower().isin(BOOLEANS).all() and len(words)
        return TaskChoice("classification", f"it has {'booleans' if is_boolean else 'text'}")
    if (numbers % 1 != 0).any():
        return TaskChoice("regression", "it has numbers with a fraction")
    if len(np.unique(numbers)) > 2:
        return TaskChoice("regression", "it has whole numbers, more than two")
    return TaskChoice("classification", "it has two whole numbers")


def parse_label(texts: list[str], codes: np.ndarray) -> np.ndarray | None:
    """Return labels as numbers, `[rows, 1]`, where all texts are, and there are more than two.

    Args:
        texts: the different texts; the first is that of a missing cell.
        codes: the text of each row.
    """
    numbers = pd.to_numeric(pd.Series(texts[1:], dtype="str"), errors="coerce").to_numpy(float)
    if len(np.unique(numbers)) <= 2 or np.isnan(numbers).any():
        return None
    label: np.ndarray = np.append(np.nan, numbers)[codes][:, None]
    return label
