"""`pipeline predict` with a model of this pipeline: classes, rows that fail, arrays, MLflow."""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

from pipeline.data.numeric_columns import require_columns
from pipeline.data.prepared.encoding import TextColumn
from pipeline.errors import DataError, TrackingError
from pipeline.models.run.registry import read_sidecar
from pipeline.prediction import Options, predict
from pipeline.prediction.unknown_text import UnknownText
from pipeline.tracking import mlflow_model
from pipeline.tracking.address import restored_environment, tracking_uri
from pipeline.workspace import Workspace

from .. import encoded

pytestmark = pytest.mark.slow

CLASSES = ["data.target=color", "data.missing=drop", "data.features=[north,size]"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A classification of colors from two numbers; the model fills no gaps."""
    home = tmp_path_factory.mktemp("own") / "home"
    with encoded.trained(home, "model=softmax", *CLASSES) as workspace:
        yield workspace


ROWS = pd.DataFrame({"size": [1.0, 50.0, 99.0], "north": [5_800_000.5, 5_800_001.0, 5_800_002.0]})


def run(model: Workspace, table: pd.DataFrame, to: Path, **options: Any) -> str:
    source = to.with_name("in.csv")
    table.to_csv(source, index=False)
    return predict(model.frozen, source, to, model, Options(**options))


def test_probabilities_are_those_of_all_classes(model: Workspace, tmp_path: Path):
    to = tmp_path / "out.csv"
    run(model, ROWS, to, probabilities=True)
    found = pd.read_csv(to, keep_default_na=False)
    each = [name for name in found.columns if name.startswith("probability_")]
    assert each == [f"probability_{name}" for name in ("NA", "green", "grün", "red")]
    assert found[each].sum(axis=1).to_numpy() == pytest.approx([1, 1, 1])
    assert found["probability"].to_numpy() == pytest.approx(found[each].max(axis=1).to_numpy())
    best = found[each].idxmax(axis=1).str.removeprefix("probability_")
    assert found["prediction"].tolist() == best.tolist()


def test_rows_that_fail_are_left_out(model: Workspace, tmp_path: Path):
    to = tmp_path / "out.csv"
    rows = ROWS.astype(str).assign(size=["1", "", "much"])
    with pytest.raises(DataError, match=r"(?s)in row 3.*rows are counted from 1, the first after"):
        run(model, rows, to)
    said = run(model, rows, to, skips=True)
    assert "1 rows, prediction is color; left out rows 2, 3; rows are counted from 1" in said
    run(model, rows[:1], tmp_path / "one.csv")
    assert to.read_text() == (tmp_path / "one.csv").read_text()


@pytest.fixture(scope="module")
def lagged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A regression of a series on its last value."""
    home = tmp_path_factory.mktemp("lagged") / "home"
    home.mkdir()
    days = pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    pd.DataFrame({"day": days, "sales": np.arange(60.0)}).to_csv(home / "days.csv", index=False)
    chosen = ["data.path=days.csv", "data.target=sales", "data.missing=fail"]
    with encoded.trained(home, *chosen, "data.date_column=day", "data.lags={sales:[1]}") as made:
        yield made


def test_rows_are_left_out_where_the_table_has_the_lagged_columns(
    lagged: Workspace, tmp_path: Path
):
    to = tmp_path / "out.csv"
    raw = pd.DataFrame({"day": ["2024-03-01", "2024-03-02"], "sales": [60.0, 61.0]})
    with pytest.raises(DataError, match="--on-error skip: lagged columns need all rows"):
        run(lagged, raw, to, skips=True)
    said = run(lagged, pd.DataFrame({"sales_lag_1": ["60", "many", "61"]}), to, skips=True)
    assert "2 rows, prediction is sales; left out row 2; rows are counted from 1" in said


def test_arrays_are_the_features_in_their_order(model: Workspace, tmp_path: Path):
    np.save(tmp_path / "in.npy", ROWS[["north", "size"]].to_numpy())
    predict(model.frozen, tmp_path / "in.npy", tmp_path / "out.npy", model)
    run(model, ROWS, tmp_path / "out.csv", probabilities=True)
    table = pd.read_csv(tmp_path / "out.csv").filter(like="probability_").to_numpy()
    assert np.load(tmp_path / "out.npy") == pytest.approx(table, rel=1e-6)


@pytest.mark.parametrize(
    ("option", "value"),
    [("signature", "serve"), ("tags", ("serve",)), ("rename", (("a", "b"),)), ("ema", True)],
)
def test_what_is_chosen_of_other_models_is_refused(
    model: Workspace, tmp_path: Path, option: str, value: Any
):
    with pytest.raises(DataError, match=f"--{option}: a model of this pipeline .*leave --{option}"):
        run(model, ROWS, tmp_path / "out.csv", **{option: value})


@pytest.fixture
def store(model: Workspace) -> Iterator[None]:
    """The store of the workspace, for MLflow as a user has it."""
    with restored_environment("MLFLOW_TRACKING_URI"):
        os.environ.pop("MLFLOW_TRACKING_URI", None)
        mlflow.set_tracking_uri(tracking_uri(model))
        yield
        mlflow.set_tracking_uri(None)


def test_a_model_in_mlflow_is_run_without_its_loader(
    model: Workspace, store: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with mlflow.start_run() as started:
        given = mlflow_model.describe(model)
        logged = mlflow.pyfunc.log_model(name="model", registered_model_name="colors", **given)
    mlflow.MlflowClient().set_registered_model_alias("colors", "champion", "1")
    monkeypatch.setattr(mlflow.pyfunc, "load_model", None)
    run(model, ROWS, tmp_path / "expected.csv")
    run_id = started.info.run_id
    for address in ("models:/colors@champion", "models:/colors/1", f"runs:/{run_id}/model",
                    f"models:/{logged.model_id}"):  # fmt: skip
        to = tmp_path / "out.csv"
        predict(address, tmp_path / "in.csv", to, model)
        assert to.read_text() == (tmp_path / "expected.csv").read_text()
    for address in ("models:/colours@champion", "runs:/0123/model", f"runs:/{run_id}/nothing"):
        with pytest.raises(TrackingError, match=address):
            predict(address, tmp_path / "in.csv", tmp_path / "out.csv", model)


@pytest.fixture(scope="module")
def of_colors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    home = tmp_path_factory.mktemp("colors") / "home"
    chosen = ["data.target=y", "data.features=[size,color,shop]", "data.missing=drop"]
    with encoded.trained(home, "model=linear", *chosen) as workspace:
        yield workspace


@pytest.mark.parametrize("skips", [False, True])
def test_text_that_no_training_row_had_is_told(of_colors, tmp_path: Path, caplog, skips: bool):
    rows = pd.DataFrame({"size": ["1", "2", "3"], "shop": "shop 1", "color": "red"})
    run(of_colors, rows, tmp_path / "out.csv", skips=skips)
    assert not caplog.messages
    rows["color"], rows["shop"] = ["red", "Red ", "blue"], "a new shop"
    run(of_colors, rows, tmp_path / "out.csv", skips=skips)
    (told,) = caplog.messages
    assert told.startswith(
        "column 'color': 2 of 3 cells are unknown to the model: text that no training row had, as"
        " 'Red ', in rows 2, 3"
    )


def test_empty_cells_are_told_where_no_training_row_had_one(of_colors):
    encoding = read_sidecar(of_colors.frozen).recipe.inference.encoding
    columns = TextColumn("city", ("Köln", "Ulm")), TextColumn("note", ("", "x"))
    unknown = UnknownText(dataclasses.replace(encoding, text=columns))
    unknown.add(np.array([["Köln", ""], ["", "x"]], object), before=4)
    (told,) = unknown.tell(6)
    assert told.startswith("column 'city': 1 of 6 cells are unknown to the model: empty, in row 6;")


def test_the_first_missing_columns_are_named():
    names = [f"gene {number}" for number in range(40)]
    with pytest.raises(DataError) as raised:
        require_columns(["a"], names, "x.csv")
    assert str(raised.value).startswith("x.csv: no column 'gene 0'; ")
    assert "no column 'gene 4'; and 35 more are missing; it has a; fix the name" in str(
        raised.value
    )
