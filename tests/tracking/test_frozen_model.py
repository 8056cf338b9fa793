"""The MLflow model takes tables as they come, and computes what the frozen graph computes."""

import datetime
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import infer_and_parse_data

from pipeline.data.prepared import dataset as prepared
from pipeline.data.prepared.dataset import Dataset, Split
from pipeline.data.rows_writer import RowsWriter
from pipeline.errors import ParityError
from pipeline.graph import tf
from pipeline.tracking import frozen_model, mlflow_model
from pipeline.workspace import Workspace

from ..models import made
from ..small import examples

pytestmark = pytest.mark.slow

Load = Callable[..., Any]


def saved(workspace: Workspace) -> Any:
    """Save the model of a workspace and load it as users do."""
    folder = workspace.home / f"saved-{len(list(workspace.home.glob('saved-*')))}"
    mlflow.pyfunc.save_model(folder, **mlflow_model.describe(workspace))
    return mlflow.pyfunc.load_model(str(folder))


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Load a graph of numbers a and b, a date, and a text; it adds them, and the text's length."""

    @cache
    def load(
        outputs: int = 1,
        classes: bool = False,
        fill: tuple[float | None, ...] = (),
        marks: tuple[str, ...] = (),
    ) -> Any:
        graph, v1 = tf.Graph(), tf.compat.v1
        with graph.as_default():
            features = v1.placeholder(tf.float64, [None, 3], "features")
            text = v1.placeholder(tf.string, [None, 1], "text")
            length = tf.cast(tf.strings.length(text), tf.float64)
            total = tf.reduce_sum(features, 1, keepdims=True) + 1000 * length
            several = tf.concat([total * (number + 1) for number in range(outputs)], 1)
            tf.identity(several, "prediction")
        workspace = Workspace(tmp_path_factory.mktemp("model"))
        workspace.frozen.mkdir(parents=True, exist_ok=True)
        workspace.frozen_graph.write_bytes(graph.as_graph_def().SerializeToString())
        names = ["p", "q"][:outputs]
        sidecar = {
            "head": "softmax" if classes else "values",
            "inputs": {
                "features:0": {"dtype": "float64", "columns": ["a", "day", "b"]},
                "text:0": {"dtype": "string", "columns": ["word"]},
            },
            "outputs": {"prediction:0": {"dtype": "float64", "columns": names, "targets": names}},
            "encoding_inside_the_graph": {
                "dates": {"1": ["month"]},
                "fill": fill,
                "na_values": marks,
            },
        }
        workspace.sidecar.write_text(json.dumps(sidecar))
        return saved(workspace)

    return load


def table(**columns: Any) -> pd.DataFrame:
    """Return two rows, in other columns than the model's; its prediction is 11 and 22."""
    given = {"other": [0, 0], "word": ["", ""], "b": [10, 20], "day": [0, 0], "a": [1, 2]}
    return pd.DataFrame(given | columns)


@pytest.mark.parametrize(
    "values",
    [
        [1, 2],
        [1.0, 2.0],
        np.array([1, 2], np.uint8),
        np.array([1, 2], np.float16),
        np.array([1, 2], np.uint64),
        pd.array([1, 2], "Int64"),
        pd.array([1, 2], "Float32"),
        pd.array([1, 2], "int64[pyarrow]"),
        pd.Categorical([1, 2]),
        [Decimal(1), 2],
        np.array([np.int64(1), 2.0], object),
        np.array([1000, 2000], "timedelta64[ms]"),
        pd.array([1000, 2000], pd.ArrowDtype(pyarrow.duration("ms"))),
    ],
)
def test_numbers_of_all_kinds(load: Load, values: Any):
    assert list(load().predict(table(a=values))["prediction"]) == [11, 22]


@pytest.mark.parametrize(
    "values", [[False, True], pd.array([False, True], "boolean"), np.array([False, True], object)]
)
def test_booleans_are_numbers(load: Load, values: Any):
    assert list(load().predict(table(a=values))["prediction"]) == [10, 21]


