"""conf/ and overrides become params.yaml, or one message."""

from pathlib import Path

import pytest

from pipeline import composition
from pipeline.errors import ConfigError, PipelineError

from .conftest import REPOSITORY


@pytest.mark.usefixtures("in_repository")
@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["model=mpl"], "nearest: mlp"),
        (["model=linear,mlp"], "a run takes one"),
        (["a b"], "Hydra's grammar"),
        (["=3"], "Hydra's grammar"),
        (["optimizer.learning_rat=1"], "nearest: optimizer.learning_rate"),
        (["nonsense.key=1"], "nonsense: unknown key"),
        (["data=csv"], "data.target: missing"),
        (["train=3"], "it has full_batch, minibatch"),
        (["seed=${oc.env:HOME}"], "reads the environment"),
        (["seed=${nowhere}"], "nowhere"),
        (["~seed"], "seed: missing"),
        (["modle=mlp"], "modle: unknown key; nearest: model"),
        (["model=null"], "conf/model has no such option"),
        (["experiment=null"], "conf/experiment has no such option"),
        (["model.hidden=[10]"], "model.hidden: only with model=mlp"),
    ],
)
def test_a_wrong_override_is_one_message(overrides, expected):
    with pytest.raises(ConfigError) as caught:
        composition.composed(overrides)
    assert expected in str(caught.value)


@pytest.mark.usefixtures("in_repository")
def test_unknown_keys_and_wrong_values_are_named_together():
    with pytest.raises(ConfigError) as caught:
        composition.composed(["optimizer.rate=1", "train.step=5", "seed=x"])
    for key in ("optimizer.rate", "train.step", "seed"):
        assert f"\n  {key}: " in str(caught.value)


# What some options leave to the user.
GIVEN = {
    "data=csv": ["data.path=data/raw/sp500.csv", "data.target=close"],
    "data=idx": ["data.path=data/raw", "data.images=a", "data.labels=b"],
    "data=mnist": ["data.path=data/raw"],
    "data=custom": ["data.path=data/raw", "data._target_=benchmarks.regression.main"],
    "model=custom": ["model._target_=benchmarks.regression.main"],
    "model=transfer": ["model.graph=data/raw/sp500.csv", "model.layer=x"],
}


@pytest.mark.usefixtures("in_repository")
@pytest.mark.parametrize(
    "option",
    [f"{file.parent.name}={file.stem}" for file in sorted((REPOSITORY / "conf").glob("*/*.yaml"))],
)
def test_every_option_of_every_group_fits_the_schema(option: str):
    composition.composed([option, *GIVEN.get(option, [])])


@pytest.mark.usefixtures("in_repository")
@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["model.weights=random_norml"], "allowed: one of zeros"),
        (["model.weights={name: random_normal, spread: 1}"], "parameters of random_normal are"),
        (["model.weights=[1,a]"], "a list of numbers"),
        (["model.weights=nowhere.npy"], "model.weights=nowhere.npy: no such file"),
        (["device.placement={hidden_1: CPU1}"], "a device such as /device:CPU:1"),
        (["model=custom", "model._target_=nowhere.network"], "there is no nowhere.py here"),
        (["model=custom", "model._target_=network"], "allowed: MODULE.FUNCTION"),
        (["schedule=exponential", "schedule.floor=1"], "schedule.floor: only with schedule=cosine"),
        (["model.weights={name: [1]}"], "allowed: one of zeros"),
        (["schedule=piecewise", "schedule.boundaries=[3,1]"], "allowed: ascending boundaries"),
        (["schedule=piecewise", "schedule.factors=[1.0]"], "one factor more than boundaries"),
        (["train.validation.patience=3"], "allowed: patience with `every`"),
        (["train.start.checkpoint=data/raw"], "data/raw has no checkpoint"),
        (["train.start.checkpoint=nowhere"], "train.start.checkpoint=nowhere: no such file"),
    ],
)
def test_a_wrong_value_says_what_is_allowed(overrides, expected):
    with pytest.raises(PipelineError) as caught:
        composition.composed(overrides)
    assert expected in str(caught.value)


@pytest.mark.usefixtures("in_repository")
def test_files_that_the_configuration_names_are_hashed(tmp_path: Path):
    file = tmp_path / "w.npy"
    file.write_bytes(b"one")
    before = composition.composed([f"model.weights={file}"])[0].inputs
    file.write_bytes(b"two")
    after = composition.composed([f"model.weights={file}"])[0].inputs
    assert list(before) == list(after) == [str(file)]
    assert before != after


def test_outside_a_repository_the_message_says_so(folder: Path):
    with pytest.raises(ConfigError, match="root of the repository"):
        composition.composed()


@pytest.mark.usefixtures("in_repository")
def test_an_override_wins_over_an_experiment():
    settings, _ = composition.composed(["experiment=article", "data.split=chronological"])
    assert settings.data.split == "chronological"


def test_the_committed_params_are_those_of_conf(in_repository: None):
    text = composition.composed()[1]
    assert (REPOSITORY / "params.yaml").read_text(encoding="utf-8") == text
