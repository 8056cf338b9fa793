"""Missing values: refused, dropped with their rows, or filled from the training rows."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.tables import at, numbers
from pipeline.errors import DataError, listing

FILLS: dict[str, Any] = {"mean": np.nanmean, "median": np.nanmedian}


def refuse(gaps: Mapping[str, np.ndarray], where: Path | str, remedy: str) -> None:
    """Refuse missing values.

    Args:
        gaps: `[rows] bool` for each column, where a value is missing.

    Raises:
        DataError: with the rows, and how many there are, for each column.
    """
    troubles = [
        f"column {name!r} is empty or NaN {at(gap)} ({gap.sum():,} of {len(gap):,})"
        for name, gap in gaps.items()
        if gap.any()
    ]
    if troubles:
        raise DataError(f"{where}: values are missing:\n  " + ";\n  ".join([*troubles, remedy]))


def complete(
    table: pd.DataFrame, columns: Sequence[str], where: Path | str, remedy: str
) -> np.ndarray:
    """Return columns as finite numbers, `[rows, len(columns)] float64`.

    Raises:
        DataError: a column holds text, infinities or missing values.
    """
    values = numbers(table, columns, where)
    refuse(dict(zip(columns, np.isnan(values).T, strict=True)), where, remedy)
    return values


def kept_rows(
    gaps: Mapping[str, np.ndarray], fillable: Collection[str], how: str, path: Path
) -> np.ndarray:
    """Return the numbers, from 0, of the rows that `data.missing` leaves.

    Args:
        gaps: `[rows] bool` for each column, where a value is missing.
        fillable: the columns whose values may be filled later.
        how: `data.missing`.

    Raises:
        DataError: a value is missing that is neither dropped nor filled, or no row is left.
    """
    complete = ~np.logical_or.reduce(list(gaps.values()))
    if how == "drop" and not complete.any():
        emptiest = max(gaps, key=lambda name: int(gaps[name].sum()))
        raise DataError(
            f"{path}: each row has a missing value, and data.missing=drop leaves none; column"
            f" {emptiest!r} lacks most ({gaps[emptiest].sum():,}), leave it out (data.features=[…])"
        )
    if how == "drop":
        if not complete.all():
            count = f"{(~complete).sum():,} of {len(complete):,} rows"
            print(f"{path}: {count} have a missing value: dropped")
        return np.flatnonzero(complete)
    if how == "fail":
        fills = ", mean or median fills features" if fillable else ""
        refuse(gaps, path, f"data.missing=drop leaves such rows out{fills}; or mend the file")
    else:
        unfillable = {name: gap for name, gap in gaps.items() if name not in fillable}
        refuse(unfillable, path, "these are never filled; take data.missing=drop")
    return np.arange(len(complete))


def filled(
    features: np.ndarray, train: np.ndarray, how: str | None, names: Sequence[str], where: str
) -> np.ndarray:
    """Put the mean or median of the training rows in place of NaN, column by column.

    Args:
        features: `[rows, columns] float64`.
        train: the numbers of the training rows.
        how: `mean`, `median`, or None where nothing is missing.

    Raises:
        DataError: a column has no value in the training rows.
    """
    gaps = np.isnan(features)
    columns = np.flatnonzero(gaps.any(0))
    if how is None or not len(columns):
        return features
    known = features[np.ix_(train, columns)]
    empty = [names[i] for i in columns[np.isnan(known).all(0)].tolist()]
    if empty:
        raise DataError(
            f"no value in the {len(train)} training rows to fill from: {listing(empty, 12)}; leave"
            " such a column out (data.features=[…])"
        )
    with np.errstate(over="ignore"):  # what float32 cannot hold is refused later
        values = FILLS[how](known, axis=0)
    counts = listing((f"{names[i]} ({gaps[:, i].sum():,})" for i in columns.tolist()), 12)
    print(f"{where}: filled with the {how} of the training rows: {counts}")
    full = features.copy()
    full[:, columns] = np.where(gaps[:, columns], values, full[:, columns])
    return full
