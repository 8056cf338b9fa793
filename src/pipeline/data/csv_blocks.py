"""Parsing blocks of whole lines of CSV text: by Arrow where cells are plain, else by pandas."""

import io
from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
from pyarrow import csv

from pipeline.data.number_parsing import EXACT, is_numeric
from pipeline.data.threads import map_ahead

READ_BYTES = 2**16  # of a block, read at once by pandas


def parse_blocks(
    blocks: Iterator[bytes],
    parse: Callable[..., Any],
    text: Collection[int],
    plain: csv.ParseOptions | None,
    decimal: str,
) -> Iterator[pd.DataFrame]:
    """Yield the rows of each block; a column with a number that may have been rounded stays text.

    Args:
        parse: `pandas.read_csv` with the dialect of the file.
        text: numbers of the columns whose cells stay text.
        plain: the same dialect for Arrow, None where it cannot tell which cells are missing.
    """
    slow = partial(_parse_with_pandas, parse, dict.fromkeys(text, str))
    for block in islice(blocks, 1):
        piece, fast = slow(block), None
        if plain is not None and _is_plain(piece, text):
            fast = _ArrowParser(piece.shape[1], text, plain, decimal)
        yield piece
        yield from map_ahead(partial(_parse, fast, slow), blocks)


def find_rounded(piece: pd.DataFrame) -> list[int]:
    """Return the columns of float64 that may have had whole numbers beyond 2^53.

    pandas reads whole numbers as float64 where a cell is empty.
    """
    floats = [number for number, dtype in enumerate(piece.dtypes) if dtype == np.float64]
    are_all = len(floats) == piece.shape[1]
    if are_all and not _is_any_large(piece.to_numpy()):  # column by column takes longer
        return []
    return [number for number in floats if _is_any_large(piece[number].to_numpy())]


class _Block:
    """The text of a block, which pandas reads in parts.

    For each byte that is read at once, pandas makes room for a cell and a line. It takes bytes from
    an object like this one, and would decode and encode those of a `BytesIO`.
    """

    def __init__(self, text: bytes) -> None:
        self._text = io.BytesIO(text)

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`."""
        return self._text.read(min(size, READ_BYTES))


class _ArrowParser:
    """Parses numbers and text with Arrow, which takes two thirds of the time of pandas."""

    def __init__(
        self, columns: int, text: Collection[int], plain: csv.ParseOptions, decimal: str
    ) -> None:
        self._text = sorted(text)
        self._numbers = [number for number in range(columns) if number not in text]
        types = dict.fromkeys(map(str, self._numbers), pyarrow.float64())
        self._names = [str(number) for number in range(columns)]
        self._plain = plain
        self._convert = csv.ConvertOptions(
            column_types=types | dict.fromkeys(map(str, self._text), pyarrow.string()),
            null_values=[""],
            strings_can_be_null=True,
            decimal_point=decimal,
        )

    def parse(self, block: bytes) -> pd.DataFrame | None:
        """Parse a block; None where pandas might read any cell in another way."""
        read = csv.ReadOptions(
            column_names=self._names, use_threads=False, block_size=len(block) + 1
        )
        try:
            table = csv.read_csv(pyarrow.BufferReader(block), read, self._plain, self._convert)
        except pyarrow.ArrowInvalid:
            return None
        values = np.empty((len(table), len(self._numbers)))
        for position, number in enumerate(self._numbers):
            values[:, position] = table.column(number)
        missing = sum(table.column(number).null_count for number in self._numbers)
        # Arrow takes a text such as `nan` for a number.
        if _is_any_large(values) or np.count_nonzero(np.isnan(values)) != missing:
            return None
        piece = pd.DataFrame(values, columns=self._numbers, copy=False)
        for number in self._text:
            piece.insert(number, number, table.column(number).to_pandas())
        return piece


def _parse(
    fast: _ArrowParser | None, slow: Callable[[bytes], pd.DataFrame], block: bytes
) -> pd.DataFrame:
    piece = None if fast is None else fast.parse(block)
    return slow(block) if piece is None else piece


def _parse_with_pandas(
    parse: Callable[..., Any], dtypes: dict[int, type[str]], block: bytes
) -> pd.DataFrame:
    piece: pd.DataFrame = parse(_Block(block), dtype=dtypes)
    if rounded := find_rounded(piece):
        piece = parse(_Block(block), dtype=dtypes | dict.fromkeys(rounded, str))
    return piece


def _is_plain(piece: pd.DataFrame, text: Collection[int]) -> bool:
    """Tell whether all other columns than those of text are exact numbers."""
    others = [number for number in range(piece.shape[1]) if number not in text]
    if not all(is_numeric(piece[number]) for number in others):
        return False
    return not _is_any_large(piece[others].to_numpy(np.float64))


def _is_any_large(values: np.ndarray) -> bool:
    """Tell whether float64 may have rounded a number, or one is infinite; NaN does not count."""
    if not values.size or (values.max() < EXACT and values.min() > -EXACT):
        return False  # of NaN, both are false
    largest, least = np.fmax.reduce(values, axis=None), np.fmin.reduce(values, axis=None)
    return bool(largest >= EXACT or least <= -EXACT)
