"""`model=graph`: a graph of other code is frozen, proven, and trained on by feeding."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pipeline.config import composing as composition
from pipeline.data.prepared.dataset import read_training_rows
from pipeline.errors import ArtifactError, ConfigError, TrainingError
from pipeline.models.forms import checkpoint
from pipeline.models.learning_curve import read
from pipeline.stages import prepare as stage_prepare
from pipeline.stages import train as stage_train
from pipeline.training.batches import Batches
from pipeline.training.learning_curve import LearningCurve
from pipeline.workspace import Workspace, files

from ..conftest import Run
from ..failures import Failure
from ..old_script import Script
from ..old_script import run as run_script

v1 = tf.compat.v1

pytestmark = pytest.mark.slow

STEP = ("model.label=y", "model.loss=loss", "model.train_op=train")
BATCHES = ("train=minibatch", "train.batch_size=32")
KEEP = ("model.feeds={keep_prob: 1.0}", "model.training_feeds={keep_prob: 0.8}")


def graph_of(path: str, *more: str) -> tuple[str, ...]:
    return (
        "model=graph", "data=diabetes", f"model.graph={path}", "model.input=x", "model.output=pred",
        *more,
    )  # fmt: skip


@pytest.fixture
def script(tmp_path: Path):
    """Run a script of 2017; returns where its model is."""
    return lambda **what: run_script(tmp_path / "theirs", Script(**what))


@pytest.fixture
def train(run: Run):
    """Run the stages up to the training; returns the variables of the checkpoint."""

    def stages(*overrides: str) -> dict[str, np.ndarray]:
        settings, text = composition.compose(Workspace.here(), [*overrides, "device=cpu"])
        composition.publish(text, Workspace.here())
        for stage in (stage_prepare, stage_train):
            stage.run(settings, Workspace.here())
        return checkpoint.read_variables(Workspace.here().checkpoint)

    return stages


def losses() -> np.ndarray:
    return np.array([values["loss"] for _, values in read(Workspace.here().history)])


@pytest.mark.parametrize(
    ("what", "more"),
    [
        ({}, ()),
        ({"resource": True}, ()),
        ({"dropout": True}, ("model.feeds={keep_prob: 1.0}",)),
        ({"normalized": True}, ("model.feeds={is_training: false}",)),
        ({"normalized": True, "is_older": True}, ("model.feeds={is_training: false}",)),
    ],
    ids=["references", "resources", "dropout", "cond", "switch"],
)
def test_a_graph_is_frozen_and_proven_as_it_is(run: Run, script, what, more):
    metrics = run(*graph_of(script(**what), *more), "train.steps=0")
    assert metrics["parity"]["passed"]


@pytest.mark.parametrize("resource", [False, True], ids=["references", "resources"])
def test_a_foreign_step_on_fed_batches_is_the_script_s_own(train, script, resource: bool):
    path = script(resource=resource)
    found = train(*graph_of(path, *STEP), *BATCHES, "train.steps=7", "train.log_every=1")
    rows = read_training_rows(Workspace.here().prepared)
    batches = Batches(len(rows.label), 32, seed=0)
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        saver = v1.train.import_meta_graph(f"{path}.meta")
        saver.restore(session, path)
        expected = []
        for step in range(7):
            taken = rows.select(batches.rows_of(step, 1)[0])
            feeds = {"x:0": taken.features, "y:0": taken.label[:, 0]}
            expected.append(session.run(["loss:0", "train"], feeds)[0])
        values = {one.op.name: session.run(one) for one in v1.global_variables()}
    assert losses().tolist() == np.array(expected, np.float32).tolist()
    for name, value in values.items():
        np.testing.assert_array_equal(found[f"network/{name}"], value, err_msg=name)


@pytest.mark.parametrize("dropout", [False, True], ids=["exact", "anew"])
def test_a_killed_training_ends_with_the_same_bytes(
    train, script, monkeypatch, caplog, dropout: bool
):
    command = (
        *graph_of(script(dropout=dropout), *STEP, *(KEEP if dropout else ())), *BATCHES,
        "train.steps=60", "train.checkpoint_every=20", "data.validation_share=0.1",
        "train.validation.every=20",
    )  # fmt: skip

    def digests():
        here = Workspace.here()
        outs = [*here.checkpoint.iterdir(), here.history, here.placement]
        return {file.name: files.sha256(file) for file in outs}

    train(*command)
    expected = digests()

    class Killed(BaseException):
        pass

    after = LearningCurve.after

    def until(self, state, call):
        if call.step >= 50:
            raise Killed
        return after(self, state, call)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(LearningCurve, "after", until)
        train(*command)
    with caplog.at_level("INFO"):
        train(*command)
    said = "the killed training begins anew" if dropout else "going on from step 40"
    assert said in caplog.text
    assert digests() == expected


def test_without_a_train_op_the_pipeline_s_optimizer_trains(run: Run, script):
    path = script()
    own = ("optimizer=adam", "optimizer.learning_rate=0.05", "train.steps=100")
    metrics = run(*graph_of(path, *STEP[:2]), *BATCHES, *own, "train.log_every=1")
    assert metrics["parity"]["passed"]
    assert losses()[-10:].mean() < 0.9 * losses()[:10].mean()


def test_without_a_loss_the_output_is_trained_as_any_network(run: Run, script):
    own = ("optimizer=adam", "optimizer.learning_rate=0.05", "train.steps=100")
    for resource in (False, True):
        path = script(resource=resource)
        metrics = run(*graph_of(path), *BATCHES, *own, "train.log_every=1")
        assert metrics["parity"]["passed"]
        assert losses()[-10:].mean() < 0.9 * losses()[:10].mean()
        shutil.rmtree(Path(path).parent)


def test_a_meta_graph_alone_begins_with_seeded_values(train, script):
    command = (*graph_of(script(steps=None), *STEP), *BATCHES, "train.steps=3")
    one, other = train(*command), train(*command, "train.steps=4", "train.steps=3")
    changed = train(*command, "seed=1")
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])
    assert not np.array_equal(one["network/w"], changed["network/w"])


def test_rows_of_an_iterator_are_fed(run: Run, script):
    command = graph_of(script(is_iterator=True, steps=None), *STEP)
    places = ("model.input=IteratorGetNext:0", "model.label=IteratorGetNext:1")
    assert run(*command, *places, *BATCHES, "train.steps=20")["parity"]["passed"]


@pytest.mark.parametrize("output", ["pred", "probabilities"])
def test_a_classification_takes_logits_or_probabilities(run: Run, script, output: str):
    path = script(classes=10, columns=64)
    gives = ("model.output=probabilities", "model.gives=probabilities")
    command = (*graph_of(path, *STEP), "data=digits", *(gives if output != "pred" else ()))
    metrics = run(*command, *BATCHES, "train.steps=300")
    assert metrics["parity"]["passed"]
    assert metrics["model"]["accuracy"] > 0.6


@pytest.mark.parametrize(
    ("what", "made", "more", "error", "message"),
    [
        (
            "Graph of other code without its input",
            {}, ["model.input=X"], ConfigError, "no tensor 'X'; nearest: x",
        ),
        (
            "Graph of other code without its train op",
            {}, ["model.train_op=trainer"], ConfigError, "no operation 'trainer'; nearest: train",
        ),
        (
            "Output of an operation that gives fewer",
            {}, ["model.output=pred:1"], ConfigError, "'pred' \\(AddV2\\) gives 1 tensors",
        ),
        (
            "Input of other code that nobody feeds",
            {"dropout": True}, [], ConfigError, "needs a value of its input 'keep_prob'; give one",
        ),
        (
            "Dropout of other code that is left on",
            {"dropout": True}, ["model.feeds={keep_prob: 0.5}"],
            ConfigError, "draws random numbers .node dropout/random_uniform.*keep_prob: 1.0",
        ),
        (
            "Input of other code that takes other columns",
            {"columns": 7}, [], ConfigError, r"\(None, 7\), and a row of the data has 10 features",
        ),
        (
            "Output of other code with another shape",
            {}, ["model.output=w"], ConfigError, r"shape \(10, 16\), and \[rows, 1\] is needed",
        ),
        (
            "Loss of other code that is no number",
            {}, ["model.loss=Square"], ConfigError, "not that of one number; name the mean of it",
        ),
        (
            "Rows of other code that nobody names",
            {"is_iterator": True}, ["model.input=w", "model.label=b"],
            ConfigError, "takes rows from node 'IteratorGetNext'",
        ),
        (
            "Graph of other code for a number of rows",
            {"is_iterator": True, "has_fixed_rows": True},
            ["model.input=IteratorGetNext:0", "model.label=IteratorGetNext:1"],
            TrainingError, "made for 4 rows: set train.batch_size=4",
        ),
        (
            "Graph of other code that calls Python",
            {"acts": True}, [], ArtifactError, r"node 'PyFunc' \(PyFunc\) acts on files, devices",
        ),
        (
            "Loss of other code that becomes infinite",
            {"overflows": True}, [], TrainingError, "the loss is inf in step 1; give a .*train_op",
        ),
        (
            "Graph of other code with other initial values",
            {}, ["model.initial={w: 0}"], ConfigError, "variables begin with the values",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_what_is_adopted_is_one_message(
    train, script, failure: Failure, what, made, more, error, message
):
    command = (*graph_of(script(**made), *STEP), *BATCHES, "train.steps=3", *more)
    with failure.raises(what, error, match=message):
        train(*command)
