"""Every preset of conf/experiment passes the gate, and the main ones do what they promise."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes

from pipeline import config, prediction
from pipeline.config import side_files as inputs
from pipeline.errors import ArtifactError, ConfigError, DataError, DeviceError, TrainingError
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.learning_curve import LearningCurve
from pipeline.workspace import Workspace, files

from .conftest import REPOSITORY, Run, read

pytestmark = pytest.mark.slow

EXPERIMENTS = sorted(file.stem for file in (REPOSITORY / "conf/experiment").glob("*.yaml"))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_passes_in_smoke_size(run: Run, experiment: str):
    metrics = run(f"experiment={experiment}", "debug=smoke")
    assert metrics["parity"]["passed"]
    forms = {form["name"] for form in read(Workspace.here().parity)["forms"]}
    assert forms >= {"checkpoint_code", "checkpoint_meta_graph", "frozen_graph", "saved_model"}
    assert forms >= {"saved_model_tagged", "saved_model_train"}
    assert list(Workspace.here().figures.glob("*.png"))
    assert "parity passed" in Workspace.here().report.read_text(encoding="utf-8")


def test_the_article_reaches_the_closed_form(run: Run):
    metrics = run("experiment=article")
    closed_form = metrics["baselines"]["linear_regression"]["mse"]
    assert metrics["model"]["mse"] == pytest.approx(closed_form, rel=1e-3)


def test_own_csv_and_parquet(run: Run, folder: Path):
    table = load_diabetes(as_frame=True).frame
    table.to_csv("own.csv", index=False)
    table.rename(columns={"target": "progression"}).to_parquet("own.parquet")
    metrics = run("data=csv", "data.path=own.csv", "data.target=target", "train.steps=20")
    assert metrics["parity"]["passed"]
    assert set(metrics["baselines"]) == {"linear_regression", "mean"}
    assert Workspace.here().forecast.read_text() == "row,rows_ahead,prediction\n"
    assert not (Workspace.here().figures / "forecast.png").exists()
    parquet = ("data=csv", "data.path=own.parquet", "data.target=progression")
    mlp = ("model=mlp", "model.dropout=0.2", "train=minibatch", "train.steps=20")
    assert run(*parquet, "data.features=[bmi,bp]", *mlp)["parity"]["passed"]
    assert read(Workspace.here().prepared / "dataset.json")["features"] == ["bmi", "bp"]


def test_names_of_columns_and_outputs_do_not_collide(run: Run, folder: Path):
    rows = [f"{i % 7},{i % 5},{3 * (i % 7) - i % 5}" for i in range(100)]
    (folder / "own.csv").write_text("\n".join(["prediction,actual,rows_ahead", *rows]))
    metrics = run("data=csv", "data.path=own.csv", "data.target=rows_ahead", "train.steps=20")
    assert metrics["parity"]["passed"]
    here = Workspace.here()
    assert list(pd.read_csv(here.predictions)) == ["row", "actual", "prediction"]
    assert list(pd.read_csv(here.forecast)) == ["row", "rows_ahead", "prediction"]
    said = prediction.predict(here.frozen_graph, folder / "own.csv", folder / "out.csv", here)
    assert said.endswith("100 rows, model_prediction is rows_ahead")
    columns = ["prediction", "actual", "rows_ahead", "model_prediction"]
    assert list(pd.read_csv("out.csv")) == columns


def test_own_classes(run: Run, folder: Path):
    rows = [f"{i % 7},{i % 5},{['low', 'high'][i % 7 > 3]}" for i in range(200)]
    (folder / "own.csv").write_text("\n".join(["a,b,level", *rows]), encoding="utf-8")
    own = ("data=csv", "data.path=own.csv", "data.target=level", "data.task=classification")
    metrics = run(*own, "model=softmax", "data.split=stratified", "train.steps=300")
    assert metrics["model"]["accuracy"] == 1
    assert set(pd.read_csv(Workspace.here().predictions).prediction) == {"low", "high"}


@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_own_text_alone_and_with_dates_and_booleans(run: Run, folder: Path, model: str):
    kinds = ["ant", "", "bée"]
    days = pd.date_range("1969-12-01", periods=90).strftime("%Y-%m-%d")
    rows = [f"{kinds[i % 3]},{days[i]},{i % 2 == 0},{i % 3 * 5 + i % 2}.5" for i in range(90)]
    (folder / "own.csv").write_text("\n".join(["kind,day,is_new,y", *rows]), encoding="utf-8")
    own = ("data=csv", "data.path=own.csv", "data.target=y", f"model={model}", "optimizer=adam")
    metrics = run(*own, "data.features=[kind]", "train.steps=300", "optimizer.learning_rate=0.05")
    assert metrics["parity"]["passed"]
    assert metrics["model"]["r2"] > 0.9
    metrics = run(*own, "train.steps=300", "optimizer.learning_rate=0.05")
    assert metrics["parity"]["passed"]
    assert metrics["model"]["r2"] > 0.98
    dataset = read(Workspace.here().prepared / "dataset.json")
    assert (dataset["features"], dataset["text"]) == (["day", "is_new"], ["kind"])


def test_cosine_reaches_the_optimum_and_tells_its_weights(run: Run, capsys):
    metrics = run("experiment=cosine")
    assert metrics["model"]["mse"] == pytest.approx(0.0381469, rel=0.01)
    points = pd.read_csv(Workspace.here().predictions)
    cubic = np.polynomial.Polynomial.fit(points.x, points.actual, 3).convert().coef
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    shown = {line[0]: line[1:] for line in printed if line and line[0] in ("1", "x", "x^2", "x^3")}
    for power, name in enumerate(["1", "x", "x^2", "x^3"]):
        from_checkpoint, from_frozen_graph = map(float, shown[name])
        assert from_checkpoint == from_frozen_graph
        assert from_checkpoint == pytest.approx(cubic[power], rel=1e-3, abs=1e-3)


def test_softmax_is_as_good_as_logistic_regression(run: Run):
    metrics = run("experiment=digits")
    expected = metrics["baselines"]["logistic_regression"]["accuracy"]
    assert metrics["model"]["accuracy"] == pytest.approx(expected, abs=0.01)


def test_lenet_reads_digits(run: Run):
    assert run("experiment=digits", "model=lenet")["model"]["accuracy"] >= 0.98


def test_sinc_is_minimized_step_by_step(run: Run):
    metrics = run("experiment=sinc")
    assert metrics["model"]["minimum"] == pytest.approx(0, abs=1e-6)
    path = pd.read_csv(Workspace.here().history)
    assert list(path.columns) == ["step", "loss", "x"]
    np.testing.assert_allclose(path.loss, 1 - np.sin(path.x) / path.x, atol=1e-6)


def test_early_stopping_keeps_the_best_checkpoint(run: Run):
    run("experiment=diabetes", "train.validation={every: 20, patience: 3}")
    history = pd.read_csv(Workspace.here().history)
    validated = history.dropna(subset="validation_loss")
    best = int(validated.step[validated.validation_loss.idxmin()])
    assert history.step.max() == best + 3 * 20 < 2000
    assert read(Workspace.here().sidecar)["step"] == best
    names = {file.name for file in Workspace.here().checkpoint.glob("model.ckpt-*")}
    assert names == {f"model.ckpt-{best}.{end}" for end in ("index", "meta", "data-00000-of-00001")}


def test_overfit_learns_a_few_rows_by_heart(run: Run):
    run("experiment=diabetes", "debug=overfit", "model.dropout=0", "train.steps=1500")
    history = pd.read_csv(Workspace.here().history)
    assert history.loss.iloc[-1] < 1e-3 * history.loss.iloc[0]


def test_a_new_head_is_trained_on_a_layer_of_a_frozen_graph(run: Run, folder: Path):
    run("experiment=digits", "model=mlp", "model.hidden=[16]", "train.steps=300")
    shutil.copytree(Workspace.here().frozen, folder / "base")
    metrics = run(
        "experiment=digits",
        "model=transfer",
        "model.graph=base/model.pb",
        "model.layer=network/hidden_1/activation:0",
        "data.scaling=none",
        "train.steps=300",
    )
    assert metrics["model"]["accuracy"] > 0.8
    assert metrics["parity"]["passed"]
    shutil.rmtree(folder / "base")  # the new frozen graph needs it no longer
    from pipeline.models.run.form import predict_in_pieces
    from pipeline.models.run.registry import open_model

    with open_model(Workspace.here().frozen, Workspace.here()) as runner:
        assert predict_in_pieces(runner, {"features": np.zeros((1, 64), np.float32)}).shape == (
            1,
            10,
        )


def test_profile_and_tensorboard_change_no_weight(run: Run, folder: Path):
    small = ("experiment=lenet", "debug=smoke", "model.filters=[2,3]", "model.hidden=[8]")
    run(*small)
    before = Workspace.here().frozen_graph.read_bytes()
    run(*small, "train.profile=true", "train.tensorboard=true", "train.tensorboard_every=10")
    assert Workspace.here().frozen_graph.read_bytes() == before
    events = read(Workspace(folder).trace)["traceEvents"]
    assert any("Conv2D" in event["name"] for event in events)
    (written,) = Workspace(folder).tensorboard.iterdir()
    tags = tags_of(written)
    assert {"loss", "validation_loss", "learning_rate"} <= tags["scalars"]
    assert any("weights/network/output/weights" in tag for tag in tags["histograms"])
    assert any("gradients/network/convolution_1/weights" in tag for tag in tags["histograms"])
    assert any("filters/" in tag for tag in tags["images"])
    assert any("activations/" in tag for tag in tags["images"])
    assert tags["graph"]
    rows = (written / "embeddings.tsv").read_text().splitlines()
    assert len(rows) == len((written / "classes.tsv").read_text().splitlines()) == 1000


def tags_of(folder: Path) -> dict[str, set[str]]:
    """Return what the event files of a folder hold, by kind."""
    from tensorflow.compat.v1 import train as v1_train

    found: dict[str, set[str]] = {"scalars": set(), "histograms": set(), "images": set()}
    found["graph"] = set()
    kinds = {"simple_value": "scalars", "histo": "histograms", "image": "images"}
    for file in folder.glob("events.*"):
        for event in v1_train.summary_iterator(str(file)):
            if event.graph_def:
                found["graph"].add("graph")
            for value in event.summary.value:
                if (kind := value.WhichOneof("value")) in kinds:
                    found[kinds[kind]].add(value.tag)
    return found


def test_a_network_and_data_of_the_user_s_own(run: Run, folder: Path):
    """The example of docs/extending.md, as it stands there."""
    document = (REPOSITORY / "docs/extending.md").read_text(encoding="utf-8")
    module = re.findall(r"```python\n(.*?)```", document, re.DOTALL)[0]
    (command,) = re.findall(r"^pipeline run model=custom .*$", document, re.MULTILINE)
    (folder / "my_module.py").write_text(module, encoding="utf-8")
    _, _, *overrides = shlex.split(command)
    metrics = run(*overrides)
    assert metrics["parity"]["passed"]
    assert metrics["model"]["r2"] > metrics["baselines"]["linear_regression"]["r2"]
    settings = config.load(Workspace.here())
    assert list(settings.inputs) == ["my_module.py"]
    inputs.require_unchanged(settings, Workspace.here())
    (folder / "my_module.py").write_text(module + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"my_module\.py is missing or has changed since"):
        inputs.require_unchanged(settings, Workspace.here())


@pytest.mark.parametrize(
    ("stop", "early"),
    [(20, True), (45, True), (60, True), ("publish", True), ("publish", False)],
)
def test_a_killed_training_ends_with_the_same_bytes(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, stop: int | str, early: bool
):
    """Killed before a save, after a best checkpoint, at the last step, and before publishing."""
    command = (
        "experiment=diabetes", "optimizer.learning_rate=0.007", "train.checkpoint_every=25",
        "train.validation={every: 10, patience: 3}" if early else "train.validation.patience=null",
        *([] if early else ["train.steps=60", "train.validation.every=null"]),
    )  # fmt: skip
    run(*command)

    def digests():
        here = Workspace.here()
        outs = [*here.checkpoint.iterdir(), here.history, here.placement, here.frozen_graph]
        return {file.name: files.sha256(file) for file in outs}

    expected = digests()
    for out in (Workspace.here().history, Workspace.here().placement):
        out.unlink()  # as DVC does before it runs a stage

    class Killed(BaseException):
        pass

    after = LearningCurve.after

    def until(self, state, call):
        if call.step >= stop:
            raise Killed
        return after(self, state, call)

    def killed(*_: object, **__: object):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        if stop == "publish":
            patch.setattr(Checkpoints, "copy", killed)
        else:
            patch.setattr(LearningCurve, "after", until)
        run(*command)
    assert list((folder / ".resume").iterdir())
    run(*command)
    assert digests() == expected
    assert not list((folder / ".resume").iterdir())


ARTICLE = [file.stem for file in sorted((REPOSITORY / "conf/optimizer").glob("*.yaml"))]


@pytest.mark.parametrize("optimizer", ARTICLE)
def test_every_optimizer_lowers_the_loss_of_the_article_by_nine_tenths(run: Run, optimizer: str):
    """In the setting of its own file under conf/optimizer."""
    run("experiment=article", f"optimizer={optimizer}", "model.weights=ones")
    loss = pd.read_csv(Workspace.here().history).loss
    assert loss.iloc[-1] < 0.1 * loss.iloc[0]


OWN = """
import tensorflow as tf

