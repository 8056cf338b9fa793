"""Missing values: refused, dropped with their rows, or filled from the training rows."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.cells import Numbers, require_columns
from pipeline.data.places import Places
from pipeline.data.stored import Rows, blocks, within
from pipeline.errors import DataError, listing

FILLS = ("mean", "median")


def refuse(gaps: Mapping[str, Places], rows: int, where: Path | str, remedy: str) -> None:
    """Refuse missing values.

    Args:
        gaps: for each column, where a value is missing.
        rows: how many there are.

    Raises:
        DataError: with the rows, and how many there are, for each column.
    """
    troubles = [
        f"column {name!r} is empty or NaN {gap} ({gap.count:,} of {rows:,})"
        for name, gap in gaps.items()
        if gap
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
    require_columns(list(map(str, table.columns)), columns, where)
    found = Numbers(columns)
    values = found.read(table)
    found.require(columns, where)
    refuse(found.gaps, found.rows, where, remedy)
    return values


def require_kept(
    gaps: Mapping[str, Places],
    kept: np.ndarray,
    fillable: Collection[str],
    how: str,
    path: Path,
) -> np.ndarray:
    """Return the rows that `data.missing` leaves, `[rows] bool`.

    Args:
        gaps: for each column, where a value is missing.
        kept: `[rows] bool`, where none is.
        fillable: the columns whose values may be filled later.
        how: `data.missing`.

    Raises:
        DataError: a value is missing that is neither dropped nor filled, or no row is left.
    """
    rows, left = len(kept), int(np.count_nonzero(kept))
    if how == "drop" and not left:
        emptiest = max(gaps, key=lambda name: gaps[name].count)
        raise DataError(
            f"{path}: each row has a missing value, and data.missing=drop leaves none; column"
            f" {emptiest!r} lacks most ({gaps[emptiest].count:,}), leave it out (data.features=[…])"
        )
    if how == "drop":
        if left < rows:
            count = f"{rows - left:,} of {rows:,} rows"
            print(f"{path}: {count} have a missing value: dropped")
        return kept
    if how == "fail":
        fills = ", mean or median fills features" if fillable else ""
        remedy = f"data.missing=drop leaves such rows out{fills}; or mend the file"
        refuse(gaps, rows, path, remedy)
    else:
        unfillable = {name: gap for name, gap in gaps.items() if name not in fillable}
        refuse(unfillable, rows, path, "these are never filled; take data.missing=drop")
    return np.ones(rows, bool)


def fills(
    features: Rows, train: np.ndarray, how: str | None, names: Sequence[str], where: str
) -> dict[int, float]:
    """Return what takes the place of NaN in each column that has some.

    Args:
        features: `[rows, columns] float64`.
        train: the numbers of the training rows, whose mean or median it is.
        how: `mean`, `median`, or None where nothing is missing.

    Raises:
        DataError: a column has no value in the training rows.
    """
    if how is None:
        return {}
    columns = features.shape[1]
    lacking, known, total = np.zeros(columns, int), np.zeros(columns, int), np.zeros(columns)
    for block in blocks(*features.shape):
        values = features[block]
        lacking += np.isnan(values).sum(0)
        learned = values[within(train, block)]
        known += np.isfinite(learned).sum(0)
        with np.errstate(over="ignore"):  # what float32 cannot hold is refused later
            total += np.nansum(learned, 0)
    filled = np.flatnonzero(lacking).tolist()
    if empty := [names[column] for column in filled if not known[column]]:
        raise DataError(
            f"no value in the {len(train)} training rows to fill from: {listing(empty, 12)}; leave"
            " such a column out (data.features=[…])"
        )
    if filled:
        counts = listing((f"{names[column]} ({lacking[column]:,})" for column in filled), 12)
        print(f"{where}: filled with the {how} of the training rows: {counts}")
    if how == "mean":
        return {column: float(total[column] / known[column]) for column in filled}
    return {column: _median(features, train, column) for column in filled}


def _median(features: Rows, train: np.ndarray, column: int) -> float:
    learned = [features[block][within(train, block), column] for block in blocks(*features.shape)]
    with np.errstate(over="ignore"):
        return float(np.nanmedian(np.concatenate(learned)))


def filled(features: np.ndarray, values: Mapping[int, float]) -> np.ndarray:
    """Put a value for each column in place of NaN in `[rows, columns]`."""
    if not values:
        return features
    full = features.copy()
    for column, value in values.items():
        full[np.isnan(full[:, column]), column] = value
    return full
