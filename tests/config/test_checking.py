"""params.yaml is checked against the schema, and all mistakes are named at once."""

import re
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from pipeline.config import checking
from pipeline.errors import ConfigError

from ..failures import Failure
from .values import given, refused


def test_all_mistakes_are_named_at_once(values, failure: Failure):
    values["optimizer"]["learning_rat"] = 0.1
    values["train"]["steps"] = "many"
    values["data"]["test_share"] = 1.5
    del values["seed"]
    with failure.raises("several mistakes at once", ConfigError, match="4 mistakes"):
        checking.check(values, "params.yaml")
    message = refused(values)
    assert message.startswith("params.yaml: 4 mistakes")
    assert "optimizer.learning_rat: unknown key; nearest: optimizer.learning_rate" in message
    assert "train.steps: got 'many' (text); allowed: whole number ≥ 0" in message
    assert "data.test_share: got 1.5 (number); allowed: number > 0 and < 1" in message
    assert "seed: missing; allowed: whole number" in message


@pytest.mark.parametrize(
    ("what", "key", "value", "expected"),
    [
        ("true for a whole number", "seed", True, "got True (true/false)"),
        ("number below its bound", "seed", -1, "got -1"),
        ("number above its bound", "evaluation.figures.dpi", 10**6, "≤ 600"),
        ("fraction for a whole number", "seed", 1.5, "got 1.5 (number)"),
        ("null where none may be", "train.steps", None, "got null"),
        ("text for true or false", "train.stream", "yes", "allowed: true or false"),
        ("NaN", "optimizer.learning_rate", float("nan"), "got nan"),
        ("infinity", "optimizer.learning_rate", float("inf"), "got inf"),
        ("text for a number", "optimizer.learning_rate", "0.1", "got '0.1' (text)"),
        ("number for text", "tracking.experiment", 7, "got 7 (whole number)"),
        ("list for text", "data.path", ["a", "b"], "got ['a', 'b'] (list)"),
        ("mapping for a number", "train.steps", {"many": 1}, "got a section"),
        ("text that is empty", "data.path", "", "got ''"),
        ("text that is too long", "tracking.experiment", "x" * 201, "text of 1 to 200 characters"),
        ("list that is too long", "export.devices", ["cpu"] * 3, "a list of at most 2"),
        ("wrong value in a list", "export.devices", ["cpu", "tpu"], "export.devices.1: got 'tpu'"),
        ("unknown choice", "data.split", "rand", "one of auto, chronological, random"),
        ("unknown choice of a group", "optimizer.name", "adm", "nearest: adam"),
        ("number for a group", "optimizer", 3, "got 3 (whole number)"),
        ("null for a group", "model", None, "got null"),
        ("list for a section", "evaluation.parity", [], "a section with its own keys"),
        ("key that is a number", "inputs", {1: "a"}, "inputs.1"),
        ("unknown key with brackets", "train.steps[0]", 1, "unknown key; nearest: train.steps"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(values, what, key, value, expected, failure):
    with failure.raises(what, ConfigError, match=re.escape(expected)):
        checking.check(given(values, key, value), "params.yaml")
    assert f"\n  {key}" in refused(given(values, key, value))


@pytest.mark.parametrize(
    ("what", "key", "value", "expected"),
    [
        ("streamed rows without a window", "train.stream", True, "stream with a window, such as"),
        ("window without a batch size", "train.window", 10, "window with a batch_size that is not"),
    ],
)
def test_keys_that_do_not_fit_together_are_said(values, what, key, value, expected, failure):
    section = key.rpartition(".")[0]
    message = f"\n  {section}: keys that do not fit together; allowed: {expected}"
    with failure.raises(what, ConfigError, match=re.escape(message)):
        checking.check(given(values, key, value), "params.yaml")


def test_a_key_is_explained_as_the_chosen_option_has_it(values, failure: Failure):
    lenet = {"name": "lenet", "filters": [6]}
    expected = re.escape("model.filters: got [6] (list); allowed: a list of 2, each")
    with failure.raises("list that is too short", ConfigError, match=expected):
        checking.check({**values, "model": {**values["model"], **lenet}}, "params.yaml")


def test_an_option_of_another_group_member_is_unknown(values, failure: Failure):
    values["optimizer"]["beta1"] = 0.9  # Adam's, and gradient descent is chosen
    expected = "optimizer.beta1: only with optimizer=adam"
    with failure.raises("key of another option", ConfigError, match=expected):
        checking.check(values, "params.yaml")
    values["model"]["hidden"] = [3]
    assert "model.hidden: only with model=mlp" in refused(values)


@pytest.mark.parametrize("wrong", [None, [], "text", 3])
def test_anything_but_a_mapping_is_refused(wrong):
    assert "must be a mapping" in refused(wrong)


def test_exponents_are_numbers_as_in_hydra_and_dvc(values, folder: Path):
    values["optimizer"]["learning_rate"] = 0.001
    text = OmegaConf.to_yaml(OmegaConf.create(values)).replace("0.001", "1e-3")
    assert "1e-3" in text
    (folder / "params.yaml").write_text(text)
    assert checking.read_settings(folder / "params.yaml").optimizer.learning_rate == 0.001


@pytest.mark.parametrize(
    ("what", "content", "expected"),
    [
        ("that is missing", None, "params.yaml is missing; `pipeline run` composes it"),
        ("that is empty", b"", "params.yaml is empty"),
        ("with comments alone", b"# seed: 0\n", "params.yaml is empty"),
        ("that is a list", b"- 1", "must be a mapping"),
        ("that is a number", b"42", "cannot be read"),
        ("with an open bracket", b"a: [", "cannot be read: while parsing a flow"),
        ("with a tab", b"a:\n\tb: 1", "cannot be read: while scanning"),
        ("with a key twice", b"seed: 1\nseed: 2", "found duplicate key seed"),
        ("with a NUL byte", b"\0", "cannot be read"),
        ("that is no text", b"\xff\xfe\xfd", "cannot be read: 'utf-8' codec"),
        ("that refers to what is not there", b"a: ${b}", "Interpolation key 'b' not found"),
        ("that refers to itself", b"a: ${a}", "cannot be read"),
        ("with a resolver of one's own", b"a: ${mine:1}", "Unsupported interpolation type mine"),
        ("that reads the environment", b"a: ${oc.env:HOME}", "reads the environment"),
    ],
)
def test_a_damaged_file_is_one_message(
    folder: Path, what: str, content: bytes | None, expected: str, failure: Failure
):
    if content is not None:
        (folder / "params.yaml").write_bytes(content)
    with failure.raises(f"params.yaml {what}", ConfigError, match=re.escape(expected)):
        checking.read_settings(folder / "params.yaml")


def test_a_folder_in_the_place_of_the_file_is_one_message(folder: Path, failure: Failure):
    (folder / "params.yaml").mkdir()
    with failure.raises("params.yaml that is a folder", ConfigError, match="Is a directory"):
        checking.read_settings(folder / "params.yaml")