def flat(options, features, outputs, variables, training):
    return tf.reduce_sum(features * variables("w", [features.shape[1]], "ones"), axis=1)

def wide(options, features, outputs, variables, training):
    return tf.matmul(features, variables("w", [features.shape[1], outputs + 2], "ones"))

def nothing(options, features, outputs, variables, training):
    return features[:, :1]

def idle(options, features, outputs, variables, training):
    variables("unused", [1], "ones")
    return tf.matmul(features, variables("w", [features.shape[1], outputs], "ones"))
"""


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        (["model._target_=own.flat"], ConfigError, r"returns shape \(None,\), and \[rows, 1\]"),
        (["model._target_=own.wide"], ConfigError, r"returns shape \(None, 3\), and \[rows, 1\]"),
        (["model._target_=own.nothing"], ConfigError, "does not depend on any variable"),
        (["model._target_=own.idle"], ConfigError, "does not depend on network/unused"),
        (["model._target_=broken.network"], ConfigError, r"broken\.py cannot be imported"),
        (["model._target_=own.falt"], ConfigError, "no function 'falt'; nearest: flat"),
    ],
)
def test_a_mistake_in_one_s_own_network_is_one_message(run, folder, overrides, error, message):
    sys.modules.pop("own", None)  # of another test's folder
    (folder / "own.py").write_text(OWN, encoding="utf-8")
    (folder / "broken.py").write_text("def network(:", encoding="utf-8")
    with pytest.raises(error, match=message):
        run("model=custom", *overrides, "train.steps=3")


def test_what_a_transfer_cannot_go_on_from_is_one_message(run: Run, folder: Path):
    run("experiment=diabetes", "debug=smoke")
    shutil.copytree(Workspace.here().frozen, folder / "base")
    transfer = ("model=transfer", "model.graph=base/model.pb", "train.steps=3")
    layer = "model.layer=network/hidden_1/activation:0"
    wrong = {
        "the base of model.graph takes numbers: no column 'age'": [layer, "data=sp500"],
        r"has shape \(32,\), and no row for each row": [
            "model.layer=network/hidden_1/bias:0", "data=diabetes",
        ],
        "no tensor 'network/hiden_1": ["model.layer=network/hiden_1:0", "data=diabetes"],
    }  # fmt: skip
    for message, overrides in wrong.items():
        with pytest.raises((ConfigError, DataError), match=message):
            run(*transfer, *overrides)


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        (["model=mlp", "device.placement={hidden_1: /gpu:0}"], DeviceError, "there is none"),
        (["model.weights=[[1,2],[3]]"], ConfigError, "is not an array of float32"),
        (["model.weights=1" + "0" * 60], ConfigError, "is not an array of float32"),
        (["model=mlp", "model.hidden=[900000,900000]"], TrainingError, "too little memory"),
    ],
)
def test_what_cannot_be_done_is_one_message(run: Run, overrides, error, message):
    with pytest.raises(error, match=message):
        run(*overrides, "train.steps=3")


def test_a_start_that_fits_nothing_is_refused(run: Run, folder: Path):
    run("experiment=sinc", "debug=smoke")
    shutil.copytree(Workspace.here().checkpoint, folder / "base")
    with pytest.raises(ArtifactError, match="has no variable that fits: it has"):
        run("train.start.checkpoint=base", "train.steps=3")


@pytest.mark.parametrize(
    "chosen", [["experiment=diabetes"], ["experiment=sinc"], ["experiment=siamese"]]
)
def test_without_a_step_initial_values_are_kept(run: Run, chosen: list[str]):
    assert run(*chosen, "train.steps=0")["parity"]["passed"]
    assert pd.read_csv(Workspace.here().history).empty
    assert (Workspace.here().checkpoint / "model.ckpt-0.index").exists()


def test_sinc_takes_a_penalty_that_finds_no_weights(run: Run):
    assert run("experiment=sinc", "debug=smoke", "train.regularization.l2=0.1")["parity"]["passed"]


def test_streamed_and_held_rows_end_in_the_same_bytes(run: Run):
    windows = ("data=synthetic", "data.rows=3000", "train=stream", "train.batch_size=50",
               "train.window=500", "train.steps=150", "data.validation_share=0.1",
               "train.validation.every=50")  # fmt: skip

    def digests():
        checkpoint = [
            f for f in Workspace.here().checkpoint.iterdir() if f.suffix not in (".meta", ".json")
        ]
        return {file.name: files.sha256(file) for file in [*checkpoint, Workspace.here().history]}

    assert run(*windows)["parity"]["passed"]
    streamed = digests()
    run(*windows, "train.stream=false")
    assert digests() == streamed
