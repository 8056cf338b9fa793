"""Writing tables as CSV or Parquet in pieces, so that memory does not grow with the table."""

import io
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.csv
from pyarrow.parquet import ParquetWriter

from pipeline.data import compression
from pipeline.data.arrow_reader import PARQUET_ENDINGS, is_parquet, is_text
from pipeline.errors import DataError, one_line
from pipeline.reporting.column_types import cast
from pipeline.workspace import files


class TableWriter(ExitStack):
    """Writes a table in pieces, as Parquet or as CSV, as the ending of the name says.

    Parquet types of columns that are not given are found in the first piece.

    Raises:
        DataError: The name has another ending.
    """

    def __init__(self, path: Path, types: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        require_ending(path)
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
                write_csv(_empty_if_nan(piece), self._csv, self._is_first)
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
        columns = [
            _to_arrow(piece.iloc[:, number], field.type, field.name in self._types)
            for number, field in enumerate(self._schema)
        ]
        self._parquet.write_table(pyarrow.Table.from_arrays(columns, schema=self._schema))


def _to_arrow(cells: pd.Series, kind: pyarrow.DataType, keeps_nan: bool) -> pyarrow.Array:
    if keeps_nan and isinstance(cells.dtype, np.dtype) and cells.dtype.kind == "f":
        return pyarrow.array(cells.to_numpy(), kind)
    array = pyarrow.array(cells, from_pandas=True)
    array = array.combine_chunks() if isinstance(array, pyarrow.ChunkedArray) else array
    if array.type == kind:
        return array
    return cast(array, kind) if is_text(array.type) else pyarrow.array(cells, kind)


def _empty_if_nan(piece: pd.DataFrame) -> pd.DataFrame:
    """Return a piece in which NaN of Arrow's types is that of NumPy, which CSV has as empty."""
    floats = {
        name: dtype.pyarrow_dtype.to_pandas_dtype()
        for name, dtype in piece.dtypes.items()
        if isinstance(dtype, pd.ArrowDtype) and dtype.kind == "f"
    }
    return piece.astype(floats) if floats else piece


def require_ending(path: Path) -> None:
    """Refuse a file whose ending is none that can be written."""
    endings = [suffix.lower() for suffix in path.suffixes[-2:]]
    packed = endings[:1] == [".csv"] and endings[-1] in compression.COMPRESSIONS
    if not is_parquet(path) and endings[-1:] != [".csv"] and not packed:
        raise DataError(
            f"{path}: a file with the ending {path.suffix!r} cannot be written; name it .csv, plain"
            f" or compressed ({', '.join(compression.COMPRESSIONS)}), or"
            f" {' or '.join(PARQUET_ENDINGS)}"
        )


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a whole table atomically; raises as `TableWriter` does."""
    with files.replacing(path) as partial, TableWriter(partial) as writer:
        writer.append(table)


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
