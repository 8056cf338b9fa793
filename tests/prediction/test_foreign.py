"""`pipeline predict` with models that somebody else made, in any folder."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from pipeline import cli
from pipeline.errors import ArtifactError, DataError
from pipeline.prediction import Options, predict
from pipeline.workspace import Workspace

pytestmark = pytest.mark.slow  # make check leaves it to make test

v1 = tf.compat.v1

ROWS = pd.DataFrame({"width": [1.0, 2.0, 3.0], "height": [4.0, 5.0, 6.5], "zip": ["007", "8", ""]})
WEIGHTS = np.array([[1.0, 0.5], [10.0, 0.25]], np.float32)
EXPECTED = ROWS[["width", "height"]].to_numpy() @ WEIGHTS


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with no repository, DVC or conf/."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def freeze(network: Callable[..., Any], **inputs: tuple[Any, Any]) -> Path:
    """Write the frozen graph of a function of placeholders; outputs are `y`, or `y_0`, `y_1`."""
    with tf.Graph().as_default() as graph:
        fed = {name: v1.placeholder(dtype, shape, name) for name, (dtype, shape) in inputs.items()}
        outputs = tf.nest.flatten(network(**fed))
        for place, output in enumerate(outputs):
            tf.identity(output, "y" if len(outputs) == 1 else f"y_{place}")
    Path("model.pb").write_bytes(graph.as_graph_def().SerializeToString())
    return Path("model.pb")


def linear() -> Path:
    return freeze(lambda x: tf.matmul(x, WEIGHTS), x=(tf.float32, [None, 2]))


def run(model: Path, source: str, to: str, **options: Any) -> str:
    return predict(model, Path(source), Path(to), Workspace("."), Options(**options))


def test_columns_are_given_by_the_input_and_the_others_passed_on():
    ROWS.to_csv("in.csv", index=False)
    said = run(linear(), "in.csv", "out.csv", columns={"x": ("width", "height")})
    assert said == "out.csv: 3 rows, outputs y"
    found = pd.read_csv("out.csv", dtype={"zip": str}, keep_default_na=False)
    assert list(found.columns) == ["width", "height", "zip", "y_0", "y_1"]
    assert found["zip"].tolist() == ["007", "8", ""]
    assert found[["y_0", "y_1"]].to_numpy() == pytest.approx(EXPECTED)


def test_outputs_have_any_names():
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 2], "x")
        for name in ("file", "allow_pickle"):
            tf.identity(x, name)
    Path("model.pb").write_bytes(graph.as_graph_def().SerializeToString())
    np.save("in.npy", np.ones((3, 2), np.float32))
    run(Path("model.pb"), "in.npy", "out.npz")
    with np.load("out.npz") as found:
        assert {name: found[name].shape for name in found} == {
            "file": (3, 2),
            "allow_pickle": (3, 2),
        }


@pytest.mark.parametrize(
    "given", ["in.csv", "in.parquet", "in.jsonl", "in.npy", "in.npz", "in.json"]
)
@pytest.mark.parametrize("wanted", ["out.csv", "out.parquet", "out.jsonl", "out.npy", "out.npz"])
def test_all_formats(given: str, wanted: str):
    rows = ROWS[["width", "height"]]
    write = {
        "in.csv": lambda: rows.to_csv(given, index=False),
        "in.parquet": lambda: rows.to_parquet(given),
        "in.jsonl": lambda: rows.to_json(given, orient="records", lines=True),
        "in.npy": lambda: np.save(given, rows.to_numpy()),
        "in.npz": lambda: np.savez(given, x=rows.to_numpy()),
        "in.json": lambda: Path(given).write_text(json.dumps({"x": rows.to_numpy().tolist()})),
    }
    write[given]()
    run(linear(), given, wanted)
    match wanted:
        case "out.npy":
            found = np.load(wanted)
        case "out.npz":
            found = np.load(wanted)["y"]
        case "out.jsonl":
            found = [json.loads(line)["y"] for line in Path(wanted).read_text().splitlines()]
        case _:
            read = pd.read_csv if wanted == "out.csv" else pd.read_parquet
            found = read(wanted)[["y_0", "y_1"]].to_numpy()
    assert np.asarray(found) == pytest.approx(EXPECTED)


def save_in_all_forms() -> None:
    """Write `y = x @ w` as a checkpoint, a SavedModel and a text graph."""
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        x = v1.placeholder(tf.float32, [None, 2], "x")
        w = v1.get_variable("w", initializer=tf.constant(WEIGHTS), use_resource=False)
        y = tf.matmul(x, w, name="y")
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, "checkpoint/model", global_step=7)
        v1.saved_model.simple_save(session, "saved", {"x": x}, {"y": y})
    with tf.Graph().as_default() as graph:
        tf.matmul(v1.placeholder(tf.float32, [None, 2], "x"), tf.constant(WEIGHTS), name="y")
    tf.io.write_graph(graph, ".", "model.pbtxt")


@pytest.mark.parametrize(
    "form", ["checkpoint", "checkpoint/model-7", "checkpoint/model-7.meta", "saved", "model.pbtxt"]
)
def test_all_forms(form: str):
    save_in_all_forms()
    ROWS[["width", "height"]].to_csv("in.csv", index=False)
    run(Path(form), "in.csv", "out.npy")
    assert np.load("out.npy") == pytest.approx(EXPECTED)


def test_json_lines_hold_arrays_of_several_inputs():
    model = freeze(
        lambda image, word: (tf.reduce_sum(image, [1, 2]), tf.strings.length(word)),
        image=(tf.float32, [None, 2, 2]),
        word=(tf.string, [None]),
    )
    rows = [{"id": n, "image": [[n, 1], [2, 3]], "word": "é" * n} for n in range(3)]
    Path("in.jsonl").write_text("\n".join(map(json.dumps, rows)))
    run(model, "in.jsonl", "out.jsonl")
    found = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert found == [
        {"id": 0, "word": "", "y_0": 6.0, "y_1": 0},
        {"id": 1, "word": "é", "y_0": 7.0, "y_1": 2},
        {"id": 2, "word": "éé", "y_0": 8.0, "y_1": 4},
    ]


def test_a_fixed_number_of_rows_is_filled_up():
    model = freeze(lambda x: tf.reduce_sum(x, 1), x=(tf.float32, [2, 3]))
    np.save("in.npy", np.arange(15).reshape(5, 3))
    run(model, "in.npy", "out.npy")
    assert np.load("out.npy").tolist() == [3, 12, 21, 30, 39]


def test_text_comes_out_as_text():
    model = freeze(lambda word: tf.strings.upper(word), word=(tf.string, [None, 1]))
    pd.DataFrame({"word": ["a", "b,c", ""]}).to_csv("in.csv", index=False)
    run(model, "in.csv", "out.csv")
    found = pd.read_csv("out.csv", keep_default_na=False)
    assert found["y"].tolist() == ["A", "B,C", ""]


def test_rows_that_fail_stop_or_are_left_out():
    Path("in.csv").write_text("width,height\n1,4\n2,much\n3,\n3,6.5\n")
    expected = r"column 'height' has text, such as 'much', in row 2; .*rows are counted from 1, the"
    with pytest.raises(DataError, match="(?s)" + expected.replace("; .*", ".*")):
        run(linear(), "in.csv", "out.csv")
    assert not Path("out.csv").exists()
    said = run(linear(), "in.csv", "out.csv", skips=True)
    assert said.startswith(
        "out.csv: 2 rows, outputs y; x takes all columns in this order: width, height; left out"
        " rows 2, 3; rows are counted from 1, the first after the header. The first: in.csv:"
        " numbers are needed: column 'height' has text"
    )
    assert pd.read_csv("out.csv")[["y_0", "y_1"]].to_numpy() == pytest.approx(EXPECTED[[0, 2]])


def test_rows_that_the_model_itself_refuses_are_left_out():
    model = freeze(lambda word: tf.strings.to_number(word), word=(tf.string, [None]))
    Path("in.csv").write_text("word\n1.5\nx\n2.5\n")
    with pytest.raises(ArtifactError, match="the model cannot be run: StringToNumber"):
        run(model, "in.csv", "out.csv")
    assert "left out row 2" in run(model, "in.csv", "out.csv", skips=True)
    assert pd.read_csv("out.csv")["y"].tolist() == [1.5, 2.5]
    Path("in.csv").write_text("word\nx\ny\n")
    with pytest.raises(DataError, match="no row can be predicted: the model cannot be run"):
        run(model, "in.csv", "out.csv", skips=True)


def test_rows_of_arrays_that_fail_are_left_out():
    model = freeze(
        lambda word, x: (tf.strings.to_number(word), x + 1.0),
        word=(tf.string, [None]),
        x=(tf.float32, [None]),
    )
    words = ["1.5", "x", "2.5", "3", "y"]
    Path("in.json").write_text(json.dumps({"word": words, "x": [1, 2, 3, 4, 5]}))
    with pytest.raises(ArtifactError, match="the model cannot be run: StringToNumber"):
        run(model, "in.json", "out.npz")
    said = run(model, "in.json", "out.npz", skips=True)
    assert said.startswith(
        "out.npz: 3 rows, outputs y_0, y_1; left out rows 2, 5; rows are counted from 1. The first"
    )
    found = np.load("out.npz")
    assert (found["y_0"].tolist(), found["y_1"].tolist()) == ([1.5, 2.5, 3], [2, 4, 5])
    run(model, "in.json", "out.csv", skips=True)
    assert pd.read_csv("out.csv")["y_1"].tolist() == [2, 4, 5]
    Path("in.json").write_text(json.dumps({"word": ["x", "y"], "x": [1, 2]}))
    with pytest.raises(DataError, match="no row can be predicted: the model cannot be run"):
        run(model, "in.json", "out.npz", skips=True)


def test_arrays_without_rows_cannot_be_left_out():
    model = freeze(lambda x: x + 1.0, x=(tf.float32, []))
    Path("in.json").write_text(json.dumps({"x": 2.0}))
    with pytest.raises(DataError, match=r"--on-error skip: the arrays of in\.json have no rows"):
        run(model, "in.json", "out.npz", skips=True)
    assert run(model, "in.json", "out.npz") == "out.npz: one run, outputs y"


def save_several() -> None:
    """Write `y = x @ w` with an average of `w`, under another name, and beside `-y`."""
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        x = v1.placeholder(tf.float32, [None, 2], "x")
        w = v1.get_variable("w", initializer=tf.constant(WEIGHTS), use_resource=False)
        y = tf.matmul(x, w, name="y")
        average = v1.get_variable(
            "w/ExponentialMovingAverage", initializer=tf.constant(2 * WEIGHTS)
        )
        session.run(v1.global_variables_initializer())
        v1.train.Saver([w, average]).save(session, "raw/model")
        v1.train.Saver({"other/w": w}).save(session, "renamed/model", write_meta_graph=False)
        v1.train.export_meta_graph("renamed/model.meta")
        builder, info = v1.saved_model.Builder("saved"), v1.saved_model.build_tensor_info
        signatures = [
            {
                "serving_default": v1.saved_model.build_signature_def(
                    {"x": info(x)}, {"y": info(one)}
                )
            }
            for one in (y, -y)
        ]
        builder.add_meta_graph_and_variables(session, ["plain"], signatures[0])
        builder.add_meta_graph(["negative"], signatures[1])
        builder.save()


CHOSEN = {
    ("raw", "--ema"): 2 * EXPECTED,
    ("raw",): EXPECTED,
    ("renamed", "--rename", "other/*=*"): EXPECTED,
    ("saved", "--tags", "plain"): EXPECTED,
    ("saved", "--tags", "negative"): -EXPECTED,
}


@pytest.mark.parametrize("chosen", CHOSEN)
def test_graph_and_values_are_chosen(chosen: tuple[str, ...]):
    save_several()
    ROWS[["width", "height"]].to_csv("in.csv", index=False)
    model, *options = chosen
    assert cli.main(["predict", model, "in.csv", "-o", "out.npz", *options]) == 0
    assert np.load("out.npz")["y"] == pytest.approx(CHOSEN[chosen])


def test_choices_that_do_not_fit_are_refused(capsys: pytest.CaptureFixture[str]):
    save_several()
    ROWS[["width", "height"]].to_csv("in.csv", index=False)
    for options, code, message in (
        (["saved"], 6, "several graphs: plain; negative; choose with --tags"),
        (["saved", "--tags", "train"], 6, "no graph with tags train"),
        (["renamed", "--rename", "other/*=*", "--ema"], 6, "no moving averages"),
        (["renamed"], 6, "--rename OLD=NEW"),
        (["renamed", "--rename", "other"], 2, "give two names"),
    ):
        model, *rest = options
        assert cli.main(["predict", model, "in.csv", "-o", "out.npz", *rest]) == code
        assert message in capsys.readouterr().err


REFUSED = {
    "a,b,c\n1,2,3\n": r"input x \[\?, 2\] takes 2 columns, and is given 3; give the columns",
    "a,b\n1,\n": "(?s)values are missing.*in row 1 .*counted from 1",
    "": "is empty",
}


@pytest.mark.parametrize("table", REFUSED)
def test_a_table_that_does_not_fit_is_refused(table: str):
    Path("in.csv").write_text(table)
    with pytest.raises(DataError, match=REFUSED[table]):
        run(linear(), "in.csv", "out.csv")
    assert not Path("out.csv").exists()


def test_a_model_without_inputs_is_refused():
    Path("in.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ArtifactError, match=r"model\.pb has no inputs"):
        run(freeze(lambda: tf.constant([1.0, 2.0])), "in.csv", "out.csv")


def test_wrong_options_are_refused():
    Path("in.csv").write_text("a,b\n1,2\n")
    for options, message in (
        ({"columns": {"y": ("a",)}}, "the model has no such input, only x"),
        ({"columns": {"x": ("a", "c")}}, "no column 'c'"),
        ({"probabilities": True}, "this model has no classes"),
    ):
        with pytest.raises(DataError, match=message):
            run(linear(), "in.csv", "out.csv", **options)


def test_a_graph_that_acts_is_refused_before_tensorflow(capsys: pytest.CaptureFixture[str]):
    def write(x: Any) -> Any:
        with tf.control_dependencies([tf.io.write_file("written", "text")]):
            return tf.identity(x)

    freeze(write, x=(tf.float32, [None, 2]))
    ROWS[["width", "height"]].to_csv("in.csv", index=False)
    program = (
        "import sys; from pipeline import cli; code = cli.main(sys.argv[1:]);"
        "print('tensorflow' in sys.modules, code)"
    )
    command = [sys.executable, "-c", program, "predict", "model.pb", "in.csv", "-o", "out.csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False 6\n"
    assert "WriteFile" in done.stderr
    assert not Path("written").exists()
    digest = done.stderr.rpartition("--trust ")[2].split()[0]
    assert cli.main(["predict", "model.pb", "in.csv", "-o", "out.csv", "--trust", digest]) == 0


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_standard_input_and_output(kind: str):
    rows, given = ROWS[["width", "height"]], io.BytesIO()
    match kind:
        case "csv":
            rows.to_csv(given, index=False)
        case "jsonl":
            rows.to_json(given, orient="records", lines=True)
        case "parquet":
            rows.to_parquet(given)
    linear()
    command = [sys.executable, "-m", "pipeline", "predict", "model.pb", "-", "-o", "-"]
    done = subprocess.run(command, input=given.getvalue(), capture_output=True, check=True)
    lines = done.stdout.decode().splitlines()
    if kind == "jsonl":
        assert json.loads(lines[0]) == {"width": 1.0, "height": 4.0, "y": EXPECTED[0].tolist()}
    else:
        assert lines[:2] == ["width,height,y_0,y_1", "1.0,4.0,41.0,1.5"]
    took = "x takes all columns in this order: width, height"
    assert done.stderr.decode() == f"-: 3 rows, outputs y; {took}\n"


def test_a_model_that_is_not_there(capsys: pytest.CaptureFixture[str]):
    Path("in.csv").write_text("a\n1\n")
    assert cli.main(["predict", "nowhere.pb", "in.csv", "-o", "out.csv"]) == 6
    assert "nowhere.pb is missing" in capsys.readouterr().err
