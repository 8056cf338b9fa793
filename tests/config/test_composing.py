"""params.yaml is composed of conf/ and overrides, or one message tells why not."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.config import composing, side_files
from pipeline.errors import ArtifactError, ConfigError, DataError, PipelineError
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY
from ..failures import Failure
from ..old_script import Script
from ..old_script import run as run_script


@pytest.mark.usefixtures("in_repository")
@pytest.mark.parametrize(
    ("what", "overrides", "expected"),
    [
        ("unknown option of a group", ["model=mpl"], "nearest: mlp"),
        ("option in capitals", ["data=CSV"], "nearest: csv"),
        ("table in place of an option", ["data=my/t.csv"], "write data=csv data.path=my/t.csv"),
        ("unknown experiment", ["experiment=artikle"], "nearest: article"),
        ("several values in one run", ["model=linear,mlp"], "a run takes one"),
        ("override without =", ["a b"], "Hydra's grammar"),
        ("override without a key", ["=3"], "Hydra's grammar"),
        ("override with an open bracket", ["model.hidden=[3"], "Hydra's grammar"),
        ("override with an open quote", ["seed='3"], "Hydra's grammar"),
        ("unknown key", ["optimizer.learning_rat=1"], "nearest: optimizer.learning_rate"),
        ("unknown key that is added", ["+train.step=1"], "nearest: train.steps"),
        ("unknown section", ["nonsense.key=1"], "nonsense: unknown key"),
        ("unknown key that is removed", ["~train.step"], "write train.step=VALUE"),
        ("key below a number", ["seed.x=1"], "seed"),
        ("value that is not given", ["data=csv"], "data.target: missing"),
        ("number for a group", ["train=3"], "it has full_batch, minibatch"),
        ("environment in an override", ["seed=${oc.env:HOME}"], "reads the environment"),
        ("environment with a default", ["seed=${oc.env:NOWHERE,3}"], "reads the environment"),
        ("reference to what is not there", ["seed=${nowhere}"], "'nowhere' not found"),
        ("resolver of one's own", ["seed=${mine:3}"], "Unsupported interpolation type mine"),
        ("key that is removed", ["~seed"], "write seed=VALUE"),
        ("group that is removed", ["~model"], "model=null: conf/model has no such option"),
        ("unknown group", ["modle=mlp"], "modle: unknown key; nearest: model"),
        ("null for an option", ["model=null"], "conf/model has no such option"),
        ("key of another option", ["model.hidden=[10]"], "model.hidden: only with model=mlp"),
    ],
)
def test_a_wrong_override_is_one_message(what, overrides, expected, failure: Failure):
    with failure.raises(what, ConfigError, match=re.escape(expected)):
        composing.compose(Workspace.here(), overrides)


@pytest.fixture
def conf(folder: Path) -> Path:
    """A copy of conf/ in an empty folder."""
    shutil.copytree(REPOSITORY / "conf", folder / "conf")
    return folder / "conf"


@pytest.mark.parametrize(
    ("what", "content", "expected"),
    [
        ("with a mistake in its YAML", b"devices: [", "conf/export/default.yaml"),
        ("with a tab", b"devices:\n\t- cpu", "conf/export/default.yaml"),
        ("with a key twice", b"devices: []\ndevices: []", "duplicate key devices"),
        ("that is no text", b"\xff\xfe\xfd", "default.yaml: 'utf-8' codec can't decode"),
        ("that is empty", b"", "export.devices: missing"),
        ("that is a list", b"- 1", "In 'export/default': ConfigTypeError"),
        ("that is a number", b"3", "conf/export/default.yaml: Invalid"),
        ("with an option that is not there", b"defaults: [nowhere]", "export/nowhere"),
        ("with defaults that are no list", b"defaults: x", "defaults list in 'export/default'"),
        ("that names itself", b"defaults: [default]", "refers to itself"),
        ("that reads the environment", b"devices: ${oc.env:HOME}", "reads the environment"),
        ("with a value that is not given", b"devices: ???", "export.devices: missing"),
        ("with a value of another kind", b"devices: cpu", "export.devices: got 'cpu' (text)"),
        ("with an unknown key", b"devices: []\ndevice: cpu", "nearest: export.devices"),
    ],
)
def test_a_wrong_file_under_conf_is_one_message(
    conf: Path, what: str, content: bytes, expected: str, failure: Failure
):
    (conf / "export/default.yaml").write_bytes(content)
    with failure.raises(f"file under conf/ {what}", ConfigError, match=re.escape(expected)):
        composing.compose(Workspace.here(), ["data=synthetic"])


def test_a_file_under_conf_that_is_missing_is_one_message(conf: Path, failure: Failure):
    (conf / "train/full_batch.yaml").unlink()
    with failure.raises("file under conf/ that is missing", ConfigError, match="train/full_batch"):
        composing.compose(Workspace.here(), ["data=synthetic"])


@pytest.mark.parametrize(
    ("what", "change"), [("changed", lambda f: f.write_bytes(b"two")), ("is gone", Path.unlink)]
)
def test_a_named_file_that_changed_is_one_message(
    conf: Path, what: str, change: Callable[[Path], object], failure: Failure
):
    Path("w.npy").write_bytes(b"one")
    chosen, _ = composing.compose(Workspace.here(), ["data=synthetic", "model.weights=w.npy"])
    side_files.require_unchanged(chosen, Workspace.here())
    change(Path("w.npy"))
    with failure.raises(f"file of initial values that {what}", ConfigError, match="w.npy is missi"):
        side_files.require_unchanged(chosen, Workspace.here())


@pytest.mark.usefixtures("in_repository")
def test_unknown_keys_and_wrong_values_are_named_together():
    with pytest.raises(ConfigError) as caught:
        composing.compose(Workspace.here(), ["optimizer.rate=1", "train.step=5", "seed=x"])
    for key in ("optimizer.rate", "train.step", "seed"):
        assert f"\n  {key}: " in str(caught.value)


# What some options leave to the user.
GIVEN = {
    "data=csv": ["data.path=data/raw/sp500.csv", "data.target=close"],
    "data=idx": ["data.path=data/raw", "data.images=a", "data.labels=b"],
    "data=mnist": ["data.path=data/raw"],
    "data=custom": ["data.path=data/raw", "data._target_=benchmarks.regression.main"],
    "model=custom": ["model._target_=benchmarks.regression.main"],
    "model=graph": ["model.input=x", "model.output=y"],
    "model=transfer": ["model.graph=data/raw/sp500.csv", "model.layer=x"],
}


@pytest.mark.slow
@pytest.mark.usefixtures("in_repository")
@pytest.mark.parametrize(
    "option",
    [f"{file.parent.name}={file.stem}" for file in sorted((REPOSITORY / "conf").glob("*/*.yaml"))],
)
def test_every_option_of_every_group_fits_the_schema(option: str, tmp_path: Path):
    given = GIVEN.get(option, [])
    if option == "model=graph":
        given = [*given, f"model.graph={run_script(tmp_path / 'theirs', Script(steps=None))}"]
    composing.compose(Workspace.here(), [option, *given])


PIECES = "schedule=piecewise"


@pytest.mark.usefixtures("in_repository")
@pytest.mark.parametrize(
    ("what", "overrides", "expected"),
    [
        ("unknown distribution", ["model.weights=random_norml"], "allowed: one of zeros"),
        (
            "unknown parameter of a distribution",
            ["model.weights={name: random_normal, spread: 1}"],
            "allowed parameters of random_normal: mean, stddev",
        ),
        ("text among initial values", ["model.weights=[1,a]"], "a list of numbers"),
        ("distribution without a name", ["model.weights={name: [1]}"], "allowed: one of zeros"),
        ("device that is none", ["device.placement={one: CPU1}"], "such as /device:CPU:1"),
        ("own module without a function", ["model=custom", "model._target_=x"], "MODULE.FUNCTION"),
        (
            "own module that is not there",
            ["model=custom", "model._target_=nowhere.network"],
            "nowhere.py does not exist",
        ),
        (
            "key of another schedule",
            ["schedule=exponential", "schedule.floor=1"],
            "schedule.floor: only with schedule=cosine",
        ),
        ("boundaries that fall", [PIECES, "schedule.boundaries=[3,1]"], "ascending boundaries"),
        ("one factor too few", [PIECES, "schedule.factors=[1.0]"], "one factor more"),
        ("even number of offsets", ["data=offsets", "data.rows=4"], "allowed: an odd number"),
    ],
)
def test_a_wrong_value_says_what_is_allowed(what, overrides, expected, failure: Failure):
    with failure.raises(what, ConfigError, match=re.escape(expected)):
        composing.compose(Workspace.here(), overrides)


@pytest.mark.usefixtures("in_repository")
@pytest.mark.parametrize(
    ("what", "kind", "overrides", "expected"),
    [
        ("data", DataError, ["data.path=nowhere.csv"], "data.path=nowhere.csv: no such file"),
        ("initial values", DataError, ["model.weights=w.npy"], "model.weights=w.npy: no such file"),
        (
            "initial values of one variable",
            DataError,
            ["++model.initial.weights=w.npy"],
            "model.initial.weights=w.npy: no such file",
        ),
        (
            "checkpoint to start from",
            DataError,
            ["train.start.checkpoint=nowhere"],
            "train.start.checkpoint=nowhere: no such file",
        ),
        (
            "checkpoint in a folder without one",
            ArtifactError,
            ["train.start.checkpoint=data/raw"],
            "data/raw has no checkpoint",
        ),
        (
            "frozen graph to go on from",
            DataError,
            ["model=transfer", "model.graph=x.pb", "model.layer=x"],
            "model.graph=x.pb: no such file",
        ),
    ],
)
def test_a_named_file_that_is_missing_is_one_message(
    what: str, kind: type[PipelineError], overrides: list[str], expected: str, failure: Failure
):
    with failure.raises(f"missing: {what}", kind, match=re.escape(expected)):
        composing.compose(Workspace.here(), overrides)


@pytest.mark.usefixtures("in_repository")
def test_files_that_the_configuration_names_are_hashed(tmp_path: Path):
    file = tmp_path / "w.npy"
    file.write_bytes(b"one")
    before = composing.compose(Workspace.here(), [f"model.weights={file}"])[0].inputs
    file.write_bytes(b"two")
    after = composing.compose(Workspace.here(), [f"model.weights={file}"])[0].inputs
    assert list(before) == list(after) == [str(file)]
    assert before != after


def test_outside_a_repository_the_message_says_so(folder: Path, failure: Failure):
    expected = "root of the repository"
    with failure.raises("command outside of a repository", ConfigError, match=expected):
        composing.compose(Workspace.here())


@pytest.mark.usefixtures("in_repository")
def test_an_override_wins_over_an_experiment():
    settings, _ = composing.compose(
        Workspace.here(), ["experiment=article", "data.split=chronological"]
    )
    assert settings.data.split == "chronological"


def test_the_committed_params_are_those_of_conf(in_repository: None):
    text = composing.compose(Workspace.here())[1]
    assert (REPOSITORY / "params.yaml").read_text(encoding="utf-8") == text
