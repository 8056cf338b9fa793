"""Raw text, dates, booleans and gaps give the same bits in all forms of a model."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from pipeline import prediction
from pipeline.models.metadata import sidecar
from pipeline.models.run.form import Runtime, predict_in_pieces
from pipeline.models.run.registry import list_forms, open_model
from pipeline.tracking import mlflow_model
from pipeline.workspace import Workspace

from .. import encoded

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    home = tmp_path_factory.mktemp("encoded") / "home"
    with encoded.trained(home, "model=mlp", "model.hidden=[8]") as workspace:
        yield workspace


@pytest.fixture(scope="module")
def served(model: Workspace, tmp_path_factory: pytest.TempPathFactory):
    """The model as MLflow loads it."""
    folder = tmp_path_factory.mktemp("served") / "model"
    mlflow.pyfunc.save_model(folder, **mlflow_model.describe(model))
    return mlflow.pyfunc.load_model(str(folder))


@pytest.fixture(scope="module")
def expected(model: Workspace) -> np.ndarray:
    """What the frozen graph predicts for the odd rows."""
    with open_model(model.frozen, model) as runner:
        values = predict_in_pieces(runner, encoded.inputs_of(encoded.odd_rows(), model))
    assert values.dtype == np.float64 and np.isfinite(values).all()
    assert len(np.unique(values)) > len(values) / 2
    return values


def test_each_kind_of_column_is_in_the_model(model: Workspace):
    found = sidecar.read(model.sidecar).recipe
    encoding = found.inference.encoding
    assert (found.features, found.text) == (
        ("north", "size", "is_new", "when"),
        ("color", "shop"),
    )
    assert encoding.text[0].levels == ("", "NA", "green", "grün", "red")
    assert encoding.text[1].buckets == 512
    assert (set(encoding.dates), encoding.fills()) == ({3}, True)


@pytest.mark.parametrize("form", list_forms(["cpu"]), ids=lambda form: form.name)
def test_odd_rows_give_the_same_bits(model: Workspace, expected: np.ndarray, form):
    inputs = encoded.inputs_of(encoded.odd_rows(), model)
    with form.open(form.folder(model), Runtime(model)) as runner:
        assert predict_in_pieces(runner, inputs).tobytes() == expected.tobytes()


def test_odd_rows_give_the_same_bits_in_mlflow(served, expected: np.ndarray):
    found = served.predict(encoded.odd_rows())
    assert found[["prediction"]].to_numpy().tobytes() == expected.tobytes()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("path", ["frozen", "saved_model", "checkpoint"])
def test_predict_gives_the_same_bits(model: Workspace, expected, tmp_path, ending, path):
    rows, table, to = encoded.odd_rows(), tmp_path / f"in.{ending}", tmp_path / f"out.{ending}"
    rows.to_csv(table, index=False) if ending == "csv" else rows.to_parquet(table)
    prediction.predict(model.artifacts / path, table, to, model)
    if ending == "csv":
        found = pd.read_csv(to, keep_default_na=False, dtype={"shop": str, "color": str})
    else:
        found = pd.read_parquet(to)
    assert found[["prediction"]].to_numpy().tobytes() == expected.tobytes()
    assert found[["shop", "color"]].equals(rows[["shop", "color"]].astype(found.shop.dtype))


def test_a_hundred_thousand_levels_give_the_same_bits(model: Workspace, served):
    """In several pieces, none of the texts known."""
    odd = encoded.odd_rows()
    rows = odd[~odd["shop"].str.contains("€") & ~odd["color"].str.contains("€")]
    rows = pd.concat([rows] * (10**5 // len(rows) + 1), ignore_index=True)
    rows["shop"] = [f"never seen {number}" for number in range(len(rows))]
    inputs, found = encoded.inputs_of(rows, model), {}
    for form in list_forms(["cpu"]):
        with form.open(form.folder(model), Runtime(model)) as runner:
            found[form.name] = predict_in_pieces(runner, inputs).tobytes()
    found["mlflow"] = served.predict(rows)[["prediction"]].to_numpy().tobytes()
    assert set(found.values()) == {found["frozen_graph"]}


# As the guide of TensorFlow 2 has it, in a process without this package.
IN_TF2 = """
import sys, numpy as np, tensorflow as tf
features, text = np.load(sys.argv[2]), np.load(sys.argv[3], allow_pickle=True)
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
given = served(features=tf.constant(features), text=tf.constant(text, tf.string))
np.save(sys.argv[4], given["prediction"].numpy())
"""


def test_tensorflow_2_reads_the_saved_model_by_its_signature(model, expected, tmp_path: Path):
    inputs = encoded.inputs_of(encoded.odd_rows(), model)
    names = ["features.npy", "text.npy", "given.npy"]
    for name in inputs:
        np.save(tmp_path / f"{name}.npy", inputs[name])
    files = [str(model.saved_model), *(str(tmp_path / name) for name in names)]
    alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([sys.executable, "-c", IN_TF2, *files], env=alone, check=True)
    found = np.load(files[-1])
    assert found.dtype == np.float64
    # TensorFlow 2 may fuse kernels of the network, which changes last bits of its float32.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
