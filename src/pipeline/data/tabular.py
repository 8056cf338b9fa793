"""The user's own table: a number or a class to predict from columns of numbers."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.examples import PARTS, Examples
from pipeline.data.tables import numbers, parsed, read_table, require_columns
from pipeline.errors import DataError, listing
from pipeline.settings.data import TableData


def table(settings: TableData) -> Examples:
    """Take a target column, and the features that the user names or all numeric ones."""
    path, target, split_column = Path(settings.path), settings.target, settings.split_column
    frame = read_table(path)
    apart = [target] if split_column is None else [target, split_column]
    require_columns(frame, apart, path)
    if split_column == target:
        raise DataError(f"data.split_column and data.target are both {target!r}; name two columns")
    names = settings.features
    if names is None:
        names = _numeric_columns(frame, apart, path)
    elif target in names:
        raise DataError(f"data.features holds the target {target!r}; leave it out")
    elif split_column in names:
        raise DataError(f"data.features holds data.split_column {split_column!r}; leave it out")
    elif len(set(names)) < len(names):
        raise DataError(f"data.features names a column twice: {', '.join(names)}")
    classes: tuple[str, ...] = ()
    if settings.task == "classification":
        values = numbers(frame, names, path)
        label, classes = class_numbers(frame[target], str(path))
    else:
        values = numbers(frame, [*names, target], path)
        values, label = values[:, :-1], values[:, -1:]
    return Examples(
        features=values,
        label=label,
        feature_names=tuple(names),
        target=target,
        task=settings.task,
        classes=classes,
        part=None if split_column is None else _parts(frame[split_column], path),
    )


def class_numbers(cells: pd.Series, where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number the distinct values of a column in ascending order.

    Returns:
        The numbers, `[rows, 1] float64`, and the K names; whole numbers are named without `.0`.

    Raises:
        DataError: a cell is empty, or all are the same.
    """
    empty = np.flatnonzero(cells.isna()) + 1
    if len(empty):
        raise DataError(
            f"{where}: column {cells.name!r} is empty or NaN in"
            f" {'row' if len(empty) == 1 else 'rows'} {listing(empty)}; each row needs a class"
        )
    kinds = pd.api.types
    is_number = kinds.is_numeric_dtype(cells) and not kinds.is_bool_dtype(cells)
    values = cells.tolist() if is_number else [str(cell) for cell in cells]
    known = sorted(set(values))
    if len(known) < 2:
        raise DataError(
            f"{where}: column {cells.name!r} has one class only, {known[0]}; two are needed"
        )
    numbered = {value: number for number, value in enumerate(known)}
    label = np.array([[numbered[value]] for value in values], np.float64)
    return label, tuple(_class_name(value) for value in known)


def _class_name(value: float | str) -> str:
    is_whole = not isinstance(value, str) and float(value).is_integer()
    return str(int(value) if is_whole else value)


def _parts(cells: pd.Series, path: Path) -> np.ndarray:
    """Return `[rows]` of `train`, `validation`, `test`."""
    parts = np.array([str(cell) for cell in cells])
    wrong = np.flatnonzero(~np.isin(parts, PARTS))
    if len(wrong):
        raise DataError(
            f"{path}: column {cells.name!r} has {parts[wrong[0]][:40]!r} in row {wrong[0] + 1};"
            f" data.split_column may hold {', '.join(PARTS)}"
        )
    return parts


def _numeric_columns(frame: pd.DataFrame, apart: list[str], path: Path) -> list[str]:
    """Return the columns of numbers but those `apart`, and say which others are none.

    A column with numbers and text is a damaged column of numbers, and `numbers` will refuse it.
    """
    found: list[str] = []
    left_out: list[str] = []
    for name in map(str, frame.columns.drop(apart)):
        values, text = parsed(frame[name])
        is_flag = pd.api.types.is_bool_dtype(frame[name])
        (left_out if is_flag or (text.any() and np.isnan(values).all()) else found).append(name)
    if left_out:
        print(f"{path}: no numbers in {listing(left_out, 12)}: left out")
    if not found:
        raise DataError(f"{path} has no numeric column but the target {apart[0]!r}")
    return found
