"""Results of two runs are compared file by file, and the first difference is named."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.errors import ReproductionError
from pipeline.experiments.comparison import Results, compare
from pipeline.graph import tf
from pipeline.inspection import difference
from pipeline.workspace import Workspace

v1 = tf.compat.v1

STAGES = {
    "prepare": ["data/prepared"],
    "train": ["artifacts/checkpoint", "reports/history.csv"],
    "track": [".tracked.json"],
}


def made(root: Path, name: str) -> Results:
    """Make what a run leaves: outs, and the dvc.lock that lists them."""
    texts = {
        "data/prepared/dataset.json": '{"mean": [1.0, 2.0]}',
        "data/prepared/train/index.npy": "",
        "artifacts/checkpoint/checkpoint": "model.ckpt-5\n",
        "reports/history.csv": "step,loss\n1,0.5\n2,0.25\n",
        ".tracked.json": '{"execution": "abc"}',
    }
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    stages = {s: {"outs": [{"path": p, "md5": ""} for p in outs]} for s, outs in STAGES.items()}
    (root / "dvc.lock").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    return Results(name, Workspace(root))


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Results, Results]:
    return made(tmp_path / "1", "first run"), made(tmp_path / "2", "second run")


def test_equal_files_are_counted(sides):
    one, other = sides
    sizes = [file.stat().st_size for file in one.workspace.root.rglob("*") if file.is_file()]
    said = f"reproducible: 6 files, {sum(sizes)} bytes are equal in two runs"
    assert compare(one, other, twice=True) == said
    assert "5 files" not in said
    assert compare(one, other, twice=False).startswith("reproducible: 4 files")


def test_the_first_difference_in_the_order_of_the_stages_is_named(sides, failure):
    one, other = sides
    (other.workspace.root / ".tracked.json").write_text('{"execution": "abd"}')
    (other.workspace.root / "artifacts/checkpoint/checkpoint").write_text("model.ckpt-6\n")
    (other.workspace.root / "reports/history.csv").write_text("step,loss\n1,0.5\n2,0.125\n")
    with failure.raises(
        "two runs differ",
        ReproductionError,
        match="not reproducible: stage train, out artifacts/checkpoint, file checkpoint, line 1:"
        " model.ckpt-5 and model.ckpt-6 .first run and second run.; 2 more of 6 files differ",
    ):
        compare(one, other, twice=True)
    (other.workspace.root / "data/prepared/train/index.npy").unlink()
    with failure.raises(
        "a run does not make a file that another made",
        ReproductionError,
        match="stage prepare, out data/prepared, file train/index.npy is missing in the second run",
    ):
        compare(one, other, twice=True)


def test_an_out_that_is_missing_or_more_is_a_difference(sides, failure):
    one, other = sides
    shutil.rmtree(one.workspace.root / "artifacts/checkpoint")
    with failure.raises(
        "the results to compare with are not here",
        ReproductionError,
        match="stage train, out artifacts/checkpoint is missing in the work tree; dvc repro -f",
    ):
        compare(Results("work tree", one.workspace), other, twice=False)
    with pytest.raises(ReproductionError, match="is missing in the second run; choose device=cpu"):
        compare(other, Results("second run", one.workspace), twice=True)
    (one.workspace.root / "data/prepared/more").write_text("")
    with pytest.raises(ReproductionError, match="file more is missing in the second run"):
        compare(one, other, twice=True)


def test_what_names_the_code_counts_between_two_new_runs_alone(sides):
    one, other = sides
    for name in (".tracked.json", "dvc.lock"):
        path = other.workspace.root / name
        path.write_text(path.read_text() + "\n")
    assert compare(one, other, twice=False).startswith("reproducible: 4 files")
    with pytest.raises(ReproductionError, match=r"stage track, out \.tracked\.json"):
        compare(one, other, twice=True)


def test_a_different_dvc_lock_is_a_difference(sides):
    one, other = sides
    path = other.workspace.root / "dvc.lock"
    path.write_text(path.read_text().replace("md5: ''", "md5: x", 1))
    with pytest.raises(
        ReproductionError, match=r"dvc\.lock, key stages\.prepare\.outs\[0\]\.md5:  and x"
    ):
        compare(one, other, twice=True)


def checkpoint(folder: Path, values: dict[str, object]) -> Path:
    with tf.Graph().as_default(), v1.Session() as session:
        for name, value in values.items():
            v1.get_variable(name, initializer=tf.constant(value), use_resource=True)
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(folder / "model.ckpt-5"))
    return folder / "model.ckpt-5.data-00000-of-00001"


def frozen(folder: Path, value: float, name: str = "scaled") -> Path:
    with tf.Graph().as_default() as graph:
        tf.square(tf.constant([1.0, value], name="weights"), name=name)
    (folder / "model.pb").write_bytes(graph.as_graph_def().SerializeToString(deterministic=True))
    return folder / "model.pb"


def saved_model(folder: Path, value: float) -> Path:
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("w", initializer=tf.constant([2.0, value]), use_resource=True)
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(folder / "saved_model"))
        builder.add_meta_graph_and_variables(session, ["serve"])
        builder.save()
    return folder / "saved_model"


def array(folder: Path, value: object) -> Path:
    np.save(folder / "a.npy", np.asarray(value))
    return folder / "a.npy"


def text(folder: Path, content: str, name: str = "a.txt") -> Path:
    (folder / name).write_text(content)
    return folder / name


def raw(folder: Path, content: bytes) -> Path:
    (folder / "a.png").write_bytes(content)
    return folder / "a.png"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    pair = tmp_path / "1", tmp_path / "2"
    for folder in pair:
        folder.mkdir()
    return pair


KINDS = {
    "checkpoint": (
        lambda f: checkpoint(f, {"a": [1.0, 2.0], "b": [[1.0, 2.0, 4.0]]}),
        lambda f: checkpoint(f, {"a": [1.0, 2.0], "b": [[1.0, 2.5, 4.25]]}),
        "tensor b: 2 of 3 values differ, by 0.5 at most, first at [0, 1]: 2.0 and 2.5",
    ),
    "a variable more": (
        lambda f: checkpoint(f, {"a": 1.0}),
        lambda f: checkpoint(f, {"a": 1.0, "b": 1.0}),
        "tensor b is only in the second",
    ),
    "frozen graph": (
        lambda f: frozen(f, 2.0),
        lambda f: frozen(f, 2.5),
        "tensor weights: 1 of 2 values differ, by 0.5 at most, first at [1]: 2.0 and 2.5",
    ),
    "an operation": (
        lambda f: frozen(f, 2.0),
        lambda f: frozen(f, 2.0, "other"),
        "operation scaled is only in the first",
    ),
    "SavedModel, variables": (
        lambda f: saved_model(f, 2.0) / "variables/variables.data-00000-of-00001",
        lambda f: saved_model(f, 3.0) / "variables/variables.data-00000-of-00001",
        "tensor w: 1 of 2 values differ, by 1 at most, first at [1]: 2.0 and 3.0",
    ),
    "SavedModel, graph": (
        lambda f: saved_model(f, 2.0) / "saved_model.pb",
        lambda f: saved_model(f, 3.0) / "saved_model.pb",
        "tags serve, tensor Const: 1 of 2 values differ, by 1 at most",
    ),
    "meta graph": (
        lambda f: checkpoint(f, {"a": [1.0]}).with_name("model.ckpt-5.meta"),
        lambda f: checkpoint(f, {"a": [1.5]}).with_name("model.ckpt-5.meta"),
        "tensor Const: 1 of 1 values differ, by 0.5 at most",
    ),
    "array": (
        lambda f: array(f, np.float32([1, 2, 3])),
        lambda f: array(f, np.float32([1, 2, 3.5])),
        "values: 1 of 3 values differ, by 0.5 at most, first at [2]: 3.0 and 3.5",
    ),
    "shape": (
        lambda f: array(f, np.zeros((2, 3))),
        lambda f: array(f, np.zeros((3, 2))),
        "values: float64 [2, 3] and float64 [3, 2]",
    ),
    "a sign of zero": (
        lambda f: array(f, [0.0, np.nan]),
        lambda f: array(f, [-0.0, np.nan]),
        "values: 1 of 2 values differ, by 0 at most, first at [0]: 0.0 and -0.0",
    ),
    "only NaN": (
        lambda f: array(f, [np.nan]),
        lambda f: array(f, [1.0]),
        "values: 1 of 1 values differ, first at [0]: nan and 1.0",
    ),
    "dates": (
        lambda f: array(f, np.array(["2018-01-01", "2018-01-02"])),
        lambda f: array(f, np.array(["2018-01-01", "2018-01-03"])),
        "values: 1 of 2 values differ, first at [1]: 2018-01-02 and 2018-01-03",
    ),
    "CSV": (
        lambda f: text(f, "step,loss\n1,0.5\n2,0.25\n", "a.csv"),
        lambda f: text(f, "step,loss\n1,0.5\n2,0.24\n", "a.csv"),
        "line 3, column loss: 0.25 and 0.24",
    ),
    "CSV, header": (
        lambda f: text(f, "step,loss\n1,0.5\n", "a.csv"),
        lambda f: text(f, "step,cost\n1,0.5\n", "a.csv"),
        "line 1, the header: ['step', 'loss'] and ['step', 'cost']",
    ),
    "CSV, a row more": (
        lambda f: text(f, "step,loss\n1,0.5\n", "a.csv"),
        lambda f: text(f, "step,loss\n1,0.5\n2,0.5\n", "a.csv"),
        "line 3, column step is only in the second",
    ),
    "JSON": (
        lambda f: text(f, json.dumps({"a": 1, "b": {"c": [1, 2]}}), "a.json"),
        lambda f: text(f, json.dumps({"a": 1, "b": {"c": [1, 3]}}), "a.json"),
        "key b.c[1]: 2 and 3",
    ),
    "JSON, spaces alone": (
        lambda f: text(f, '{"a": 1}', "a.json"),
        lambda f: text(f, '{"a":  1}', "a.json"),
        "byte 6 (8 and 9 bytes)",
    ),
    "text": (
        lambda f: text(f, "one\ntwo\n"),
        lambda f: text(f, "one\nthree\n"),
        "line 2: two and three",
    ),
    "bytes": (
        lambda f: raw(f, b"\x89PNG\xff\x00"),
        lambda f: raw(f, b"\x89PNG\xff\x01"),
        "byte 5 (6 and 6 bytes)",
    ),
    "a damaged array": (
        lambda f: array(f, [1.0]),
        lambda f: Path(text(f, "no array")).rename(f / "a.npy"),
        "byte 0 ",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_differs_is_named(kind: str, folders: tuple[Path, Path]):
    *makers, expected = KINDS[kind]
    one, other = (make(folder) for make, folder in zip(makers, folders, strict=True))
    assert one.read_bytes() != other.read_bytes()
    assert difference.describe(one, other).startswith(expected)
