"""Reading a folder of tables of one kind as one table.

The rows come in the order of the files' names. Folders called `key=value`, as Hive and Spark make
them, are columns.
"""

import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pyarrow

from pipeline.data.arrow_reader import ArrowReader
from pipeline.data.csv_reader import CsvReader
from pipeline.data.json_lines import JsonLinesReader
from pipeline.errors import DataError, listing

FileReader = CsvReader | ArrowReader | JsonLinesReader

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"

_log = logging.getLogger(__name__)


class FolderReader:
    """Reads the tables of a folder and of the folders in it.

    Attributes:
        names: of the columns: those of the files, then the keys of the folders.
        header: their names in the files.
        schema: types of the columns; None where the files have none.
        decimal: sign of the numbers that are text in columns of numbers.

    Raises:
        DataError: There is no table, there are several kinds, or their columns differ.
    """

    def __init__(
        self,
        path: Path,
        pattern: str | None,
        kind_of: Callable[[Path], str | None],
        open_file: Callable[[Path], FileReader],
    ) -> None:
        found = _find_files(path, pattern, kind_of)
        self._keys = [_keys_of(file.relative_to(path)) for file in found]
        self._readers = [open_file(file) for file in found]
        first, keys = self._readers[0], list(self._keys[0])
        for reader, others in zip(self._readers, self._keys, strict=True):
            if unequal := set(reader.names) ^ set(first.names) or set(others) ^ set(keys):
                raise DataError(
                    f"{reader.path} and {first.path} have different columns: only one has"
                    f" {listing(map(repr, sorted(unequal)))}; choose files with data.pattern, or"
                    " make their columns equal"
                )
        self._added = [key for key in keys if key not in first.names]
        self.names = [*first.names, *self._added]
        self.header = [*first.header, *self._added]
        self._values = {key: _values([keys[key] for keys in self._keys]) for key in self._added}
        self.schema = self._unify() if isinstance(first, ArrowReader) else None
        self.decimal = max((reader.decimal for reader in self._readers), key=[".", ","].index)

    def pieces(self, text: Collection[str] = ()) -> Iterator[pd.DataFrame]:
        """Yield the rows, some thousands at a time; the cells of `text` columns stay text."""
        for number, reader in enumerate(self._readers):
            for piece in reader.pieces(text):
                columns = {name: piece[name] for name in self.names if name not in self._added}
                for key in self._added:
                    value = self._keys[number][key] if key in text else self._values[key][number]
                    dtype = "str" if key in text else self._values[key].dtype
                    columns[key] = pd.Series([value], dtype=dtype).repeat(len(piece))
                    columns[key].index = piece.index
                yield pd.DataFrame(columns, index=piece.index)

    def _unify(self) -> pyarrow.Schema:
        schemas = [
            pyarrow.schema(list(zip(reader.names, reader.schema.types, strict=True)))
            for reader in self._readers
            if reader.schema is not None
        ]
        added = [(key, pyarrow.array(self._values[key]).type) for key in self._added]
        schema = pyarrow.unify_schemas(schemas, promote_options="permissive")
        return pyarrow.schema([*schema, *(pyarrow.field(*field) for field in added)])


def _find_files(
    path: Path, pattern: str | None, kind_of: Callable[[Path], str | None]
) -> Sequence[Path]:
    """Return the tables in a folder, in the order of their names; hidden files are left out."""
    names = []
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith((".", "__"))]
        names += [Path(folder, name).relative_to(path) for name in files if name[0] not in "._"]
    if pattern is not None:
        names = [
            name
            for name in names
            if fnmatchcase(name.name, pattern) or fnmatchcase(name.as_posix(), pattern)
        ]
        if not names:
            raise DataError(f"{path} has no file that data.pattern={pattern!r} matches; change it")
    by_kind: dict[str | None, list[Path]] = {}
    for name in sorted(names, key=lambda name: name.parts):
        by_kind.setdefault(kind_of(name), []).append(name)
    others = by_kind.pop(None, [])
    if not by_kind:
        what = f"; it has {listing(others)}" if others else ""
        raise DataError(f"{path} has no table{what}; give a folder of CSV or Parquet files")
    if len(by_kind) > 1:
        examples = listing([chosen[0] for chosen in by_kind.values()])
        ending = next(iter(by_kind.values()))[0].suffix
        raise DataError(
            f"{path} has tables of several kinds: {examples}; choose one with"
            f" 'data.pattern=\"*{ending}\"'"
        )
    if others:
        _log.info("%s: left out files that are not tables: %s", path, listing(others))
    return [path / name for name in next(iter(by_kind.values()))]


def _keys_of(name: Path) -> Mapping[str, str | None]:
    """Return the keys and values in the folders of a file, such as year=2024."""
    pairs = (part.partition("=") for part in name.parts[:-1] if "=" in part)
    return {key: None if value == NO_VALUE else unquote(value) for key, _, value in pairs}


def _values(words: list[Any]) -> pd.Series:
    """Return the values of a key, one a file: whole numbers if all are, else text."""
    cells = pd.Series(words, dtype="str")
    if cells.str.fullmatch(r"-?(?:0|[1-9]\d{0,14})").fillna(False).all():
        return cells.astype("int64")
    return cells
