"""params.yaml is checked against one schema, and every mistake is named at once."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from pipeline import composition, parameters
from pipeline.errors import ConfigError

from .conftest import REPOSITORY


@pytest.fixture
def values(in_repository):
    """The values of conf/ without overrides."""
    return OmegaConf.to_container(OmegaConf.create(composition.composed()[1]))


def refused(values) -> str:
    with pytest.raises(ConfigError) as caught:
        parameters.check(values, "params.yaml")
    return str(caught.value)


def test_all_mistakes_are_named_at_once(values):
    values["optimizer"]["learning_rat"] = 0.1
    values["train"]["steps"] = "many"
    values["data"]["test_share"] = 1.5
    del values["seed"]
    message = refused(values)
    assert message.startswith("params.yaml: 4 mistakes")
    assert "optimizer.learning_rat: unknown key; nearest: optimizer.learning_rate" in message
    assert "train.steps: got 'many' (text); allowed: whole number ≥ 1" in message
    assert "data.test_share: got 1.5 (number); allowed: number > 0 and < 1" in message
    assert "seed: missing; allowed: whole number" in message


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("seed", True, "got True (true/false)"),
        ("seed", -1, "got -1"),
        ("seed", 1.5, "got 1.5 (number)"),
        ("train.steps", 0, "got 0"),
        ("train.steps", None, "got null"),
        ("train.xla", "yes", "allowed: true or false"),
        ("optimizer.learning_rate", float("nan"), "got nan"),
        ("optimizer.learning_rate", float("inf"), "got inf"),
        ("optimizer.learning_rate", "0.1", "got '0.1' (text)"),
        ("optimizer.name", "adm", "nearest: adam"),
        ("optimizer", 3, "got 3 (whole number)"),
        ("model", None, "got null"),
        ("data.split", "rand", "one of chronological, random"),
        ("data.path", "", "got ''"),
        ("evaluation.parity", [], "a section with keys of its own"),
        ("evaluation.figures.dpi", 10**6, "≤ 600"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(values, key, value, expected):
    *above, last = key.split(".")
    section = values
    for name in above:
        section = section[name]
    section[last] = value
    message = refused(values)
    assert f"\n  {key}" in message
    assert expected in message


def test_an_option_of_another_group_member_is_unknown(values):
    values["optimizer"]["beta1"] = 0.9  # Adam's, and gradient descent is chosen
    assert "optimizer.beta1: only with optimizer=adam" in refused(values)
    values["model"]["hidden"] = [3]
    assert "model.hidden: only with model=mlp" in refused(values)


@pytest.mark.parametrize("wrong", [None, [], "text", 3])
def test_anything_but_a_mapping_is_refused(wrong):
    assert "must hold a mapping" in refused(wrong)


def test_exponents_are_numbers_as_in_hydra_and_dvc(values, folder: Path):
    values["optimizer"]["learning_rate"] = 0.001
    text = OmegaConf.to_yaml(OmegaConf.create(values)).replace("0.001", "1e-3")
    assert "1e-3" in text
    (folder / "params.yaml").write_text(text)
    assert parameters.load(folder / "params.yaml").optimizer.learning_rate == 0.001


@pytest.mark.parametrize("text", ["a: [", "\x00", "a: ${b}", "- 1", "42"])
def test_a_damaged_file_is_one_message(folder: Path, text: str):
    (folder / "params.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"params\.yaml"):
        parameters.load(folder / "params.yaml")


def test_every_parameter_has_a_meaning_and_stands_in_the_documentation():
    documented = (REPOSITORY / "docs/parameters.md").read_text(encoding="utf-8")
    assert documented == parameters.as_markdown(), "run: make docs"
    for key, field in parameters.declared():
        if key.split(".")[-1] not in ("name", "source"):  # selectors
            assert field.description, key
