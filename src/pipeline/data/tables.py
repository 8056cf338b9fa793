"""Reading tables in pieces from CSV or Parquet, and writing them."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow
from pyarrow.parquet import ParquetFile, ParquetWriter

from pipeline import files
from pipeline.data import csv_text
from pipeline.data.csv_text import UNPACKED_BYTES, UNPACKED_TIMES
from pipeline.errors import DataError, listing, one_line

PARQUET = (".parquet", ".pq")
ROWS = 2**16  # of a piece


class Table:
    """A CSV file (also packed) or a Parquet file with rows; its columns are named by text.

    Attributes:
        path: of the file.
        columns: the names.
        schema: of a Parquet file, else None.

    Raises:
        DataError: there is no such file, it cannot be read, or two of its columns have one name.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise DataError(f"{path}: no such file; give an existing one")
        if not path.is_file():
            raise DataError(f"{path} is no regular file; give a CSV or Parquet file")
        if not is_parquet(path) and not csv_text.is_csv(path):
            raise DataError(
                f"{path}: the ending {path.suffix!r} is unknown; give a file .csv, plain or packed"
                f" ({', '.join(csv_text.PACKED)}), or .parquet"
            )
        self.path, self.schema = path, None
        self._text: csv_text.CsvText | None = None
        with _explaining(path):
            if is_parquet(path):
                self.schema = _schema(path)
                self.columns = list(map(str, self.schema.empty_table().to_pandas().columns))
            else:
                self._text = csv_text.CsvText(path)
                self.columns = self._text.names
        doubles = [name for name in dict.fromkeys(self.columns) if self.columns.count(name) > 1]
        if doubles:
            raise DataError(
                f"{path} has more than one column {listing(map(repr, doubles))}; rename them"
            )

    def pieces(self, text: Collection[str] = ()) -> Iterator[pd.DataFrame]:
        """Read the rows, some thousands at a time.

        Args:
            text: columns of a CSV whose cells are to be left as they are written.

        Raises:
            DataError: the file cannot be read, or has no rows.
        """
        count = 0
        with _explaining(self.path):
            for piece in self._text.pieces(text) if self._text else self._parquet():
                count += len(piece)
                piece.columns = pd.Index(self.columns)
                if len(piece):
                    yield piece
        if not count:
            raise DataError(f"{self.path} has a header but no rows; add rows")

    def kinds(self) -> dict[str, Any]:
        """Return the kind of each column, as Parquet has them; a CSV is read for it."""
        if self.schema is not None:
            return {str(field.name): field.type for field in self.schema}
        met: dict[str, set[str]] = {name: set() for name in self.columns}
        for piece in self.pieces():
            for name, found in met.items():
                found.add(piece[name].dtype.kind)
        return {name: _common(found) for name, found in met.items()}

    def _parquet(self) -> Iterator[pd.DataFrame]:
        with ParquetFile(self.path) as file:
            for batch in file.iter_batches(ROWS):
                # Whole numbers stay such where some are missing, whatever the piece.
                yield batch.to_pandas(integer_object_nulls=True).reset_index(drop=True)


def read_table(path: Path) -> pd.DataFrame:
    """Read a whole table.

    Raises:
        DataError: as `Table`.
    """
    return pd.concat(list(Table(path).pieces()), ignore_index=True)


def _common(met: set[str]) -> Any:
    """Return the kind of a column in whose pieces NumPy's kinds are met."""
    for kind, allowed in (("int64", "i"), ("uint64", "u"), ("float64", "iuf"), ("bool_", "b")):
        if met <= set(allowed):
            return getattr(pyarrow, kind)()
    return pyarrow.string()


def is_parquet(path: Path) -> bool:
    """Say whether a name ends as that of a Parquet file does."""
    return path.suffix.lower() in PARQUET


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    """Say of a file that it cannot be read; the readers and unpackers raise unrelated kinds."""
    try:
        yield
    except DataError:
        raise
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty; a header and rows are needed") from None
    except Exception as error:
        raise DataError(f"{path} cannot be read: {one_line(error)}; mend or replace it") from None


def _schema(path: Path) -> Any:
    with ParquetFile(path) as file:
        size = file.metadata.num_rows * file.metadata.num_columns * 8
        schema = file.schema_arrow
    most = max(UNPACKED_BYTES, UNPACKED_TIMES * path.stat().st_size)
    if size > most:
        raise DataError(
            f"{path} announces {size / 1e6:,.0f} MB, {UNPACKED_TIMES} times its size and more; if"
            " that is meant so, give it as CSV"
        )
    return schema


class TableWriter:
    """Writes the pieces of a table, as Parquet where the name ends so, else as CSV.

    Args:
        path: of the new file.
        kinds: of columns of a Parquet file; the first piece tells those of the others.
    """

    def __init__(self, path: Path, kinds: Mapping[str, Any] | None = None) -> None:
        self._path, self._kinds = path, kinds or {}
        self._closing = ExitStack()
        self._parquet: ParquetWriter | None = None
        is_csv = not is_parquet(path)
        self._csv = self._closing.enter_context(csv_text.creating(path)) if is_csv else None
        self._is_first = True

    def __enter__(self) -> Self:
        return self

    def append(self, piece: pd.DataFrame) -> None:
        """Write the next rows.

        Raises:
            DataError: the format cannot hold them.
        """
        try:
            if self._csv:
                csv_text.write(piece, self._csv, self._is_first)
            else:
                self._append_to_parquet(piece)
        except (pyarrow.ArrowException, OverflowError, ValueError) as error:
            raise DataError(f"{self._path.name} cannot be written: {one_line(error)}") from None
        self._is_first = False

    def _append_to_parquet(self, piece: pd.DataFrame) -> None:
        if self._parquet is None:
            found = pyarrow.Schema.from_pandas(piece, preserve_index=False)
            self._schema = pyarrow.schema(
                [(field.name, self._kinds.get(field.name, field.type)) for field in found]
            )
            self._parquet = ParquetWriter(self._path, self._schema)
            self._closing.callback(self._parquet.close)
        rows = pyarrow.Table.from_pandas(piece, self._schema, preserve_index=False)
        self._parquet.write_table(rows)

    def __exit__(self, *_: object) -> None:
        self._closing.close()


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a whole table atomically.

    Raises:
        DataError: the format cannot hold the table.
    """
    with files.replacing(path) as partial, TableWriter(partial) as writer:
        writer.append(table)
