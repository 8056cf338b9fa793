"""Blocks of CSV text: Arrow parses plain cells, pandas all others, with the same result."""

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.data import csv_blocks, csv_reader
from pipeline.data.csv_reader import CsvReader
from pipeline.data.read_options import ReadOptions
from pipeline.errors import DataError

# Cells of a column of numbers that two parsers may read in two ways.
CELLS = [
    *("1", "-1", "0", "-0", "007", "1.5", "-.5", "1.", ".5e3", "1e5", "1E-5", "2.5e+10", "+1"),
    *("+1.5", " 1", "1 ", "\t1", "1e400", "-1e400", "1e-400", "4.9e-324", "1.7976931348623157e308"),
    *("0.1", "0.30000000000000004", "2.2250738585072011e-308", "123456789.123456789"),
    *("9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993"),
    *("123456789012345678901234567890", "18446744073709551615", "1e16"),
    *("", " ", "nan", "NaN", "NA", "null", "None", "inf", "-inf", "Infinity", "+inf"),
    *("0x10", "1_000", "1d5", "1,5", "1;5", "true", "False", "x", "é", "2020-01-02", "1 2", "--1"),
]
TEXTS = ["a", " a", "a ", "", " ", "NA", "nan", "null", "None", "1", "007", "1.0", "é €", "'", "\\"]


def _pieces(path: Path, options: ReadOptions, text: list[str]) -> list[pd.DataFrame] | str:
    try:
        return list(CsvReader(path, options).pieces(text))
    except DataError as error:
        return str(error)


def _count_arrow(monkeypatch) -> list[bool]:
    """Record for each block after the first whether Arrow has parsed it."""
    found = []
    parse = csv_blocks._ArrowParser.parse

    def record(self, block: bytes) -> pd.DataFrame | None:
        piece = parse(self, block)
        found.append(piece is not None)
        return piece

    monkeypatch.setattr(csv_blocks._ArrowParser, "parse", record)
    return found


def _require_same(path: Path, monkeypatch, options: ReadOptions, text: list[str]) -> None:
    """Compare all pieces with those of pandas alone; whole numbers may be float64 here."""
    found = _pieces(path, options, text)
    with monkeypatch.context() as patch:
        patch.setattr(csv_blocks, "_is_plain", lambda piece, text: False)
        expected = _pieces(path, options, text)
    if isinstance(expected, str):
        assert found == expected
        return
    assert not isinstance(found, str), found
    assert list(map(len, found)) == list(map(len, expected))
    for ours, theirs in zip(found, expected, strict=True):
        assert list(ours.columns) == list(theirs.columns)
        for name in theirs.columns:
            if theirs[name].dtype == np.int64:
                assert (ours[name] == theirs[name]).all(), (ours[name], theirs[name])
            else:
                pd.testing.assert_series_equal(ours[name], theirs[name], check_exact=True)


@pytest.mark.parametrize("seed", range(40))
def test_what_arrow_parses_is_what_pandas_parses(seed: int, tmp_path: Path, monkeypatch):
    draw = random.Random(seed)
    separator, end = draw.choice(",;\t|"), draw.choice(["\n", "\r\n", "\r"])
    width, decimal = draw.choice([1, 2, 4]), draw.choice(".,")
    if separator == ",":
        decimal = "."
    words = {f"c{n}" for n in range(width) if draw.random() < 0.3}
    lines = [separator.join(f"c{n}" for n in range(width))]
    lines += [separator.join(["1.5"] * width).replace(".", decimal)] * 6
    for _ in range(draw.choice([30, 200])):
        odd = draw.random() < 0.1
        cells = [
            draw.choice(TEXTS)
            if f"c{n}" in words
            else (draw.choice(CELLS) if odd else str(draw.gauss(0, 9)))
            for n in range(width + (odd and draw.choice([0, 0, 0, -1, 1])))
        ]
        lines.append(separator.join(cells).replace(".", decimal))
        if draw.random() < 0.02:
            lines.append(draw.choice(["", " ", "\t"]))
    path = tmp_path / "own.csv"
    path.write_text(end.join(lines) + draw.choice(["", end]), encoding="utf-8", newline="")
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 150)
    names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
    options = ReadOptions(separator=names[separator], decimal=decimal)
    _require_same(path, monkeypatch, options, sorted(words))


@pytest.mark.parametrize("cell", CELLS)
def test_each_odd_cell_is_read_as_pandas_reads_it(cell: str, tmp_path: Path, monkeypatch):
    path = tmp_path / "own.csv"
    rows = ["1.5\t2\ta"] * 20
    rows[15] = f"1.5\t{cell}\ta"
    path.write_text("\n".join(["x\ty\tz", *rows, ""]), encoding="utf-8")
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 60)
    _require_same(path, monkeypatch, ReadOptions(separator="tab"), ["z"])


def test_arrow_parses_numbers_gaps_and_text_that_is_named(tmp_path: Path, monkeypatch):
    path = tmp_path / "own.csv"
    rows = [f"{row / 7},{row},a{row},{'' if row % 2 else row}" for row in range(100)]
    path.write_text("\n".join(["x,n,t,g", *rows, ""]), encoding="utf-8")
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 300)
    found = _count_arrow(monkeypatch)
    for text, parsed in ((["t"], True), ([], False)):
        found.clear()
        list(CsvReader(path, ReadOptions()).pieces(text))
        assert (bool(found) and all(found)) == parsed  # text that is not named is left to pandas
    comma = tmp_path / "comma.csv"
    comma.write_text(path.read_text().replace(",", ";").replace(".", ","))
    found.clear()
    list(CsvReader(comma, ReadOptions()).pieces(["t"]))
    assert found and all(found)
    found.clear()
    list(CsvReader(path, ReadOptions(na_values=("-9",))).pieces(["t"]))
    assert not found  # a mark may be a number, and -9.0 is it, too
