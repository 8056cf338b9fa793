"""`pipeline predict`: a table in, the same table with a prediction out."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from pipeline import prediction
from pipeline.data import arrow_reader, csv_reader
from pipeline.errors import DataError
from pipeline.workspace import Workspace

from ..conftest import Clone

pytestmark = pytest.mark.repro


@pytest.mark.parametrize(
    "model", ["artifacts/frozen/model.pb", "artifacts/saved_model", "artifacts/checkpoint"]
)
@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_predict_adds_a_column(finished: Clone, tmp_path: Path, model: str, name: str):
    """Raw prices have what the features are made of, in any order of columns."""
    prices = pd.read_csv(finished.path / "data/raw/sp500.csv")[-100:]
    prices[prices.columns[::-1]].to_csv(tmp_path / "in.csv", index=False)
    finished.pipeline("predict", model, str(tmp_path / "in.csv"), "-o", str(tmp_path / name))
    read = pd.read_csv if name.endswith("csv") else pd.read_parquet
    found = read(tmp_path / name)
    assert list(found.columns) == [*prices.columns[::-1], "prediction"]
    forecast = pd.read_csv(finished.path / "reports/forecast.csv")
    expected = forecast.prediction.to_numpy()
    assert found.prediction[-51:].to_numpy() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda table: table.drop(columns="close"), "no column 'close'"),
        (lambda table: table.assign(volume="much"), "column 'volume' has text, such as 'much'"),
        (lambda table: table.assign(prediction=1), "already has a column 'prediction'"),
        (lambda table: table[:0], "has a header but no rows"),
    ],
)
def test_predict_refuses_an_unfit_table(finished: Clone, tmp_path: Path, change, expected: str):
    prices = pd.read_csv(finished.path / "data/raw/sp500.csv")[:5]
    change(prices).to_csv(tmp_path / "in.csv", index=False)
    output = finished.fail(
        sys.executable, "-m", "pipeline", "predict",
        "artifacts/frozen/model.pb", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"),
    )  # fmt: skip
    assert expected in output
    assert not (tmp_path / "out.csv").exists()


@pytest.fixture
def predict(finished: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Predict from raw prices in pieces of some size; returns the file that is written."""

    def run(table: pd.DataFrame, size: int, given: str, wanted: str) -> Path:
        monkeypatch.setattr(csv_reader, "BLOCK_BYTES", size * 60)
        monkeypatch.setattr(arrow_reader, "PIECE_ROWS", size)
        source, to = tmp_path / f"in.{given}", tmp_path / f"out-{size}.{wanted}"
        table.to_csv(source, index=False) if given == "csv" else table.to_parquet(source)
        model = finished.path / "artifacts/frozen/model.pb"
        prediction.predict(model, source, to, Workspace(finished.path))
        return to

    return run


@pytest.fixture
def prices(finished: Clone) -> pd.DataFrame:
    table = pd.read_csv(finished.path / "data/raw/sp500.csv", nrows=200)
    table["note"] = ["", *["late, quoted text" if row > 150 else "" for row in range(199)]]
    table["count"] = pd.array([None if row == 40 else row for row in range(200)], dtype="Int64")
    return table


@pytest.mark.parametrize("given", ["csv", "parquet"])
@pytest.mark.parametrize("wanted", ["csv", "parquet"])
def test_the_size_of_a_piece_changes_nothing(predict, prices, given: str, wanted: str):
    whole, pieces = (predict(prices, size, given, wanted) for size in (10**4, 7))
    assert whole.read_bytes() == pieces.read_bytes() or wanted == "parquet"
    read = pd.read_csv if wanted == "csv" else pd.read_parquet
    found = read(pieces)
    pd.testing.assert_frame_equal(found, read(whole))
    assert list(found.columns) == [*prices.columns, "prediction"]
    assert found["count"].isna().sum() == 1
    assert found["note"].iloc[-1] == "late, quoted text"


def test_cells_of_a_csv_are_written_as_they_were(predict, prices):
    words = prices.astype(str).assign(close=prices.close.map("{:.3f}0".format))
    written = pd.read_csv(predict(words, 7, "csv", "csv"), dtype=str)
    assert written.close.tolist() == words.close.tolist()


COLUMNS = {
    "country": ["NA", "None", "nan", "", "n/a", "US"],
    "zip": ["02134", "10001", "1E2", "+1", "007", "7"],
    "id": ["9007199254740993", "", "1", "2", "3", "4"],
}


@pytest.mark.parametrize("given", ["csv", "parquet", "jsonl", "semicolons.csv", "folder"])
@pytest.mark.parametrize("wanted", ["csv", "parquet"])
def test_other_columns_are_passed_on_as_they_are(finished: Clone, prices, tmp_path, given, wanted):
    table = prices[["open", "high", "low", "close", "adj_close", "volume"]][:6].assign(**COLUMNS)
    table["id"] = pd.array([int(cell) if cell else None for cell in table["id"]], dtype="Int64")
    source, to = tmp_path / f"in.{given}", tmp_path / f"out.{wanted}"
    match given:
        case "parquet":
            table.set_index("country").to_parquet(source)
        case "jsonl":
            table.to_json(source, orient="records", lines=True, double_precision=15)
        case "semicolons.csv":
            table.to_csv(source, index=False, sep=";", decimal=",")
        case "folder":
            source.mkdir()
            table[:3].to_csv(source / "a.csv", index=False)
            table[3:].to_csv(source / "b.csv", index=False)
        case _:
            table.to_csv(source, index=False)
    model = finished.path / "artifacts/frozen/model.pb"
    prediction.predict(model, source, to, Workspace(finished.path))
    if wanted == "csv":
        found = pd.read_csv(to, dtype=str, keep_default_na=False)
        assert {name: found[name].tolist() for name in COLUMNS} == COLUMNS
    else:
        found = pd.read_parquet(to, dtype_backend="numpy_nullable")
        assert found["zip"].tolist() == COLUMNS["zip"]
        assert found["country"].fillna("").tolist() == COLUMNS["country"]
        assert found["id"].dropna().tolist() == [2**53 + 1, 1, 2, 3, 4]
    assert found["prediction"].notna().all()


def test_an_ending_that_cannot_be_written_is_refused_first(finished: Clone, tmp_path: Path):
    model, source = finished.path / "artifacts/frozen/model.pb", tmp_path / "not there.csv"
    with pytest.raises(DataError, match=r"the ending '\.tsv' cannot be written; name it \.csv"):
        prediction.predict(model, source, tmp_path / "out.tsv", Workspace(finished.path))


def test_all_bad_rows_are_named_though_they_lie_in_several_pieces(predict, prices, tmp_path: Path):
    words = prices.astype(str)
    words.loc[[3, 150], "volume"] = "much"
    with pytest.raises(DataError, match="such as 'much', in rows 4, 151"):
        predict(words, 7, "csv", "csv")
    assert not list(tmp_path.glob("out*"))
