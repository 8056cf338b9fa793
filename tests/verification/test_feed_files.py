"""Feeds from files: arrays by the names of inputs, and columns of tables."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.graphdef.interface import TensorSpec
from pipeline.verification.feeds.files import read_feeds

pytestmark = pytest.mark.slow  # make check leaves it to make test

X = TensorSpec("x", "float32", (None, 2), "x:0")
IDS = TensorSpec("ids", "int64", (None,), "ids:0")
WORDS = TensorSpec("words", "string", (None,), "words:0")
BRAIN = TensorSpec("b", "bfloat16", (2,), "b:0")
PAIR = TensorSpec("x", "float32", (2, 2), "x:0")

VALUES = np.array([[1, 2], [3, 4], [5, 6.5]], np.float32)


def read(inputs: list[TensorSpec], *files: object) -> dict[str, dict[str, Any]]:
    feeds = read_feeds([str(file) for file in files], inputs)
    return {name: {key: array.tolist() for key, array in feed.items()} for name, feed in feeds}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_one_array_is_that_of_the_only_input():
    np.save("a.npy", VALUES.astype(np.float64))
    np.save("f.npy", np.asfortranarray(VALUES))
    np.savez_compressed("z.npz", other=VALUES)
    Path("a.json").write_text(json.dumps({"instances": VALUES.tolist()}))
    Path("b.json").write_text(json.dumps(VALUES.tolist()))
    pd.DataFrame(VALUES, columns=["left", "right"]).to_csv("a.csv", index=False)
    pd.DataFrame(VALUES, columns=["left", "right"]).to_parquet("a.parquet")
    files = ["a.npy", "f.npy", "z.npz", "a.json", "b.json", "a.csv", "a.parquet"]
    expected = {file: {"x": VALUES.tolist()} for file in files}
    assert read([X], *files) == expected


def test_several_inputs_are_found_by_name():
    ids, words = np.array([7, 8, 9], np.int32), np.array(["a", "b\0", "ü"])
    expected = {"x": VALUES.tolist(), "ids": [7, 8, 9], "words": [b"a", b"b\0", "ü".encode()]}
    cells = expected | {"words": ["a", "b\0", "ü"]}
    np.savez("all.npz", x=VALUES, ids=ids, words=words)
    Path("all.json").write_text(json.dumps(cells))
    Path("inputs.json").write_text(json.dumps({"inputs": cells}))
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    Path("rows.json").write_text(json.dumps({"instances": rows}))
    Path("all.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = read([X, IDS, WORDS], "all.json", "inputs.json", "rows.json", "all.jsonl")
    assert list(found.values()) == [expected] * 4
    (of_numpy,) = read([X, IDS, WORDS], "all.npz").values()
    assert of_numpy == expected | {"words": [b"a", b"b", "ü".encode()]}  # NumPy drops the NUL
    table = pd.DataFrame(
        {"x_0": VALUES[:, 0], "x_1": VALUES[:, 1], "ids": ids, "words": list("abc")}
    )
    table.to_csv("all.csv", index=False)
    assert read([X, IDS, WORDS], "all.csv")["all.csv"] == expected | {"words": [b"a", b"b", b"c"]}


def test_files_of_single_inputs_are_one_feed():
    np.save("x.npy", VALUES)
    pd.DataFrame({"ids": [1, 2, 3]}).to_csv("i.csv", index=False)
    expected = {"x": VALUES.tolist(), "ids": [1, 2, 3]}
    assert read([X, IDS], "x=x.npy", "ids=i.csv") == {"x=x.npy, ids=i.csv": expected}


def test_a_fixed_number_of_rows_cuts_a_file():
    np.save("x.npy", np.arange(10.0).reshape(5, 2))
    found = read([PAIR], "x.npy")
    assert found == {
        "x.npy, rows 1 to 2": {"x": [[0, 1], [2, 3]]},
        "x.npy, rows 3 to 4": {"x": [[4, 5], [6, 7]]},
    }


def test_binary_text_and_bfloat16():
    Path("w.json").write_text('{"words": [{"b64": "AP8A"}, "a"]}')
    assert read([WORDS], "w.json") == {"w.json": {"words": [b"\0\xff\0", b"a"]}}
    from ml_dtypes import bfloat16

    np.save("b.npy", np.array([1, 2], bfloat16))
    assert read([BRAIN], "b.npy") == {"b.npy": {"b": [1, 2]}}


def write_header(path: Path, header: str) -> None:
    with path.open("wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())


def large(path: Path) -> None:
    write_header(path, "{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 100000)}\n")


def truncated(path: Path) -> None:
    write_header(path, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2)}\n")


REFUSED = {
    "a.npy": (lambda path: np.save(path, np.array([{}])), "holds Python objects, which need"),
    "b.npy": (large, r"holds 80,000,000,000 bytes; at most 2,147,483,648 are read"),
    "c.npy": (truncated, "is truncated: 0 of 32 bytes"),
    "d.npy": (lambda path: path.write_bytes(b"text"), "cannot be read"),
    "e.npz": (lambda path: path.write_bytes(b"PK"), "cannot be read"),
    "f.npy": (lambda path: None, "no such file"),
    "g.npy": (lambda path: np.save(path, np.zeros((3, 5))), r"takes the shape \[\?, 2\], and"),
    "h.json": (lambda path: path.write_text("[[1, 2], [3]]"), "lists of one level have several"),
    "i.json": (lambda path: path.write_text("[[1, null]]"), "null, objects and numbers beyond"),
    "j.json": (lambda path: path.write_text('[["a", "b"]]'), "takes float32, and is given text"),
    "k.json": (lambda path: path.write_text("[" * 10**5), "cannot be read"),
    "l.jsonl": (lambda path: path.write_text('{"x": [1, 2]}\n{"x"'), "line 2 is not JSON"),
    "m.npz": (lambda path: np.savez(path, a=VALUES, b=VALUES), "lacks the inputs x; it has a, b"),
    "n.csv": (lambda path: path.write_text("a,b\n1,much\n"), "column 'b' has text, such as 'much'"),
    "o.csv": (lambda path: path.write_text("a\n1\n"), r"input x \[\?, 2\] takes 2 columns, and is"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_does_not_fit_is_refused(name: str):
    write, message = REFUSED[name]
    write(Path(name))
    with pytest.raises(DataError, match=message):
        read([X], name)


def test_fractions_are_no_whole_numbers():
    np.save("a.npy", np.array([1.0, 2.5]))
    with pytest.raises(DataError, match="takes int64, and is given numbers with a fraction"):
        read([IDS], "a.npy")
    np.save("a.npy", np.array([1.0, 2.0]))
    assert read([IDS], "a.npy") == {"a.npy": {"ids": [1, 2]}}
