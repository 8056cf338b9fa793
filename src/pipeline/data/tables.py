"""Reading and writing tables as CSV or Parquet, and numbers out of them, with errors that point."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import ArrowException

from pipeline import files
from pipeline.errors import DataError, listing, nearest

PARQUET = (".parquet", ".pq")


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV file (also compressed) or a Parquet file.

    Raises:
        DataError: there is no such file, it cannot be read, or it has no rows.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file; give an existing one with data.path=FILE")
    if not path.is_file():
        raise DataError(f"{path} is a folder; give a CSV or Parquet file")
    try:
        if path.suffix.lower() in PARQUET:
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path, low_memory=False)
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty; a header and rows are needed") from None
    except (
        pd.errors.ParserError,
        UnicodeDecodeError,
        ArrowException,
        OSError,
        ValueError,
    ) as error:
        raise DataError(f"{path} cannot be read: {_one_line(error)}") from None
    if table.empty:
        raise DataError(f"{path} has a header but no rows")
    return table


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table atomically, as Parquet where the name ends so, else as CSV."""
    with files.replacing(path) as partial:
        if path.suffix.lower() in PARQUET:
            table.to_parquet(partial, index=False)
        else:
            table.to_csv(partial, index=False, lineterminator="\n")


def require_columns(table: pd.DataFrame, columns: Sequence[str], path: Path) -> None:
    """Refuse a table that lacks one of `columns`.

    Raises:
        DataError: naming each missing column and the nearest one that is there.
    """
    have = [str(column) for column in table.columns]
    missing = [column for column in columns if column not in have]
    if missing:
        named = "; ".join(f"no column {column!r}{nearest(column, have)}" for column in missing)
        raise DataError(f"{path}: {named}; it has {listing(have, 12)}")


def numbers(table: pd.DataFrame, columns: Sequence[str], path: Path) -> np.ndarray:
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
        cells = table[column]
        if not pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_bool_dtype(cells):
            parsed = pd.to_numeric(cells.astype("string"), errors="coerce")
            text = parsed.isna().to_numpy() & cells.notna().to_numpy()
            if text.any():
                example = str(cells[text].iloc[0])
                troubles.append(
                    f"column {column!r} has text, such as {example[:40]!r}, {_at(text)}"
                )
            cells = parsed.mask(text, 0)
        values[:, place] = cells.to_numpy(np.float64, na_value=np.nan)
        for what, wrong in (
            ("is empty or NaN", np.isnan(values[:, place])),
            ("is infinite", np.isinf(values[:, place])),
        ):
            if wrong.any():
                troubles.append(f"column {column!r} {what} {_at(wrong)}")
    if troubles:
        raise DataError("\n  ".join([f"{path}: numbers are needed", *troubles]))
    return values


def _at(wrong: np.ndarray) -> str:
    rows = np.flatnonzero(wrong) + 1
    return f"in {'row' if len(rows) == 1 else 'rows'} {listing(rows)}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
