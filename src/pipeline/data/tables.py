"""Reading and writing tables as CSV or Parquet, and numbers out of them, with errors that point."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import ArrowException
from pyarrow.parquet import ParquetFile

from pipeline import files
from pipeline.data.csv_text import PACKED, UNPACKED_BYTES, UNPACKED_TIMES, is_csv, read_csv
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
    if not _is_parquet(path) and not is_csv(path):
        raise DataError(
            f"{path}: the ending {path.suffix!r} is unknown; give a file .csv, plain or packed"
            f" ({', '.join(PACKED)}), or .parquet"
        )
    try:
        table = _read_parquet(path) if _is_parquet(path) else read_csv(path)
    except DataError:
        raise
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty; a header and rows are needed") from None
    except Exception as error:  # the readers and decompressors raise a dozen unrelated kinds
        raise DataError(f"{path} cannot be read: {one_line(error)}; mend or replace it") from None
    table.columns = table.columns.map(str)
    doubles = table.columns[table.columns.duplicated()].unique()
    if len(doubles):
        raise DataError(
            f"{path} has more than one column {listing(map(repr, doubles))}; rename them"
        )
    if table.empty:
        raise DataError(f"{path} has a header but no rows; add rows")
    return table


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in PARQUET


def _read_parquet(path: Path) -> pd.DataFrame:
    with ParquetFile(path) as file:
        size = file.metadata.num_rows * file.metadata.num_columns * 8
    most = max(UNPACKED_BYTES, UNPACKED_TIMES * path.stat().st_size)
    if size > most:
        raise DataError(
            f"{path} announces {size / 1e6:,.0f} MB, {UNPACKED_TIMES} times its size and more; if"
            " that is meant so, give it as CSV"
        )
    return pd.read_parquet(path)


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
        raise DataError(f"{path}: {named}; it has {listing(have, 12)}; mend the name")


def numbers(table: pd.DataFrame, columns: Sequence[str], path: Path | str) -> np.ndarray:
    """Return columns as numbers.

    Returns:
        `[rows, len(columns)] float64`, finite, or NaN where a value is missing.

    Raises:
        DataError: naming each column that holds text or infinities, with the first rows where it
            does (counted from 1, the header left out).
    """
    require_columns(table, columns, path)
    troubles = []
    values = np.empty((len(table), len(columns)), np.float64)
    for place, column in enumerate(columns):
        values[:, place], text = parsed(table[column])
        if text.any():
            example = str(table[column][text].iloc[0])
            troubles.append(f"column {column!r} has text, such as {example[:40]!r}, {at(text)}")
        if (infinite := np.isinf(values[:, place])).any():
            troubles.append(f"column {column!r} is infinite {at(infinite)}")
    if troubles:
        remedy = "mend these cells, or drop the rows or columns"
        raise DataError(f"{path}: numbers are needed:\n  " + ";\n  ".join([*troubles, remedy]))
    return values


def missing(cells: pd.Series) -> np.ndarray:
    """Return where a column is empty, blank or NaN, `[rows] bool`."""
    if _is_plain(cells):
        absent: np.ndarray = np.isnan(cells.to_numpy(np.float64, na_value=np.nan))
        return absent
    blank = cells.astype(object).map(str).str.strip() == ""
    return (cells.isna() | blank).to_numpy(bool)


def parsed(cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return a column as `[rows] float64`, NaN where it is no number, and where it has text."""
    if _is_plain(cells):
        return cells.to_numpy(np.float64, na_value=np.nan), np.zeros(len(cells), bool)
    words = cells.astype(object).map(str, na_action="ignore")
    values = pd.to_numeric(words, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return values, np.isnan(values) & ~missing(cells)


def _is_plain(cells: pd.Series) -> bool:
    kinds = pd.api.types
    return bool(kinds.is_integer_dtype(cells) or kinds.is_float_dtype(cells))


def narrowed(
    values: np.ndarray,
    names: Sequence[str],
    where: Path | str,
    index: np.ndarray | None = None,
    index_name: str = "row",
) -> np.ndarray:
    """Return `[rows, columns]` as float32.

    Args:
        index: `[rows]`, what names a row in messages; None: its number from 1.

    Raises:
        DataError: a column has values that float32 cannot hold.
    """
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    too_large = np.argwhere(~np.isfinite(narrow))
    if len(too_large):
        row, column = too_large[0]
        raise DataError(
            f"{where}: column {names[column]!r} has {values[row, column]:g} in {index_name}"
            f" {row + 1 if index is None else index[row]}, beyond float32 (3.4e38); use a larger"
            " unit, or mend it"
        )
    return narrow


def at(wrong: np.ndarray) -> str:
    """Say in which rows, from 1, of `[rows] bool` something is wrong."""
    rows = np.flatnonzero(wrong) + 1
    return f"in {'row' if len(rows) == 1 else 'rows'} {listing(rows)}"