@pytest.mark.parametrize(
    "values",
    [
        ["1970-01-02", "1970-01-02T00:00:01"],
        ["1970-01-02T02:00:00+02:00", "1970-01-02T00:00:01Z"],
        pd.to_datetime([86_400, 86_401], unit="s"),
        pd.to_datetime([86_400, 86_401], unit="s", utc=True).tz_convert("Asia/Tokyo"),
        np.array(["1970-01-02T00:00:00", "1970-01-02T00:00:01"], "datetime64[s]"),
        [datetime.datetime(1970, 1, 2), datetime.datetime(1970, 1, 2, 0, 0, 1)],
        [86_400, 86_401],
        [86_400.0, 86_401.0],
    ],
)  # fmt: skip
def test_dates_are_seconds(load: Load, values: Any):
    assert list(load().predict(table(day=values))["prediction"]) == [86_411, 86_423]
    fine = load().predict(table(day=["1999-12-31T23:59:59.250", datetime.date(2000, 1, 1)]))
    assert list(fine["prediction"]) == [946_684_799.25 + 11, 946_684_800 + 22]


@pytest.mark.parametrize(
    "columns",
    [
        {"a": [1, "?"]},
        {"a": [1, " ? "]},
        {"a": [1, -999]},
        {"a": [1.0, -999.0]},
        {"a": pd.array([1, -999], "Int64")},
        {"a": pd.Categorical([1, -999])},
        {"day": ["1970-01-01", "?"]},
    ],
)
def test_cells_that_count_as_empty_are_missing(load: Load, columns: dict[str, Any]):
    marks = ("?", "-999")
    with pytest.raises(MlflowException, match=r"row 2 \(counted from 1\) is missing"):
        load(marks=marks).predict(table(**columns))
    with pytest.raises(MlflowException, match="the prediction, row 2"):  # this graph fills none
        load(fill=(0.0, 0.0, 0.0), marks=marks).predict(table(**columns))


def test_cells_of_text_that_count_as_empty_are_empty(load: Load):
    predicted = load(marks=("?", "-999")).predict(table(word=["-999", " ?"]))
    assert list(predicted["prediction"]) == [11, 22]


def test_what_only_looks_like_an_empty_cell_is_none(load: Load):
    model = load(marks=("0", "x"))
    found = model.predict(table(b=[False, 20], word=["xy", "00"]))
    assert list(found["prediction"]) == [2001, 2022]


@pytest.mark.parametrize(
    "values",
    [
        ["abc", None],
        ["abc", np.nan],
        pd.array(["abc", pd.NA], "string"),
        pd.Categorical(["abc", None]),
        pd.array(["abc", None], pd.StringDtype("pyarrow")),
    ],
)
def test_a_missing_text_is_empty(load: Load, values: Any):
    assert list(load().predict(table(word=values))["prediction"]) == [3011, 22]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"a": [1, None]}, "column 'a', row 2 (counted from 1) is missing"),
        ({"a": pd.array([None, 1], "Int64")}, "column 'a', row 1 (counted from 1) is missing"),
        ({"a": [None, None]}, "column 'a', row 1 (counted from 1) is missing"),
        ({"day": ["1999-01-01", None]}, "column 'day', row 2 (counted from 1) is missing"),
        ({"day": [pd.NaT, pd.NaT]}, "column 'day', row 1 (counted from 1) is missing"),
        ({"day": ["1999-01-01", "now"]}, "'day', row 2 (counted from 1) is 'now', which is not a"),
        ({"day": ["", "1999-01-01"]}, "row 1 (counted from 1) is '', which is not a date"),
        ({"a": ["1", "2"]}, "column 'a', row 1 (counted from 1) is '1', which is not a number"),
        ({"a": [1, "?"]}, "column 'a', row 2 (counted from 1) is '?', which is not a number"),
        ({"a": pd.to_datetime([0, 0])}, "which is not a number"),
        ({"a": [1, 1 + 2j]}, "which is not a number"),
        ({"a": [1, [2]]}, "which is not a number"),
        ({"a": [1, np.inf]}, "row 2 (counted from 1) is inf, which is beyond float32"),
        ({"a": [1, 1e39]}, "row 2 (counted from 1) is 1e+39, which is beyond float32"),
        ({"a": [1, 2**53 + 1]}, "row 2 (counted from 1) is 9007199254740993; whole numbers beyond"),
        ({"a": [1, -(2**63)]}, "whole numbers beyond 2^53 lose digits"),
        ({"a": np.array([1, 2**64 - 1], np.uint64)}, "whole numbers beyond 2^53 lose digits"),
        ({"a": [None, 2**70]}, "whole numbers beyond 2^53 lose digits"),
        ({"word": ["a", 2134]}, "column 'word', row 2 (counted from 1) is 2134, which is not text"),
        ({"word": [2.5, np.nan]}, "which is not text; pandas reads text with dtype={'word': str}"),
    ],
)
def test_other_cells_are_refused_with_column_and_row(load: Load, columns: Any, said: str):
    with pytest.raises(MlflowException) as caught:
        load().predict(table(**columns))
    assert said in str(caught.value)


