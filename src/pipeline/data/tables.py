"""Reading and writing tables as CSV or Parquet, and numbers out of them, with errors that point."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import ArrowException

from pipeline import files
from pipeline.errors import DataError, listing, nearest, one_line

PARQUET = (".parquet", ".pq")


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV file (also compressed) or a Parquet file; columns are named by text.

    Raises:
        DataError: there is no such file, it cannot be read, it has no rows, or two of its columns
            have one name.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file; give an existing one")
    if not path.is_file():
        raise DataError(f"{path} is no regular file; give a CSV or Parquet file")
    try:
        table = pd.read_parquet(path) if _is_parquet(path) else _read_csv(path)
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty; a header and rows are needed") from None
    except Exception as error:  # the readers and decompressors raise a dozen unrelated kinds
        raise DataError(f"{path} cannot be read: {one_line(error)}") from None
    table.columns = table.columns.map(str)
    doubles = table.columns[table.columns.duplicated()].unique()
    if len(doubles):
        raise DataError(
            f"{path} has more than one column {listing(map(repr, doubles))}; rename them"
        )
    if table.empty:
        raise DataError(f"{path} has a header but no rows")
    return table


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in PARQUET


def _read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file with the names of its header as they are, and no row longer than it."""
    header = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False)
    with warnings.catch_warnings():
        # Cells beyond the header would be dropped with nothing but a warning.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        table = pd.read_csv(path, low_memory=False, index_col=False)
    table.columns = pd.Index(header.iloc[0])
    return table


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table atomically, as Parquet where the name ends so, else as CSV.

    Raises:
        DataError: the format cannot hold the table.
    """
    try:
        with files.replacing(path) as partial:
            if _is_parquet(path):
                table.to_parquet(partial, index=False)
            else:
                table.to_csv(partial, index=False, lineterminator="\n")
    except (ArrowException, ImportError, OverflowError, ValueError) as error:
        raise DataError(f"{path} cannot be written: {one_line(error)}") from None


def require_columns(table: pd.DataFrame, columns: Sequence[str], path: Path | str) -> None:
    """Refuse a table that lacks one of `columns`.

    Raises:
        DataError: naming each missing column and the nearest one that is there.
    """
    have = [str(column) for column in table.columns]
    missing = [column for column in columns if column not in have]
    if missing:
        named = "; ".join(f"no column {column!r}{nearest(column, have)}" for column in missing)
        raise DataError(f"{path}: {named}; it has {listing(have, 12)}")


def numbers(table: pd.DataFrame, columns: Sequence[str], path: Path | str) -> np.ndarray:
    """Return columns as finite numbers.

    Returns:
        `[rows, len(columns)] float64`.

    Raises:
        DataError: naming each column that holds text, empty cells or infinities, with the first
            rows where it does (counted from 1, the header left out).
    """
    require_columns(table, columns, path)
    troubles = []
    values = np.empty((len(table), len(columns)), np.float64)
    for place, column in enumerate(columns):
        values[:, place], text = parsed(table[column])
        if text.any():
            example = str(table[column][text].iloc[0])
            troubles.append(f"column {column!r} has text, such as {example[:40]!r}, {_at(text)}")
        for what, wrong in (
            ("is empty or NaN", np.isnan(values[:, place]) & ~text),
            ("is infinite", np.isinf(values[:, place])),
        ):
            if wrong.any():
                troubles.append(f"column {column!r} {what} {_at(wrong)}")
    if troubles:
        raise DataError("\n  ".join([f"{path}: numbers are needed", *troubles]))
    return values


def parsed(cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return a column as `[rows] float64`, NaN where it is no number, and where it has text."""
    kinds = pd.api.types
    plain = kinds.is_integer_dtype(cells) or kinds.is_float_dtype(cells)
    if not plain:
        words = cells.astype(object).map(str, na_action="ignore")
        numeric = pd.to_numeric(words, errors="coerce")
        text = numeric.isna().to_numpy(bool) & cells.notna().to_numpy(bool)
        cells = numeric
    else:
        text = np.zeros(len(cells), bool)
    return cells.to_numpy(np.float64, na_value=np.nan), text


def narrowed(values: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return `[rows, columns]` as float32.

    Raises:
        DataError: a column has values that float32 cannot hold.
    """
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    too_large = np.flatnonzero(~np.isfinite(narrow).all(0))
    if len(too_large):
        raise DataError(
            f"column {names[too_large[0]]!r} has values beyond float32 (3.4e38); use a larger unit"
        )
    return narrow


def _at(wrong: np.ndarray) -> str:
    rows = np.flatnonzero(wrong) + 1
    return f"in {'row' if len(rows) == 1 else 'rows'} {listing(rows)}"
