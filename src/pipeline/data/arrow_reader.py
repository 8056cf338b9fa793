"""Reading Parquet, Arrow and Feather files in pieces; cells keep their values and their types."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
import pyarrow.compute as pc
from pyarrow.parquet import ParquetFile

from pipeline.data.compression import UNPACKED_RATIO, unpacked_limit
from pipeline.errors import DataError

PARQUET_ENDINGS = (".parquet", ".pq")
ARROW_ENDINGS = (".arrow", ".feather")
PIECE_ROWS = 2**16


class ArrowReader:
    """Reads a Parquet, Arrow or Feather file.

    The index of a pandas table is a column like others, unless it only counts the rows.

    Attributes:
        schema: types of the columns.
        names: of the columns; an index of pandas that has none gets one.
        header: their names in the file.

    Raises:
        DataError: The file would need far more memory than its size.
    """

    decimal = "."

    def __init__(self, path: Path, na_values: Collection[str] = ()) -> None:
        self.path, self._marks = path, tuple(mark.strip() for mark in na_values)
        self._open = _open_parquet if is_parquet(path) else _open_arrow
        with self._open(path) as (schema, _):
            self.schema = schema.remove_metadata()
        self.header = list(map(str, schema.names))
        indices = (schema.pandas_metadata or {}).get("index_columns", [])
        self.names = [
            _name_index(field, number, schema.names) if field.name in indices else str(field.name)
            for number, field in enumerate(schema)
        ]

    def pieces(self, text: Collection[str] = ()) -> Iterator[pd.DataFrame]:
        """Yield the rows, some thousands at a time; the cells of `text` columns become text."""
        with self._open(self.path) as (_, batches):
            for batch in batches:
                columns = {
                    name: _to_pandas(_drop_marks(cells, self._marks), name in text)
                    for name, cells in zip(self.names, batch.columns, strict=True)
                }
                yield pd.DataFrame(columns, index=range(batch.num_rows))


def _name_index(field: pyarrow.Field, number: int, names: Collection[str]) -> str:
    """Name an index as pandas does; one without a name as `reset_index` or a CSV file has it."""
    if not field.name.startswith("__index_level_"):
        return str(field.name)
    if pyarrow.types.is_integer(field.type):
        return f"Unnamed: {number}"
    return "index" if "index" not in names else str(field.name)


@contextmanager
def _open_parquet(path: Path) -> Iterator[tuple[pyarrow.Schema, Iterator[Any]]]:
    with ParquetFile(path) as file:
        size = file.metadata.num_rows * file.metadata.num_columns * 8
        if size > unpacked_limit(path):
            raise DataError(
                f"{path} announces {size / 1e6:,.0f} MB, over {UNPACKED_RATIO} times its size; if"
                " this is intended, give it as CSV"
            )
        yield file.schema_arrow, file.iter_batches(PIECE_ROWS)


@contextmanager
def _open_arrow(path: Path) -> Iterator[tuple[pyarrow.Schema, Iterator[Any]]]:
    with pyarrow.memory_map(str(path)) as source:
        try:
            file = pyarrow.ipc.open_file(source)
            batches = map(file.get_batch, range(file.num_record_batches))
        except pyarrow.ArrowInvalid:  # a stream has no list of its batches
            source.seek(0)
            file = pyarrow.ipc.open_stream(source)
            batches = iter(file)
        yield file.schema, (part for batch in batches for part in _parts(batch))


def _parts(batch: Any) -> Iterator[Any]:
    for begin in range(0, batch.num_rows, PIECE_ROWS):
        yield batch.slice(begin, PIECE_ROWS)


def _drop_marks(cells: pyarrow.Array, marks: Sequence[str]) -> pyarrow.Array:
    """Return a column of text or numbers with nothing in place of the cells that are marks."""
    if pyarrow.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if not marks:
        return cells
    if is_text(cells.type):
        words, wanted = pc.utf8_trim_whitespace(cells.cast(pyarrow.large_string())), list(marks)
    elif pyarrow.types.is_integer(cells.type) or pyarrow.types.is_floating(cells.type):
        numbers = pd.to_numeric(pd.Series(marks, dtype="str"), errors="coerce").dropna()
        words, wanted = cells.cast(pyarrow.float64(), safe=False), numbers.tolist()
    else:
        return cells
    is_mark = pc.is_in(words, pyarrow.array(wanted, words.type))
    return pc.if_else(is_mark, pyarrow.scalar(None, cells.type), cells)


def _to_pandas(cells: pyarrow.Array, as_text: bool) -> pd.Series:
    """Convert a column; numbers of NumPy where none is missing, else Arrow's own types."""
    kind = cells.type
    if as_text:
        return to_text(cells)
    if is_text(kind):
        return pd.Series(cells.cast(pyarrow.large_string()).to_pandas(), dtype="str")
    is_plain = pyarrow.types.is_floating(kind) or pyarrow.types.is_integer(kind)
    if not cells.null_count and (is_plain or pyarrow.types.is_boolean(kind)):
        return pd.Series(cells.to_numpy(zero_copy_only=False))
    return pd.Series(pd.array(cells, dtype=pd.ArrowDtype(kind)))


def to_text(cells: pyarrow.Array) -> pd.Series:
    """Return cells of any type as `str`; one that is missing, NaN or empty is missing."""
    if pyarrow.types.is_boolean(cells.type):  # as a CSV file has them
        cells = pc.if_else(cells, "True", "False")
    if pyarrow.types.is_floating(cells.type):
        cells = pc.if_else(pc.is_nan(cells), pyarrow.scalar(None, cells.type), cells)
    try:
        words = pc.cast(cells, pyarrow.large_string())
    except pyarrow.ArrowException:  # lists, bytes that are not text, …
        words = pyarrow.array(
            [None if cell is None else str(cell) for cell in cells.to_pylist()],
            pyarrow.large_string(),
        )
    words = pc.if_else(pc.equal(words, ""), pyarrow.scalar(None, words.type), words)
    return pd.Series(words.to_pandas(), dtype="str")


def is_parquet(path: Path) -> bool:
    """Tell whether the name has the ending of a Parquet file."""
    return path.suffix.lower() in PARQUET_ENDINGS


def is_text(kind: pyarrow.DataType) -> bool:
    """Tell whether cells of this type are text."""
    types = pyarrow.types
    tests: list[Callable[[Any], bool]] = [
        types.is_string,
        types.is_large_string,
        types.is_string_view,
    ]
    return any(test(kind) for test in tests)