def test_the_largest_whole_number_is_taken(load: Load):
    found = load().predict(table(a=[2**53, -(2**53)]))
    assert list(found["prediction"]) == [2**53 + 10, 20 - 2**53]


def test_a_gap_is_fed_where_the_model_fills(load: Load):
    model = load(fill=(None, None, 5.0))
    with pytest.raises(MlflowException, match="the prediction, row 2"):  # this graph fills none
        model.predict(table(b=[1, None]))
    with pytest.raises(MlflowException, match="'a', row 2"):
        model.predict(table(a=[1, None]))


def test_rows_of_later_pieces_are_counted_from_the_first(load: Load, monkeypatch):
    monkeypatch.setattr(frozen_model, "ROWS_AT_ONCE", 2)
    many = pd.concat([table()] * 5, ignore_index=True)
    assert len(load().predict(many)) == 10
    many.loc[6, "a"] = None
    with pytest.raises(MlflowException, match="row 7 "):
        load().predict(many)


def test_no_rows_give_no_rows(load: Load):
    found = load(outputs=2).predict(table().head(0))
    assert (list(found), len(found)) == (["prediction_p", "prediction_q"], 0)


def test_several_targets_have_a_column_each(load: Load):
    found = load(outputs=2).predict(table())
    assert found.to_dict("list") == {"prediction_p": [11, 22], "prediction_q": [22, 44]}


def test_a_single_class_is_a_class_though_it_is_named_as_the_target(load: Load):
    found = load(outputs=1, classes=True).predict(table())
    assert list(found) == ["prediction", "probability", "probability_p"]
    assert list(found["prediction"]) == ["p", "p"]


def test_missing_and_doubled_columns_are_refused(load: Load):
    with pytest.raises(MlflowException, match="the table lacks the column 'b'"):
        load().predict(table().drop(columns="b"))
    with pytest.raises(MlflowException, match="several columns 'a'"):
        load().unwrap_python_model().predict(None, pd.concat([table(), table()[["a"]]], axis=1))


def test_mlflow_checks_no_cells_and_names_columns(load: Load):
    metadata = load().metadata
    assert metadata.get_input_schema() is None  # MLflow's checks take longer than the model
    columns = {"features:0": ["a", "day", "b"], "text:0": ["word"]}
    assert metadata.metadata == {"columns": columns}


def test_rows_may_be_dictionaries(load: Load):
    found = load().predict(table().to_dict("records"))
    assert list(found["prediction"]) == [11, 22]


def test_a_served_model_takes_json(load: Load):
    model = load(fill=(0.0, None, None))
    body = json.dumps({"dataframe_records": json.loads(table().to_json(orient="records"))})
    data = infer_and_parse_data(json.loads(body), model.metadata.get_input_schema())
    assert list(model.predict(data)["prediction"]) == [11, 22]
    cells = {
        "a": [1, True],
        "b": [1.5, 1],
        "day": ["1970-01-01", "1970-01-01T00:01"],
        "word": [None, "NA"],
    }
    split = {
        "dataframe_split": json.loads(pd.DataFrame(cells, dtype=object).to_json(orient="split"))
    }
    data = infer_and_parse_data(split, model.metadata.get_input_schema())
    assert list(model.predict(data)["prediction"]) == [2.5, 2062]


@pytest.fixture
def proven(settings, tmp_path: Path) -> Callable[..., Workspace]:
    """Train a model, and write the rows that it is proven with."""

    def train(*overrides: str, task: str = "regression", **given: Any) -> Workspace:
        chosen = settings(*overrides, "device=cpu", "train.steps=5")
        home = made.made(chosen, tmp_path / "model", task=task, **given)
        workspace = Workspace(tmp_path)
        shutil.copytree(home, workspace.artifacts)
        write_rows(*examples(task=task, **given), workspace)
        return workspace

    return train


def write_rows(dataset: Dataset, rows: Split, workspace: Workspace) -> None:
    arrays = {
        name: (getattr(rows, name).dtype, getattr(rows, name).shape)
        for name in ("features", "label", "index")
    }
    for name in ("sample", "test"):
        with RowsWriter(workspace.prepared / name, arrays, dataset.text) as writer:
            writer.append(rows)
    prepared.write_dataset(dataset, {}, workspace.prepared)


