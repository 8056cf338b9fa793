"""Tables in CSV or Parquet files: read and written in pieces, so that memory does not grow."""

import io
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow
import pyarrow.csv
from pyarrow.parquet import ParquetFile, ParquetWriter

from pipeline.data import compression
from pipeline.data.csv_reader import CsvReader, is_csv
from pipeline.errors import DataError, listing, one_line
from pipeline.workspace import files

PARQUET_ENDINGS = (".parquet", ".pq")
PIECE_ROWS = 2**16


class Table:
    """A CSV file (also compressed) or a Parquet file; the names of its columns are text.

    Attributes:
        schema: of a Parquet file, else None.

    Raises:
        DataError: The file does not exist, cannot be read, or two columns have the same name.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise DataError(f"{path}: no such file; give an existing one")
        if not path.is_file():
            raise DataError(f"{path} is not a regular file; give a CSV or Parquet file")
        if not is_parquet(path) and not is_csv(path):
            raise DataError(
                f"{path}: the ending {path.suffix!r} is unknown; give a .csv file, plain or"
                f" compressed ({', '.join(compression.COMPRESSIONS)}), or a .parquet file"
            )
        self.path, self.schema = path, None
        self._csv: CsvReader | None = None
        with _explain_read_errors(path):
            if is_parquet(path):
                with ParquetFile(path) as file:
                    size = file.metadata.num_rows * file.metadata.num_columns * 8
                    self.schema = file.schema_arrow
                if size > compression.unpacked_limit(path):
                    raise DataError(
                        f"{path} announces {size / 1e6:,.0f} MB, over"
                        f" {compression.UNPACKED_RATIO} times its size; if this is intended, give"
                        " it as CSV"
                    )
                self.columns = list(map(str, self.schema.empty_table().to_pandas().columns))
            else:
                self._csv = CsvReader(path)
                self.columns = self._csv.names
        repeated = [name for name in dict.fromkeys(self.columns) if self.columns.count(name) > 1]
        if repeated:
            raise DataError(
                f"{path} has more than one column {listing(map(repr, repeated))}; rename them"
            )

    def pieces(self, text: Collection[str] = ()) -> Iterator[pd.DataFrame]:
        """Yield the rows, some thousands at a time; cells of `text` columns in CSV stay text.

        Raises:
            DataError: The file cannot be read, or has no rows.
        """
        is_empty = True
        with _explain_read_errors(self.path):
            for piece in self._csv.pieces(text) if self._csv else self._parquet_pieces():
                piece.columns = pd.Index(self.columns)
                if len(piece):
                    is_empty = False
                    yield piece
        if is_empty:
            raise DataError(f"{self.path} has a header but no rows; add rows")

    def types(self) -> dict[str, Any]:
        """Return the Parquet type of each column; a CSV file is read to find them."""
        if self.schema is not None:
            return {str(field.name): field.type for field in self.schema}
        kinds: dict[str, set[str]] = {name: set() for name in self.columns}
        for piece in self.pieces():
            for name, found in kinds.items():
                found.add(piece[name].dtype.kind)
        return {name: _common_type(found) for name, found in kinds.items()}

    def _parquet_pieces(self) -> Iterator[pd.DataFrame]:
        with ParquetFile(self.path) as file:
            for batch in file.iter_batches(PIECE_ROWS):
                # Integers stay integers where some are missing, in every piece.
                yield batch.to_pandas(integer_object_nulls=True).reset_index(drop=True)


class TableWriter(ExitStack):
    """Writes a table in pieces, as Parquet or as CSV, as the ending of the name says.

    Parquet types of columns that are not given are found in the first piece.
    """

    def __init__(self, path: Path, types: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self._path, self._types = path, types or {}
        self._parquet: ParquetWriter | None = None
        self._csv: IO[str] | None = None
        if not is_parquet(path):
            binary = self.enter_context(compression.open_writer(path))
            text = io.TextIOWrapper(binary, "utf-8", newline="")
            self._csv = self.enter_context(text)
        self._is_first = True

    def append(self, piece: pd.DataFrame) -> None:
        """Write the next rows.

        Raises:
            DataError: The format cannot hold them.
        """
        try:
            if self._csv:
                write_csv(piece, self._csv, self._is_first)
            else:
                self._append_to_parquet(piece)
        except (pyarrow.ArrowException, OverflowError, ValueError) as error:
            raise DataError(f"{self._path.name} cannot be written: {one_line(error)}") from None
        self._is_first = False

    def _append_to_parquet(self, piece: pd.DataFrame) -> None:
        if self._parquet is None:
            found = pyarrow.Schema.from_pandas(piece, preserve_index=False)
            self._schema = pyarrow.schema(
                [(field.name, self._types.get(field.name, field.type)) for field in found]
            )
            self._parquet = ParquetWriter(self._path, self._schema)
            self.callback(self._parquet.close)
        rows = pyarrow.Table.from_pandas(piece, self._schema, preserve_index=False)
        self._parquet.write_table(rows)


def read_table(path: Path) -> pd.DataFrame:
    """Read a whole table; raises as `Table` does."""
    return pd.concat(list(Table(path).pieces()), ignore_index=True)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a whole table atomically; raises as `TableWriter` does."""
    with files.replacing(path) as partial, TableWriter(partial) as writer:
        writer.append(table)


def is_parquet(path: Path) -> bool:
    """Tell whether the name has the ending of a Parquet file."""
    return path.suffix.lower() in PARQUET_ENDINGS


def write_csv(rows: pd.DataFrame, file: IO[str], has_header: bool) -> None:
    """Write rows with the bytes of pandas; pyarrow is faster where no cell needs quotes."""
    if has_header:
        rows[:0].to_csv(file, index=False, lineterminator="\n")
    try:
        file.write(_format_unquoted(rows))
    except pyarrow.ArrowInvalid:
        rows.to_csv(file, index=False, header=False, lineterminator="\n")


def _format_unquoted(rows: pd.DataFrame) -> str:
    """Return the lines; `ArrowInvalid` if a cell needs quotes or is neither text nor number."""
    if rows.shape[1] < 2:  # an empty cell alone on its line is quoted
        raise pyarrow.ArrowInvalid("one column")
    columns = []
    for number in range(rows.shape[1]):
        cells = rows.iloc[:, number]
        if not isinstance(cells.dtype, pd.StringDtype):
            if cells.dtype.kind not in "iuf" or cells.isna().any():
                raise pyarrow.ArrowInvalid("not all columns are text or numbers")
            lines = cells.to_csv(index=False, header=False, lineterminator="\n")
            cells = pd.Series(lines.split("\n")[:-1], dtype="str")
        columns.append(pyarrow.array(cells, pyarrow.large_string()))
    table = pyarrow.Table.from_arrays(columns, [str(number) for number in range(len(columns))])
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    text = io.BytesIO()
    pyarrow.csv.write_csv(table, text, options)
    return text.getvalue().decode()


def _common_type(kinds: set[str]) -> Any:
    """Return the Parquet type of a column whose pieces have these kinds of NumPy dtypes."""
    for name, allowed in (("int64", "i"), ("uint64", "u"), ("float64", "iuf"), ("bool_", "b")):
        if kinds <= set(allowed):
            return getattr(pyarrow, name)()
    return pyarrow.string()


@contextmanager
def _explain_read_errors(path: Path) -> Iterator[None]:
    """Turn what a reader or decompressor raises, which may be anything, into one message."""
    try:
        yield
    except DataError:
        raise
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty; a header and rows are needed") from None
    except Exception as error:
        raise DataError(f"{path} cannot be read: {one_line(error)}; fix or replace it") from None
