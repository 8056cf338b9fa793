"""The user's own table: a number or a class to predict from columns of numbers."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.dates import read_dates, require_ascending
from pipeline.data.examples import PARTS, Examples
from pipeline.data.missing import FILLS, kept_rows
from pipeline.data.tables import missing, numbers, parsed, read_table, require_columns
from pipeline.errors import DataError, listing
from pipeline.settings.data import TableData


def table(settings: TableData) -> Examples:
    """Take a target column, and the features that the user names or all numeric ones."""
    path, target = Path(settings.path), settings.target
    frame = read_table(path)
    apart = _apart(settings)
    require_columns(frame, list(apart), path)
    names = _named(settings, apart) or _numeric_columns(frame, list(apart), path)
    is_number = settings.task == "regression"
    values = numbers(frame, [*names, target] if is_number else names, path)
    features = values[:, : len(names)]
    days = None if settings.date_column is None else read_dates(frame[settings.date_column], path)
    gaps = dict(zip(names, np.isnan(features).T, strict=True))
    gaps |= {name: missing(frame[name]) for name in apart}
    rows = kept_rows(gaps, names, settings.missing, path)
    frame = frame.iloc[rows]
    label, classes = values[rows, -1:], tuple[str, ...]()
    if not is_number:
        label, classes = class_numbers(frame[target], path)
    if days is not None:
        require_ascending(days[rows], rows, path)
    split_column = settings.split_column
    return Examples(
        features=features[rows],
        label=label,
        feature_names=tuple(names),
        target=target,
        task=settings.task,
        classes=classes,
        part=None if split_column is None else _parts(frame[split_column], path),
        index=rows + 1 if days is None else days[rows],
        index_name="row" if days is None else "date",
        fill=settings.missing if settings.missing in FILLS else None,
    )


def _apart(settings: TableData) -> dict[str, str]:
    """Return the columns that are no features, each with the key that names it."""
    apart = {settings.target: "data.target"}
    for key in ("split_column", "date_column"):
        name = getattr(settings, key)
        if name in apart:
            raise DataError(f"{apart[name]} and data.{key} are both {name!r}; name two columns")
        if name is not None:
            apart[name] = f"data.{key}"
    return apart


def _named(settings: TableData, apart: dict[str, str]) -> list[str]:
    """Return the features that the user names, if they are sound; none: take all numeric ones."""
    names = settings.features or []
    for name in names:
        if name in apart:
            raise DataError(
                f"data.features holds the column {name!r} of {apart[name]}; leave it out"
            )
    if len(set(names)) < len(names):
        raise DataError(f"data.features names a column twice: {', '.join(names)}; leave one out")
    return names


def class_numbers(cells: pd.Series, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number the distinct values of a column, of which none is missing, in ascending order.

    Returns:
        The numbers, `[rows, 1] float64`, and the K names; whole numbers are named without `.0`.

    Raises:
        DataError: all cells are the same.
    """
    kinds = pd.api.types
    is_number = kinds.is_numeric_dtype(cells) and not kinds.is_bool_dtype(cells)
    values = cells.tolist() if is_number else [str(cell) for cell in cells]
    known = sorted(set(values))
    if len(known) < 2:
        raise DataError(
            f"{path}: column {cells.name!r} has one class only, {str(known[0])[:40]}; two are"
            " needed: give rows of another, or another data.target"
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
        row = cells.index[wrong[0]] + 1
        raise DataError(
            f"{path}: column {cells.name!r} has {parts[wrong[0]][:40]!r} in row {row};"
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
        raise DataError(f"{path} has no column of numbers but the target {apart[0]!r}; add one")
    return found