@pytest.mark.parametrize(
    ("task", "overrides", "expected"),
    [
        ("regression", ("model=linear",), ["prediction"]),
        (
            "classification",
            ("model=softmax",),
            ["prediction", "probability"]
            + [f"probability_{name}" for name in ("low", "middle", "high")],
        ),
    ],
)
def test_columns_are_those_of_the_schema(proven, task: str, overrides: Any, expected: list[str]):
    workspace = proven(*overrides, task=task)
    mlflow_model.require_same_bits(workspace)
    dataset, rows = examples(task=task)
    model = saved(workspace)
    found = model.predict(pd.DataFrame(rows.features, columns=list(dataset.features)))
    assert list(found) == expected == model.metadata.get_output_schema().input_names()
    if task == "classification":
        shares = found[expected[2:]].to_numpy()
        np.testing.assert_array_equal(found["probability"], shares.max(1))
        assert list(found["prediction"]) == list(np.array(dataset.classes)[shares.argmax(1)])


@pytest.mark.parametrize(
    ("what", "old", "new", "said"),
    [
        ("computes something else", "self._run(*feeds)[", "(self._run(*feeds) * 1.0000001)[",
         "64 of 64 rows differ"),
        ("gives another dtype", "self._run(*feeds)[", "self._run(*feeds).astype('f2')[",
         "dtype or shape differ"),
        ("names other classes", "prediction.argmax(1)", "prediction.argmin(1)",
         "names other classes for test rows from 1"),
        ("cannot be loaded", "import tensorflow as tf", "import tensorflow_of_yesterday",
         "cannot be loaded: No module named 'tensorflow_of_yesterday'"),
        ("refuses rows", "limit = ", "limit = 1 or ", "refuses test rows from 1: "),
    ],
)  # fmt: skip
def test_a_model_that_differs_is_refused(
    proven, tmp_path, monkeypatch, failure, what, old, new, said
):
    workspace = proven("model=softmax", task="classification")
    broken = tmp_path / "frozen_model.py"
    source = Path(frozen_model.__file__).read_text()
    assert old in source
    broken.write_text(source.replace(old, new))
    describe = mlflow_model.describe
    monkeypatch.setattr(
        mlflow_model, "describe", lambda given: describe(given) | {"python_model": str(broken)}
    )
    with failure.raises(f"MLflow model that {what}", ParityError, said):
        mlflow_model.require_same_bits(workspace)


LOAD = """
import sys, warnings
import mlflow, pandas as pd
if "before" in sys.argv:
    import tensorflow
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model = mlflow.pyfunc.load_model(sys.argv[1])
    model.predict(pd.read_csv(sys.argv[2]))
    model.predict(pd.read_csv(sys.argv[2]))
from tensorflow.python.util._pywrap_util_port import IsMklEnabled
import tensorflow as tf
print(IsMklEnabled(), tf.config.threading.get_intra_op_parallelism_threads())
print([str(w.message) for w in caught if "proven" in str(w.message)])
"""


@pytest.mark.parametrize("when", ["after", "before"])
def test_tensorflow_is_set_up_as_the_model_was_proven(proven, tmp_path, when: str):
    """In a process of its own, without this package."""
    workspace = proven("model=linear", "device.onednn=false", "device.intra_op_threads=3")
    mlflow.pyfunc.save_model(tmp_path / "saved", **mlflow_model.describe(workspace))
    dataset, rows = examples()
    names = list(dataset.features)
    pd.DataFrame(rows.features, columns=names).to_csv(tmp_path / "rows.csv", index=False)
    alone = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "TF_ENABLE_ONEDNN_OPTS")
    }
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(tmp_path / "saved"), str(tmp_path / "rows.csv"), when],
        env=alone, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    state, said = done.stdout.strip().splitlines()[-2:]
    if when == "after":
        assert (state, said) == ("False 3", "[]")
    else:
        assert said.count("the model was proven with another choice of") == 1
        assert "oneDNN (TF_ENABLE_ONEDNN_OPTS=0), threads (intra 3, inter 0" in said


def test_nothing_is_said_where_tensorflow_is_set_up_alike(proven):
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="the model was proven")
        saved(proven("model=linear"))
