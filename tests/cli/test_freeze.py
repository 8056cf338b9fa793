"""`pipeline freeze`: what is proven is published, in any folder, and nothing else is."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from pipeline import cli
from pipeline.errors import ArtifactError
from pipeline.models.metadata import foreign_sidecar, sidecar
from pipeline.models.run.registry import read_sidecar
from pipeline.workspace import files

from ..failures import Failure
from ..foreign.handles import write_to_a_reference
from ..foreign.scripts import dense, features
from ..foreign.written import write
from ..models.made import flip

v1 = tf.compat.v1

pytestmark = pytest.mark.slow  # each verb starts TensorFlow twice, in processes of their own


def network():
    x = features()
    y = tf.nn.softmax(dense(tf.nn.relu(dense(x, 5, "hidden", resource=False)), 3, "out"))
    tf.identity(y, name="y")


def noise():
    tf.add(features(), tf.random.normal([4]), name="y")


def keeping():
    rate = 1 - v1.placeholder_with_default(1.0, [], "keep_prob")
    tf.identity(dense(tf.nn.dropout(features(), rate=rate), 3, "out"), name="y")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], Path]:
    home, made = tmp_path_factory.mktemp("models"), dict[str, Path]()

    def find(build: Callable[[], Any]) -> Path:
        name = build.__name__
        if name not in made:
            made[name] = write(build, home / name)
        return made[name]

    return find


@pytest.fixture(scope="module")
def frozen(models: Callable[[Any], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frozen") / "out"
    assert cli.main(["freeze", str(models(network) / "checkpoint"), "-o", str(folder)]) == 0
    return folder


def contents(folder: Path) -> dict[str, str]:
    found = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): files.sha256(file) for file in found}


def test_a_checkpoint_becomes_three_files_that_are_replaced(
    models: Callable[[Any], Path], frozen: Path, folder: Path, capsys
):
    shutil.copytree(frozen, "again")
    before = contents(Path("again"))
    assert before.keys() == {"model.pb", "model.json", "saved_model/saved_model.pb"}
    shutil.copytree(models(network) / "checkpoint", "mine")
    assert cli.main(["freeze", "mine/model", "-o", "again"]) == 0
    said = capsys.readouterr().out
    assert "agrees: again/model.pb (graph)" in said
    assert said.endswith("written: again/model.pb, again/saved_model, again/model.json\n")
    after = contents(Path("again"))
    assert {name for name in after if after[name] != before[name]} == {"model.json"}  # MODEL's name
    assert sorted(file.name for file in folder.iterdir()) == ["again", "mine"]


def test_the_sidecar_says_what_is_known(models: Callable[[Any], Path], frozen: Path):
    found = foreign_sidecar.read(frozen / sidecar.FILE)
    assert [(one.name, one.dtype, one.shape) for one in found.interface.inputs] == [
        ("x", "float32", (None, 4))
    ]
    assert [one.tensor for one in found.interface.outputs] == ["y:0"]
    assert set(found.made_of) == {"model.meta", "model.index", "model.data-00000-of-00001"}
    assert found.verdict["outcome"] == "agrees"
    paths = [form["path"] for form in found.verdict["forms"]]
    assert paths == ["checkpoint", "model.pb", "saved_model"]
    assert str(frozen.parent.parent) not in (frozen / sidecar.FILE).read_text()
    assert found.versions["tensorflow"] == tf.__version__
    assert found.hashes["model.pb"] == files.sha256(frozen / "model.pb")


@pytest.mark.parametrize("form", ["", "model.pb", "saved_model"])
def test_what_was_frozen_predicts(frozen: Path, folder: Path, form: str, capsys):
    np.save("in.npy", np.ones((3, 4), np.float32))
    assert cli.main(["predict", str(frozen / form), "in.npy", "-o", "out.npz"]) == 0
    assert "3 rows, outputs y" in capsys.readouterr().out
    with tf.Graph().as_default() as graph, v1.Session() as session:
        definition = v1.GraphDef.FromString((frozen / "model.pb").read_bytes())
        (y,) = tf.import_graph_def(definition, return_elements=["y:0"], name="")
        expected = session.run(y, {graph.get_tensor_by_name("x:0"): np.ones((3, 4))})
    with np.load("out.npz") as found:
        np.testing.assert_array_equal(found["y"], expected)


def test_the_outputs_of_a_frozen_graph_have_the_names_of_the_signature(folder: Path, capsys):
    model = tf.Module()
    model.f = tf.function(lambda x: {"twice": x * 2.0}, [tf.TensorSpec([None, 2], name="x")])
    tf.saved_model.save(model, "saved", signatures=model.f)
    assert cli.main(["freeze", "saved", "-o", "out"]) == 0
    np.save("in.npy", np.ones((3, 2), np.float32))
    assert cli.main(["predict", "out/model.pb", "in.npy", "-o", "out.npz"]) == 0
    with np.load("out.npz") as found:
        np.testing.assert_array_equal(found["twice"], np.full((3, 2), 2))
    flip(Path("out/model.pb"))
    assert cli.main(["predict", "out/model.pb", "in.npy", "-o", "out.npz"]) == 6
    assert "its SHA-256 differs; copy the whole folder" in capsys.readouterr().err


def test_a_tensor_whose_name_begins_with_the_path_keeps_it(folder: Path):
    Path("model").mkdir()
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None, 3], "x")
        with v1.variable_scope("model/dense"):
            tf.matmul(x, v1.get_variable("kernel", [3, 2]), name="out")
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            v1.train.Saver().save(session, "model/dense")
    assert cli.main(["freeze", "model/dense", "-o", "out"]) == 0
    verdict = foreign_sidecar.read(Path("out", sidecar.FILE)).verdict
    assert verdict["reference"] == "dense"
    outputs = {output["name"] for form in verdict["forms"] for output in form["outputs"]}
    assert outputs == {"model/dense/out"}


def test_what_needs_a_recipe_says_that_there_is_none(frozen: Path, folder: Path, capsys):
    with pytest.raises(ArtifactError, match=r"model\.json has no recipe: `pipeline freeze` made"):
        read_sidecar(frozen)
    assert cli.main(["inspect", str(frozen)]) == 0
    assert "input   x:0" in capsys.readouterr().out
    shutil.copytree(frozen, "damaged")
    flip(Path("damaged/model.pb"))
    assert cli.main(["inspect", "damaged"]) == 6
    assert "its SHA-256 differs" in capsys.readouterr().err
    text = Path("damaged/model.json").read_text()
    Path("damaged/model.json").write_text(text.replace('"agrees"', '"proven"', 1))
    with pytest.raises(ArtifactError, match="was changed after it was written"):
        foreign_sidecar.read(Path("damaged/model.json"))


def test_other_files_are_never_replaced(
    models: Callable[[Any], Path], frozen: Path, folder: Path, capsys, failure: Failure
):
    model = str(models(network) / "checkpoint")
    Path("thesis").mkdir()
    Path("thesis/chapter.tex").touch()
    assert cli.main(["freeze", model, "-o", "thesis"]) == 6
    said = capsys.readouterr().err
    failure.said("folder of freeze with other files", said, "thesis holds other files", 6)
    shutil.copytree(frozen, "out")
    Path("out/notes.txt").touch()
    assert cli.main(["freeze", model, "-o", "out"]) == 6
    assert cli.main(["freeze", model, "-o", "out/model.pb"]) == 6
    assert cli.main(["freeze", model, "-o", "."]) == 6
    Path("out/notes.txt").unlink()
    assert cli.main(["freeze", "out/model.pb", "-o", "out"]) == 6
    errors = capsys.readouterr().err.splitlines()
    assert "(notes.txt)" in errors[0]
    assert "is not a folder" in errors[1]
    assert "has no name; give a folder of its own" in errors[2]
    assert "lies in out, which is replaced" in errors[3]
    assert contents(Path("out")) == contents(frozen)


def test_what_is_not_proven_is_not_published(
    models: Callable[[Any], Path], frozen: Path, folder: Path, capsys, failure: Failure
):
    shutil.copytree(frozen, "out")
    assert cli.main(["freeze", str(models(noise) / "saved_model"), "-o", "out"]) == 11
    said = capsys.readouterr()
    assert "not provable: out/model.pb (graph)" in said.out
    assert "outputs are random" in said.out
    failure.said("frozen model that is not proven", said.err, "out is not written", 11)
    assert contents(Path("out")) == contents(frozen)
    assert [file.name for file in folder.iterdir()] == ["out"]


def test_dropout_that_keeps_all_is_not_called_on(
    models: Callable[[Any], Path], folder: Path, capsys
):
    model = str(models(keeping) / "checkpoint")
    assert cli.main(["freeze", model, "-o", "out"]) == 0
    said = capsys.readouterr().out
    assert "note: no output depends on what is random" in said
    assert "dropout is on" not in said
    assert foreign_sidecar.read(Path("out") / sidecar.FILE).notes == ()


def test_a_write_is_refused_with_its_node(
    models: Callable[[Any], Path], folder: Path, capsys, failure: Failure
):
    model = str(models(write_to_a_reference) / "checkpoint")
    assert cli.main(["freeze", model, "-o", "out", "--output", "y"]) == 6
    said = capsys.readouterr().err
    failure.said("freezing of what writes", said, "node 'AssignAdd' (AssignAdd) writes", 6)
    assert not Path("out").exists()


def test_a_limit_is_told(models: Callable[[Any], Path], folder: Path, capsys):
    model = str(models(network) / "checkpoint")
    assert cli.main(["freeze", model, "-o", "out", "--timeout", "0.1"]) == 6
    assert "cannot be frozen: it took more than 0.1 seconds" in capsys.readouterr().err


def test_the_process_of_the_verb_does_without_tensorflow():
    code = "import sys; import pipeline.freezing.publishing; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
