"""Tables are read in pieces and computed in blocks, and nobody can tell from the result."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.data import arrow_reader, csv_blocks, csv_reader
from pipeline.data.csv_reader import CsvReader
from pipeline.data.examples import Examples
from pipeline.data.fitting import fit_encoding
from pipeline.data.prepared import dataset as prepared
from pipeline.data.read_options import ReadOptions
from pipeline.data.tables import Table, read_table
from pipeline.errors import DataError
from pipeline.reporting.table_writer import TableWriter

from ..made import numbers, prepared_of

ROWS = 131


def frame() -> pd.DataFrame:
    """Return a table whose pieces have columns of other kinds than the whole."""
    generator = np.random.default_rng(0)
    whole = np.arange(ROWS)
    return pd.DataFrame(
        {
            "day": pd.date_range("2024-02-20", periods=ROWS).strftime("%Y-%m-%d"),
            "a": generator.normal(5, 9, ROWS),
            "whole then not": np.where(whole < 80, whole, whole + 0.5),
            "late text": ["" if row < 40 else "word" for row in whole],
            "holes": np.where(whole % 37 == 3, np.nan, whole % 13),
            "kind": np.where(whole < 60, "7", np.where(whole % 2, "7.0", "ant")),
            "part": np.array(["train", "train", "test", "validation"])[whole % 4],
            "y": generator.normal(size=ROWS),
        }
    )


CHANGES = {
    "numbers": {"missing": "drop"},
    "filled": {"missing": "mean", "split": "random", "validation_share": 0.2},
    "medians": {"missing": "median", "split": "kfold"},
    "dates": {"missing": "drop", "date_column": "day"},
    "parts": {"missing": "mean", "split": "given", "split_column": "part"},
    "classes": {"missing": "drop", "task": "classification", "target": "kind"},
}


def write(table: pd.DataFrame, path: Path, ending: str) -> Path:
    path = path.with_suffix(ending.removeprefix("quoted "))
    if ending == ".parquet":
        table.to_parquet(path, row_group_size=50)
    else:
        table.to_csv(path, index=False, quoting=2 if ending.startswith("quoted") else 0)
    return path


@pytest.fixture
def sized(monkeypatch: pytest.MonkeyPatch):
    """Set how much is read and computed at once."""

    def change(size: int) -> None:
        monkeypatch.setattr(csv_reader, "BLOCK_BYTES", size * 30)
        monkeypatch.setattr(csv_reader, "PIECE_ROWS", size)
        monkeypatch.setattr(arrow_reader, "PIECE_ROWS", size)

    return change


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".csv", "quoted .csv", ".csv.gz", ".parquet"])
@pytest.mark.parametrize("what", CHANGES)
def test_the_size_of_a_piece_changes_nothing(data, sized, tmp_path: Path, what, ending):
    table = frame() if what == "classes" else frame().drop(columns="kind")
    path = write(table, tmp_path / "own", ending)
    chosen = data("csv", path=str(path), **{"target": "y", **CHANGES[what]})
    for size, name in ((10**6, "whole"), (1, "one"), (17, "some")):
        sized(size)
        if size < 100:
            assert len(list(Table(path).pieces())) > ROWS / size / 3
        dataset, _ = prepared_of(chosen, folder=tmp_path / name)
    assert {"a", "whole then not", "holes"} <= set(dataset.features)
    assert "late text" in dataset.text
    assert what != "classes" or dataset.classes == ("7", "7.0", "ant")
    files = [file for file in (tmp_path / "whole").rglob("*.*") if file.is_file()]
    assert len(files) == 21
    for file in files:
        for other in ("one", "some"):
            again = tmp_path / other / file.relative_to(tmp_path / "whole")
            assert file.read_bytes() == again.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".csv", "quoted .csv", ".parquet"])
def test_rows_in_messages_are_those_of_the_file(data, sized, tmp_path: Path, ending):
    table = frame().fillna({"holes": 0}).astype({"a": object})
    table.loc[[30, 60, 120], "a"] = ["oops", "oh", "no"]
    table.loc[[10, 130], "y"] = [np.nan, np.inf]
    path = write(table.astype({"a": str}), tmp_path / "own", ending)
    messages = []
    for size in (10**6, 1, 17):
        sized(size)
        with pytest.raises(DataError) as raised:
            prepared_of(data("csv", path=str(path), target="y", features=["a"]))
        messages.append(str(raised.value))
    assert "such as 'oops', in rows 31, 61, 121" in messages[0]
    assert "'y' is infinite in row 131" in messages[0]
    assert messages[1:] == messages[:1] * 2


@pytest.mark.parametrize(
    ("line", "expected"), [("1,2,3", "row 300 has 3 cells"), ("\x00,2", "NUL byte in line 301")]
)
def test_damage_far_behind_is_found_with_its_place(sized, tmp_path: Path, line, expected):
    sized(17)
    path = tmp_path / "own.csv"
    path.write_text("\ufeffx,y\n" + "1,2\n" * 299 + line + "\n" + "3,4\n" * 99)
    with pytest.raises(DataError, match=expected):
        read_table(path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n \n"])
def test_lines_are_whole_wherever_a_block_ends(sized, tmp_path: Path, end):
    path = tmp_path / "own.csv"
    path.write_bytes(end.join(["\ufeff x,é", *(f"{row},{row}.5" for row in range(200))]).encode())
    for size in (1, 2, 3):
        sized(size)
        found = read_table(path)
        assert list(found.columns) == [" x", "é"]
        np.testing.assert_array_equal(found["é"], np.arange(200) + 0.5)


@pytest.mark.parametrize("rows", [2, 1000])
def test_scaling_is_exact_far_from_zero_whatever_the_blocks(monkeypatch, rows):
    """Of 10⁶ + a small number: sums of squares in float64 keep no digit of the deviation."""
    monkeypatch.setattr(prepared, "BLOCK_ROWS", rows)
    column = (np.random.default_rng(0).normal(size=10**4) + 1e6)[:, None]
    examples = Examples(column, column, ("a",), "y")
    scaling = fit_encoding(examples, np.arange(len(column)), "standard", "own.csv")[1].scaling
    exact = column.astype(np.longdouble)
    assert scaling.feature_mean[0] == pytest.approx(float(exact.mean()), rel=1e-15)
    assert scaling.feature_scale[0] == pytest.approx(float(exact.std()), rel=1e-10)


@pytest.mark.parametrize("name", ["own.csv", "own.csv.gz", "own.csv.zip", "own.csv.zst", "own.pq"])
def test_what_is_written_in_pieces_is_one_table(tmp_path: Path, name):
    whole = frame().drop(columns=["late text"])
    with TableWriter(tmp_path / name) as writer:
        for begin in range(0, ROWS, 100):
            writer.append(whole[begin : begin + 100])
    found = read_table(tmp_path / name)
    assert list(found.columns) == list(whole.columns)
    names = ["a", "whole then not", "holes", "y"]
    np.testing.assert_array_equal(numbers(found, names, name), whole[names].to_numpy(), strict=True)


PEAK = """
import sys
from pathlib import Path
from pipeline.data import preparation
from pipeline.data.sources import read_examples
from pipeline.schema.data import Data
from pipeline.workspace import Workspace
from pydantic import TypeAdapter
import json
chosen = TypeAdapter(Data).validate_python(json.loads(sys.argv[1]))
fitted = preparation.fit(chosen, 0, read_examples(chosen, Workspace.here()))
preparation.write(fitted, str, Path(sys.argv[2]))
status = Path("/proc/self/status").read_text()
print(status.split("VmHWM:")[1].split()[0])
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_table(data, tmp_path: Path):
    """3 million more rows of eight numbers are 192 MB in float64; a half is allowed."""
    peaks = []
    for rows in (1_000_000, 4_000_000):
        path = tmp_path / f"{rows}.csv"
        values = np.random.default_rng(0).normal(size=(100_000, 8)).round(4)
        block = pd.DataFrame(values, columns=list("abcdefgh")).to_csv(index=False)
        header, _, lines = block.partition("\n")
        path.write_text("\n".join([header, lines * (rows // 100_000)]))
        chosen = data("csv", path=str(path), target="h")
        command = [sys.executable, "-c", PEAK, chosen.model_dump_json(), str(tmp_path / str(rows))]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
        peaks.append(int(done.stdout.split()[-1]) / 1e3)
    assert peaks[1] - peaks[0] < 96, peaks


def test_cells_that_pandas_reads_in_parts_are_whole(monkeypatch, tmp_path: Path):
    path = tmp_path / "own.csv"
    rows = [f"{row / 7},größe € 😀 {row}" for row in range(100)]
    path.write_text("\r\n".join(["x,größe", *rows, ""]), encoding="utf-8", newline="")
    for size in (1, 3, 2**16):
        monkeypatch.setattr(csv_blocks, "READ_BYTES", size)
        (piece,) = CsvReader(path, ReadOptions()).pieces()
        assert [f"{x},{text}" for x, text in piece.itertuples(index=False)] == rows


PARSING = """
import sys
from pathlib import Path
from pipeline.data import threads
from pipeline.data.csv_reader import CsvReader
from pipeline.data.read_options import ReadOptions
from pipeline.repository import environment

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

environment.configure()
environment.share_freed()
threads.MAX_THREADS = 2
reader, before = CsvReader(Path(sys.argv[1]), ReadOptions()), peak()
for piece in reader.pieces():
    pass
print(peak() - before)
"""


@pytest.mark.slow
def test_parsing_takes_little_memory(tmp_path: Path):
    """It is 65 MB; blocks of 4 MB that pandas reads 256 kB at a time take 120."""
    path = tmp_path / "own.csv"
    line = ",".join(["0.123456789012345"] * 9) + "\n"
    path.write_text(",".join("abcdefghi") + "\n" + line * 500_000)
    command = [sys.executable, "-c", PARSING, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    assert int(done.stdout) / 1e3 < 85, done.stdout


def test_blocks_cover_all_rows():
    for rows, columns in (
        (0, 3),
        (prepared.BLOCK_ROWS + 1, 0),
        (1, 3),
        (prepared.BLOCK_ROWS + 1, 1),
        (10, 2 * prepared.BLOCK_CELLS),
    ):
        covered = [row for block in prepared.blocks(rows, columns) for row in range(rows)[block]]
        assert covered == list(range(rows))
