"""Reading JSON lines: one object a line, whose keys are the columns."""

import json
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.compression import open_reader, unpacked_limit
from pipeline.data.number_parsing import EXACT
from pipeline.errors import DataError

PIECE_ROWS = 2**16


class _Number(str):
    """A number as it is written in the file."""

    __slots__ = ()


class JsonLinesReader:
    """Reads a file of JSON lines. A key that an object lacks is a missing cell.

    Attributes:
        names: of the columns, in the order in which they come first.

    Raises:
        DataError: A line is not an object.
    """

    schema, decimal = None, "."

    def __init__(self, path: Path, na_values: Collection[str] = ()) -> None:
        self.path, self._na_values = path, set(na_values)
        self.names = self.header = list(dict.fromkeys(key for row in self._rows() for key in row))
        if not self.names:
            raise DataError(f"{path} is empty; add rows")

    def pieces(self, text: Collection[str] = ()) -> Iterator[pd.DataFrame]:
        """Yield the rows, some thousands at a time; the cells of `text` columns become text."""
        rows = self._rows()
        while piece := list(islice(rows, PIECE_ROWS)):
            columns = {name: [self._cell(row.get(name)) for row in piece] for name in self.names}
            yield pd.DataFrame(
                {name: _to_pandas(cells, name in text) for name, cells in columns.items()}
            )

    def _cell(self, value: Any) -> Any:
        is_mark = self._na_values and isinstance(value, str) and value.strip() in self._na_values
        return None if is_mark else value

    def _rows(self) -> Iterator[dict[str, Any]]:
        size, limit = 0, unpacked_limit(self.path)
        with open_reader(self.path) as file:
            for number, line in enumerate(file, 1):
                size += len(line)
                if size > limit:
                    raise DataError(
                        f"{self.path} unpacks to more than {limit / 1e6:,.0f} MB; if this is"
                        " intended, decompress it and give the plain file"
                    )
                if line.strip():
                    yield self._parse(line, number)

    def _parse(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            row = json.loads(
                line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line,
                parse_int=_Number,
                parse_float=_Number,
                parse_constant=_Number,
            )
        except (ValueError, RecursionError) as error:
            reason = str(error).partition(":")[0]
            raise DataError(
                f"{self.path}: line {number} is not JSON ({reason}); give one object a line"
            ) from None
        if not isinstance(row, dict):
            raise DataError(
                f"{self.path}: line {number} is not a JSON object; give one object a line, such as"
                ' {"a": 1, "b": "x"}'
            )
        return row


def _to_pandas(cells: list[Any], as_text: bool) -> pd.Series:
    """Return numbers or booleans if all cells are, else text."""
    present = [cell for cell in cells if cell is not None]
    if not as_text and present and all(isinstance(cell, bool) for cell in present):
        return pd.Series(cells, dtype="boolean")
    words = pd.Series([_to_text(cell) for cell in cells], dtype="str")
    if as_text:
        return words.mask(words == "")
    if present and all(isinstance(cell, _Number) for cell in present):
        numbers = pd.to_numeric(words, errors="coerce")
        values = numbers.to_numpy(np.float64)
        if numbers.dtype.kind in "iu" or not (np.abs(values) >= EXACT).any():
            return numbers
    return words


def _to_text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    return json.dumps(_plain(cell), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Return a list or an object with numbers in place of their text."""
    match value:
        case _Number():
            return json.loads(value)
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
    return value
