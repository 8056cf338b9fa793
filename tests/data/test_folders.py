"""A folder of tables is one table."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline.data.read_options import ReadOptions
from pipeline.data.tables import Table, read_table
from pipeline.errors import DataError


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def test_files_are_read_in_the_order_of_their_names(tmp_path: Path, caplog):
    write(tmp_path, b_dot_csv="a,y\n3,4\n", a_dot_csv="y;a\n2;1,5\n", sub__c_dot_csv="a,y\n5,6\n")
    write(tmp_path, _dot_hidden_dot_csv="x\n", _SUCCESS="", README_dot_md="text")
    with caplog.at_level("INFO", "pipeline"):
        found = read_table(tmp_path)
    assert found[["a", "y"]].to_numpy().tolist() == [[1.5, 2], [3, 4], [5, 6]]
    assert "left out files that are not tables: README.md" in caplog.text


def test_a_pattern_chooses_files(tmp_path: Path):
    write(tmp_path, a_dot_csv="a,y\n1,2\n", b_dot_parquet="", sub__c_dot_csv="a,y\n5,6\n")
    assert read_table(tmp_path, ReadOptions(pattern="*.csv"))["a"].tolist() == [1, 5]
    assert read_table(tmp_path, ReadOptions(pattern="sub/*"))["a"].tolist() == [5]


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_folders_named_by_keys_are_columns(tmp_path: Path, ending: str):
    table = pd.DataFrame(
        {"y": [1.0, 2.0, 3.0], "year": [2023, 2024, 2024], "site": ["a/b c", "007", "x"]}
    )
    if ending == ".parquet":
        table.to_parquet(tmp_path, partition_cols=["year", "site"])
    else:
        for year, site, y in ((2023, "a%2Fb c", 1), (2024, "007", 2), (2024, "x", 3)):
            folder = tmp_path / f"year={year}" / f"site={site}"
            folder.mkdir(parents=True)
            (folder / "part.csv").write_text(f"y\n{y}.0\n")
    found = Table(tmp_path)
    assert found.columns == ["y", "year", "site"]
    rows = pd.concat(list(found.pieces()))
    pd.testing.assert_frame_equal(rows.reset_index(drop=True), table, check_dtype=False)
    assert rows["year"].dtype == "int64"
    words = pd.concat(list(found.pieces(text=["year"])))
    assert words["year"].tolist() == ["2023", "2024", "2024"]


def test_numbers_may_be_whole_in_some_parquet_files(tmp_path: Path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"a": [1.5]}).to_parquet(tmp_path / "b.parquet")
    assert str(Table(tmp_path).schema.field("a").type) == "double"


BAD = [
    ("an empty folder", {}, None, "has no table; give a folder of CSV or Parquet files"),
    ("a folder of other files", {"a_dot_md": ""}, None, "has no table; it has a.md; give"),
    (
        "a folder of several kinds",
        {"a_dot_csv": "a\n1\n", "b_dot_jsonl": "{}"},
        None,
        "tables of several kinds: a.csv, b.jsonl; choose one with 'data.pattern=\"\\*.csv\"'",
    ),
    ("a pattern that matches nothing", {"a_dot_csv": "a\n1\n"}, "*.tsv", "no file that data.pat"),
    (
        "a folder of tables with other columns",
        {"a_dot_csv": "a,y\n1,2\n", "b_dot_csv": "a,z\n1,2\n"},
        None,
        "b.csv and .*a.csv have different columns: only one has 'y', 'z'; choose files with",
    ),
]


@pytest.mark.parametrize(("what", "content", "pattern", "expected"), BAD)
def test_an_unfit_folder_is_one_message(failure, tmp_path, what, content, pattern, expected):
    folder = tmp_path / "folder"
    folder.mkdir()
    with failure.raises(what, DataError, match=expected):
        Table(write(folder, **content), ReadOptions(pattern=pattern))
