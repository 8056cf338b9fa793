"""Tables in one file of several formats, or in a folder of such files; read in pieces.

Memory does not grow with the table, and text stays as the file has it.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd

from pipeline.data import compression
from pipeline.data.arrow_reader import ARROW_ENDINGS, PARQUET_ENDINGS, ArrowReader
from pipeline.data.csv_reader import CsvReader
from pipeline.data.folder_reader import FileReader, FolderReader
from pipeline.data.json_lines import JsonLinesReader
from pipeline.data.read_options import ReadOptions
from pipeline.errors import DataError, listing, one_line

CSV_ENDINGS, JSON_ENDINGS = (".csv", ".tsv"), (".jsonl", ".ndjson")


class Table:
    """A table in a file or in a folder of files; the names of its columns are text.

    Attributes:
        columns: their names. One without a name in the file is called `Unnamed: ` and its number.
        header: their names as they are in the file.
        schema: Arrow's types of the columns; None where the file has none.
        decimal: sign of the numbers that are text in columns of numbers.

    Raises:
        DataError: The file does not exist, cannot be read, or two columns have the same name.
    """

    def __init__(self, path: Path, options: ReadOptions | None = None) -> None:
        options = options or ReadOptions()
        if not path.exists():
            raise DataError(f"{path}: no such file; give an existing one")
        if not path.is_file() and not path.is_dir():
            raise DataError(f"{path} is not a regular file; give a CSV or Parquet file")
        self.path = path
        with _explain_read_errors(path):
            self._reader: FileReader | FolderReader = (
                FolderReader(path, options.pattern, _kind, partial(_open, options=options))
                if path.is_dir()
                else _open(path, options)
            )
        self.columns, self.header = self._reader.names, self._reader.header
        self.schema, self.decimal = self._reader.schema, self._reader.decimal
        repeated = [name for name, count in Counter(self.columns).items() if count > 1]
        if repeated:
            raise DataError(
                f"{path} has more than one column {listing(map(repr, repeated))}; rename them"
            )

    def pieces(self, text: Collection[str] = ()) -> Iterator[pd.DataFrame]:
        """Yield the rows, some thousands at a time.

        Columns in `text` hold the text of the file, as `str`; only an empty cell is missing. Others
        hold numbers where all cells of a piece are numbers, else text, or Arrow's own types.

        Raises:
            DataError: The file cannot be read, or has no rows.
        """
        is_empty = True
        with _explain_read_errors(self.path):
            for piece in self._reader.pieces(text):
                if len(piece):
                    is_empty = False
                    yield piece
        if is_empty:
            raise DataError(f"{self.path} has a header but no rows; add rows")


def read_table(path: Path, options: ReadOptions | None = None) -> pd.DataFrame:
    """Read a whole table; raises as `Table` does."""
    return pd.concat(list(Table(path, options).pieces()), ignore_index=True)


def _kind(path: Path) -> str | None:
    """Return what the ending of a name says: `arrow`, `csv`, `json`, or None."""
    endings = [suffix.lower() for suffix in path.suffixes[-2:]] or [""]
    if endings[-1] in (*PARQUET_ENDINGS, *ARROW_ENDINGS):
        return "arrow"
    ending = endings[0] if endings[-1] in compression.COMPRESSIONS else endings[-1]
    if ending in CSV_ENDINGS:
        return "csv"
    return "json" if ending in JSON_ENDINGS else None


def _open(path: Path, options: ReadOptions) -> FileReader:
    match _kind(path):
        case "arrow":
            return ArrowReader(path, options.na_values)
        case "csv":
            return CsvReader(path, options)
        case "json":
            return JsonLinesReader(path, options.na_values)
    raise DataError(
        f"{path}: the ending {path.suffix!r} is unknown; give a .csv file or one of"
        f" {', '.join(CSV_ENDINGS[1:] + JSON_ENDINGS)}, plain or compressed"
        f" ({', '.join(compression.COMPRESSIONS)}), or a .parquet file or one of"
        f" {', '.join(PARQUET_ENDINGS[1:] + ARROW_ENDINGS)}"
    )


@contextmanager
def _explain_read_errors(path: Path) -> Iterator[None]:
    """Turn what a reader or decompressor raises, which may be anything, into one message."""
    try:
        yield
    except DataError:
        raise
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty; add a header and rows") from None
    except Exception as error:  # each reader raises errors of its own
        raise DataError(f"{path} cannot be read: {one_line(error)}; fix or replace it") from None
