"""A model that is cut, changed, incomplete or mixed of two is refused before it computes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pipeline import cli, config
from pipeline.errors import ArtifactError, ParityError
from pipeline.graph.runner import Runner
from pipeline.inspection.asking import examine
from pipeline.inspection.model import inspect
from pipeline.models.metadata import sidecar
from pipeline.models.run.form import Runtime, predict_in_pieces
from pipeline.models.run.registry import list_forms, open_model
from pipeline.stages import evaluate, freeze
from pipeline.workspace import Workspace, files

from ..conftest import Run, read
from ..failures import Failure
from ..small import examples
from .made import OVERRIDES, copied, cut, empty, flip, resign, small

pytestmark = pytest.mark.slow

CHECKPOINT = "checkpoint/model.ckpt-20"
DATA = f"{CHECKPOINT}.data-00000-of-00001"

# What a message is recorded of, and the other files that are damaged as well.
SHOWN = {
    "frozen/model.pb": "frozen graph",
    "saved_model/saved_model.pb": "SavedModel",
    DATA: "checkpoint",
}
FILES = [
    *SHOWN,
    "frozen/model.json",
    "checkpoint/checkpoint",
    "checkpoint/model.json",
    f"{CHECKPOINT}.index",
    f"{CHECKPOINT}.meta",
    "saved_model/assets.extra/model.json",
    "saved_model/variables/variables.data-00000-of-00001",
    "saved_model/variables/variables.index",
]


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> tuple[Path, Path]:
    """Two models of the same form and other values; tests only look at them."""
    home = tmp_path_factory.mktemp("two")
    return small(home / "one"), small(home / "other", "seed=1")


@pytest.fixture
def model(two: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the first, to damage it."""
    return copied(two[0], tmp_path / "model")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Rows to predict for."""
    dataset, rows = examples()
    pd.DataFrame(rows.features, columns=dataset.features).to_csv(tmp_path / "in.csv", index=False)
    return tmp_path / "in.csv"


Damage = Callable[[Path, Path], object]
DAMAGES: dict[str, Damage] = {
    "cut in half": lambda file, _: cut(file),
    "emptied": lambda file, _: empty(file),
    "with one bit flipped": lambda file, _: flip(file),
    "that is missing": lambda file, _: file.unlink(),
    "of another run": lambda file, other: shutil.copy2(other, file),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_is_named_before_use(
    two: tuple[Path, Path], model: Path, table: Path, kind: str, capsys, failure: Failure
):
    """By `predict` and by `inspect`, which looks at a model without a signature as well."""
    out = table.with_name("out.csv")
    for name in FILES:
        file, form, other = model / name, model / name.partition("/")[0], two[1] / name
        content = file.read_bytes()
        DAMAGES[kind](file, other)
        if file.exists() and file.read_bytes() == content:
            continue  # the same in both runs
        if file.name == "model.json" and not file.exists():  # it is a stranger's then
            assert cli.main(["predict", str(form), str(table), "-o", str(out)]) in (0, 6), name
            said = capsys.readouterr()
            assert (
                "takes all columns in this order: f0, f1" in said.out or said.err.count("\n") == 1
            )
            examine(form)
            inspect(form)
            out.unlink(missing_ok=True)
            file.write_bytes(content)
            continue
        assert cli.main(["predict", str(form), str(table), "-o", str(out)]) == 6, name
        assert not out.exists()
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert said.startswith(f"pipeline: {form}/")
        assert f"{file} " in said or (kind == "of another run" and file.name == "model.json")
        assert said.endswith("or make it again: dvc repro\n")
        assert (f"{file} is missing" in said) == (not file.exists())
        if name in SHOWN:
            failure.said(f"{SHOWN[name]} {kind}", said, "model", 6)
            assert cli.main(["inspect", str(form)]) == 6, name
            assert capsys.readouterr().err == said
        with pytest.raises(ArtifactError) as caught:  # as the verb does, without its process
            examine(form)
            inspect(form)
        assert said == f"pipeline: {caught.value}\n"
        file.write_bytes(content)
    assert cli.main(["predict", str(model / "frozen"), str(table), "-o", str(out)]) == 0


def opened(name: str, folder: Path) -> Runner:
    (form,) = [form for form in list_forms([]) if form.name == name]
    return form.open(folder, Runtime(Workspace.here()))


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("what", "damage", "expected"),
    [
        ("cut in half", cut, "is damaged: it is not JSON"),
        ("that is missing", Path.unlink, "is missing; it names the model's columns"),
        ("with a column renamed", lambda f: edited(f, '"f1"', '"f3"'), "was changed"),
        ("of an older program", lambda f: edited(f, '"format": 4', '"format": 3'), "has format 3"),
        ("that is a list", lambda f: f.write_text("[]"), "is damaged: TypeError"),
        ("that is of other JSON", lambda f: f.write_text("{}"), "is damaged: KeyError"),
        (
            "of the checkpoint instead",
            lambda f: shutil.copy2(f.parents[1] / "checkpoint/model.json", f),
            "model.pb is not the file that model.json describes",
        ),
    ],
)
def test_a_wrong_signature_is_named(model: Path, what: str, damage, expected: str, failure):
    damage(model / "frozen/model.json")
    with failure.raises(f"model.json {what}", ArtifactError, match=expected):
        open_model(model / "frozen/model.pb", Workspace.here())


def test_a_signature_of_no_files_vouches_for_none(model: Path, failure: Failure):
    shutil.copy2(model / "frozen/model.json", model / "checkpoint/model.json")
    expected = "checkpoint/checkpoint is not described by its model.json"
    with failure.raises("checkpoint under another model.json", ArtifactError, match=expected):
        opened("checkpoint_code", model / "checkpoint")


def test_scaling_that_was_changed_predicts_nothing(model: Path):
    """It would be wrong silently: a checkpoint takes its scaling from the signature."""
    recipe = sidecar.read(model / "checkpoint/model.json").recipe
    (mean,) = recipe.inference.encoding.scaling.label_mean
    edited(model / "checkpoint/model.json", f" {mean}", f" {mean + 1}")
    with pytest.raises(ArtifactError, match="was changed"):
        open_model(model / "checkpoint", Workspace.here())


def test_a_graph_under_another_name_is_that_of_the_signature_or_refused(
    two: tuple[Path, Path], model: Path, failure: Failure
):
    _, rows = examples()
    graph = model / "frozen/model.pb"
    graph.rename(model / "frozen/best.pb")
    with (
        open_model(two[0] / "frozen", Workspace.here()) as one,
        open_model(model / "frozen/best.pb", Workspace.here()) as same,
    ):
        found = [predict_in_pieces(runner, rows.inputs()) for runner in (one, same)]
    assert (found[0] == found[1]).all()
    shutil.copy2(two[0] / "frozen/model.pb", graph)
    shutil.copy2(two[1] / "frozen/model.pb", model / "frozen/best.pb")
    with failure.raises("another graph beside model.pb", ArtifactError, match="best.pb is not the"):
        open_model(model / "frozen/best.pb", Workspace.here())


def test_older_checkpoints_may_go(two: tuple[Path, Path], model: Path):
    _, rows = examples()
    older = list((model / "checkpoint").glob("model.ckpt-10.*"))
    assert older
    for file in older:
        file.unlink()
    with (
        open_model(two[0] / "checkpoint", Workspace.here()) as one,
        open_model(model / "checkpoint", Workspace.here()) as same,
    ):
        found = [predict_in_pieces(runner, rows.inputs()) for runner in (one, same)]
    assert (found[0] == found[1]).all()


def test_an_older_checkpoint_is_looked_at_by_its_prefix(model: Path, capsys, failure: Failure):
    older = model / "checkpoint/model.ckpt-10"
    assert cli.main(["inspect", str(older)]) == 0
    flip(older.with_name("model.ckpt-10.index"))
    assert cli.main(["predict", str(older.parent), "nowhere.csv", "-o", "x.csv"]) == 3
    assert cli.main(["inspect", str(older)]) == 6
    failure.said("damaged checkpoint that is not the latest", capsys.readouterr().err, "-10", 6)


@pytest.mark.parametrize("content", [b"", b"\xff" * 50])
@pytest.mark.parametrize(
    ("what", "form", "name"),
    [
        ("no frozen graph", "frozen_graph", "frozen/model.pb"),
        ("no SavedModel", "saved_model", "saved_model/saved_model.pb"),
        ("no meta graph", "checkpoint_meta_graph", f"{CHECKPOINT}.meta"),
        ("no index of a checkpoint", "checkpoint_code", f"{CHECKPOINT}.index"),
        ("no index of a checkpoint", "eager", f"{CHECKPOINT}.index"),
        ("no values of a checkpoint", "checkpoint_code", DATA),
        ("no values of a checkpoint", "eager", DATA),
    ],
)
def test_what_is_wrong_though_its_hash_fits(
    model: Path, what: str, form: str, name: str, content: bytes, failure: Failure
):
    """Whoever writes wrong files may write their hashes as well."""
    (model / name).write_bytes(content)
    folder = model / name.partition("/")[0]
    resign(folder, "assets.extra/model.json" if form == "saved_model" else "model.json")
    with pytest.raises(ArtifactError) as caught:
        opened(form, folder).close()
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_state_that_is_damaged_begins_a_training_anew(settings, train, tmp_path, caplog, failure):
    chosen = settings(*OVERRIDES, "train.checkpoint_every=5")
    expected, _ = train(chosen, folder=tmp_path / "work")
    for content in (b"model_checkpoint", b"\xff"):
        (tmp_path / "work/checkpoint").write_bytes(content)
        again, _ = train(chosen, folder=tmp_path / "work")
        assert (again == expected).all()
    said = "\n".join(caplog.messages)
    failure.said("checkpoints of a killed training with a damaged state", said, "begins anew")


def test_a_damaged_checkpoint_of_a_killed_training_is_passed_over(
    settings, train, tmp_path, caplog, failure: Failure
):
    chosen = settings(*OVERRIDES, "train.checkpoint_every=5")
    train(chosen, folder=tmp_path / "work", stop=15)
    flip(tmp_path / "work/model.ckpt-15.data-00000-of-00001")
    recorded, _ = train(chosen, folder=tmp_path / "work")
    assert len(recorded) == 10  # the steps after the 10th
    said = "\n".join(caplog.messages)
    failure.said("damaged checkpoint of a killed training", said, "trying the one before")


SMALL = (
    *("data=synthetic", "data.split=chronological", "data.rows=60", "model.weights=random_normal"),
    *("train.steps=20", "evaluation.figures.dpi=20"),
)


def test_the_stages_refuse_what_is_damaged_or_mixed(run: Run, folder: Path, capsys, failure):
    """`freeze` and `evaluate` by themselves; `dvc repro` makes such outs again first."""
    run(*SMALL, "seed=1")
    shutil.copytree("artifacts", "other")
    run(*SMALL)
    chosen = config.load(Workspace.here())
    whole = copied(folder / "artifacts", folder / "whole")

    def gate(*failed: str) -> str:
        capsys.readouterr()
        with pytest.raises(ParityError):
            evaluate.run(chosen, Workspace.here())
        found = [
            form["name"] for form in read(Workspace.here().parity)["forms"] if not form["passed"]
        ]
        assert found == list(failed)
        shutil.rmtree("artifacts")
        shutil.copytree(whole, "artifacts")
        return str(capsys.readouterr().out)

    (data,) = Workspace.here().checkpoint.glob("model.ckpt-20.data-*")
    flip(data)
    for out in (Workspace.here().frozen, Workspace.here().saved_model):
        before = {file: files.sha256(file) for file in out.rglob("*") if file.is_file()}
    with failure.raises("checkpoint damaged before freezing", ArtifactError, match="data-.* not"):
        freeze.run(chosen, Workspace.here())
    assert before == {file: files.sha256(file) for file in before}
    with failure.raises("checkpoint damaged before the proof", ParityError, match="data-.* not"):
        evaluate.run(chosen, Workspace.here())
    edited(Workspace.here().checkpoint / "model.json", '"step": 20', '"step": 21')
    with failure.raises("checkpoint with a changed signature", ArtifactError, match="was changed"):
        evaluate.run(chosen, Workspace.here())
    shutil.rmtree("artifacts")
    shutil.copytree(whole, "artifacts")

    cut(Workspace.here().frozen_graph)
    flip(Workspace.here().saved_model / "variables/variables.data-00000-of-00001")
    said = gate("frozen_graph", "saved_model")
    failure.said("frozen graph cut in half, in the gate", said, "model.pb is not the file", 7)
    failure.said("SavedModel with one bit flipped, in the gate", said, "saved_model is not", 7)
    shutil.rmtree(Workspace.here().saved_model)
    shutil.copytree("other/saved_model", Workspace.here().saved_model)
    said = gate("saved_model")
    failure.said("SavedModel of another run, in the gate", said, "saved_model is not", 7)
    tagged = Workspace.here().saved_model_tagged
    flip(tagged / "variables/variables.data-00000-of-00001")
    said = gate("saved_model_tagged", "saved_model_train")
    what = "tagged SavedModel with one bit flipped, in the gate"
    failure.said(what, said, "saved_model_tagged is not", 7)
    shutil.rmtree(Workspace.here().frozen)
    shutil.copytree("other/frozen", Workspace.here().frozen)
    said = gate("frozen_graph", "saved_model", "saved_model_tagged", "saved_model_train")
    failure.said("frozen graph of another run, in the gate", said, "different trainings: values", 7)
    edited(
        Workspace.here().prepared / "dataset.json", '"targets": [\n    "', '"targets": [\n    "not '
    )
    with failure.raises("prepared data of another run", ArtifactError, match="targets differ"):
        evaluate.run(chosen, Workspace.here())
