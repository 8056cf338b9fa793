"""Missing values: refused, dropped with their rows, or filled from the training rows.

With `auto`, the default of tables, only the columns that have gaps are filled, with the median: a
gap in a column that never had one is a fault of later rows, and `predict` refuses it. A label is
never filled; rows without one cannot be learned from, and are left out.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.disk_rows import Rows
from pipeline.data.examples import Examples
from pipeline.data.numeric_columns import NumericColumns, RowNumbers, require_columns
from pipeline.data.prepared.dataset import blocks, rows_in_block
from pipeline.errors import DataError, listing

AUTO = "auto"
FILL_METHODS = (AUTO, "mean", "median")

_log = logging.getLogger(__name__)


def refuse_missing(
    missing: Mapping[str, RowNumbers], rows: int, where: Path | str, remedy: str
) -> None:
    """Refuse missing values, given by column; the message names each column and its rows."""
    problems = [
        f"column {name!r} is empty or NaN {absent} ({absent.count:,} of {rows:,})"
        for name, absent in missing.items()
        if absent
    ]
    if problems:
        raise DataError(f"{where}: values are missing:\n  " + ";\n  ".join([*problems, remedy]))


def read_complete_numbers(
    table: pd.DataFrame, columns: Sequence[str], where: Path | str, remedy: str
) -> np.ndarray:
    """Return columns as finite numbers, `[rows, len(columns)] float64`.

    Raises:
        DataError: A column has text, infinities or missing values.
    """
    require_columns(list(map(str, table.columns)), columns, where)
    numeric = NumericColumns(columns)
    values = numeric.read(table)
    numeric.require_numbers(columns, where)
    refuse_missing(numeric.missing, numeric.rows, where, remedy)
    return values


def choose_rows(
    missing: Mapping[str, RowNumbers],
    complete: np.ndarray,
    fillable: Collection[str],
    policy: str,
    path: Path,
    labels: Collection[str] = (),
) -> np.ndarray:
    """Return the rows that `data.missing` keeps, `[rows] bool`.

    Args:
        missing: for each column, the rows whose value is missing.
        complete: `[rows] bool`, whether no value of a row is missing; with `auto`, none but those
            that are filled.
        fillable: the columns whose values may be filled later.
        labels: the columns of the label.

    Raises:
        DataError: A value is missing that is neither dropped nor filled, or no row is left.
    """
    rows, left = len(complete), int(np.count_nonzero(complete))
    if policy == "drop" and left == 0:
        worst = max(missing, key=lambda name: missing[name].count)
        raise DataError(
            f"{path}: every row has a missing value, so data.missing=drop leaves none; column"
            f" {worst!r} has the most ({missing[worst].count:,}), leave it out (data.features=[…])"
        )
    if policy == "drop":
        if left < rows:
            counts = f"{rows - left:,} of {rows:,} rows"
            _log.info("%s: dropped %s, which have a missing value", path, counts)
        return complete
    if policy == AUTO:
        others = {name: absent for name, absent in missing.items()
                  if name not in fillable and name not in labels}  # fmt: skip
        refuse_missing(others, rows, path, "set data.missing=drop, or fix the file")
        _report_labels(left, rows, labels, path)
        return complete
    if policy == "fail":
        is_fillable = any(missing[name] for name in fillable)
        fills = ", mean or median fills features" if is_fillable else ""
        remedy = f"data.missing=drop leaves such rows out{fills}; or fix the file"
    else:
        missing = {name: absent for name, absent in missing.items() if name not in fillable}
        remedy = "these columns are never filled; set data.missing=drop"
    refuse_missing(missing, rows, path, remedy)
    return np.ones(rows, bool)


def _report_labels(left: int, rows: int, labels: Collection[str], path: Path) -> None:
    """Say how many rows have no label; refuse a table in which none has one."""
    if left == 0:
        raise DataError(
            f"{path}: no row has a value of {listing(map(repr, labels))}, so there is nothing to"
            " learn; fix the file, or choose another data.target"
        )
    if left < rows:
        what = "%s: left out %s of %s rows, which have no %s"
        _log.info(what, path, f"{rows - left:,}", f"{rows:,}", listing(labels))


def fit_fill_values(examples: Examples, train: np.ndarray, where: str) -> dict[int, float]:
    """Return the mean or median of the training rows, for each column; none if nothing is filled.

    Columns without a gap get one, too, except with `auto`: the model fills gaps in later rows.

    Raises:
        DataError: A column has no value in the training rows.
    """
    if examples.fill is None:
        return {}
    features, names, method = examples.features, examples.feature_names, examples.fill
    columns = len(names)
    missing, known, total = np.zeros(columns, int), np.zeros(columns, int), np.zeros(columns)
    for block in blocks(*features.shape):
        values = features[block]
        missing += np.isnan(values).sum(0)
        training = values[rows_in_block(train, block)]
        known += np.isfinite(training).sum(0)
        with np.errstate(over="ignore"):  # values beyond float32 are refused later
            total += np.nansum(training, 0)
    incomplete = np.flatnonzero(missing).tolist()
    filled = incomplete if method == AUTO else range(columns)
    if empty := [names[column] for column in filled if not known[column]]:
        raise DataError(
            f"no value in the {len(train)} training rows to fill from: {listing(empty, 12)}; leave"
            " such a column out (data.features=[…])"
        )
    if incomplete:
        counts = listing((f"{names[column]} ({missing[column]:,})" for column in incomplete), 12)
        statistic = "median" if method == AUTO else method
        _log.info("%s: filled with the %s of the training rows: %s", where, statistic, counts)
    if method == "mean":
        return dict(enumerate((total / known).tolist()))
    return {column: _median(features, train, column) for column in filled}


def fill_missing(features: np.ndarray, fill_values: Mapping[int, float]) -> np.ndarray:
    """Replace NaN in `[rows, columns]`, by the value of its column."""
    missing = np.isnan(features) if fill_values else np.zeros(1, bool)
    if not missing.any():
        return features
    values = np.array([fill_values.get(column, np.nan) for column in range(features.shape[1])])
    return np.where(missing, values, features)


def _median(features: Rows, train: np.ndarray, column: int) -> float:
    parts = [features[b][rows_in_block(train, b), column] for b in blocks(*features.shape)]
    with np.errstate(over="ignore"):
        return float(np.nanmedian(np.concatenate(parts)))
