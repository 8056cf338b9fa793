"""Overrides in any form that people type: each works, or its message shows the form that does."""

import re
import shlex
from pathlib import Path

import pytest

from pipeline.config import composing, describing, overrides
from pipeline.errors import ConfigError
from pipeline.workspace import Workspace

from ..failures import Failure

pytestmark = pytest.mark.usefixtures("in_repository")

TEXTS = [
    "Body Mass (g)",
    "Größe",
    "表",
    "2020",
    "007",
    "1e5",
    "1_000",
    "-3.50",
    "true",
    "nan",
    "y=x",
    "#rooms",
    "a:b",
    "[km]",
    "{a}",
    "{a: b}",
    "log(price)",
    "int(x)",
    "it's",
    'say "x"',
    "50%",
    "a\\b",
    "$",
    "~a",
    "a;b|c&d<e>f",
    "a\tb",
    "!?*^`@",
    "houses (1).csv",
    "a=b.csv",
    "null island",
    "x (a), y (b)",
]

# They have a meaning in Hydra's grammar; the message shows how to write the text.
AMBIGUOUS = ["a,b", "null", "choice(a,b)", "range(1,2)", "Doe, J.csv"]

TEXT_KEYS = ["data.target", "data.split_column", "data.date_column", "tracking.experiment"]


def chosen(*given: str) -> object:
    return overrides.choose(given, Workspace.here()).values


@pytest.mark.parametrize("key", TEXT_KEYS)
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_taken_as_it_is_written(key: str, text: str):
    section, name = key.split(".")
    expected = ["km"] if (key, text) == ("data.target", "[km]") else text  # it may be a list
    assert chosen(f"{key}={text}")[section][name] == expected  # type: ignore[index]


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_the_quoting_that_a_message_shows_works(text: str, tmp_path: Path):
    (tmp_path / "a.csv").touch()
    given = ["data=csv", f"data.path={tmp_path / 'a.csv'}"]
    with pytest.raises(ConfigError) as caught:
        composing.compose(Workspace.here(), [*given, f"data.target={text}"])
    shown = str(caught.value).rpartition("text: ")[2]
    settings, _ = composing.compose(Workspace.here(), [*given, *shlex.split(shown)])
    assert settings.data.target == text


def test_names_in_a_list_may_be_numbers():
    assert chosen("data.features=[2020,1e5,a b,'c,d']") is not None
    assert chosen("data.features=[2020,1e5,a b]")["data"]["features"] == ["2020", "1e5", "a b"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("data.features=[größe,Body Mass (g)]", ["größe", "Body Mass (g)"]),
        ("data.features=age,Size", ["age", "Size"]),
    ],
)
def test_a_list_that_does_not_fit_is_shown_as_it_does(given: str, expected: list[str]):
    with pytest.raises(ConfigError) as caught:
        chosen(given)
    (shown,) = shlex.split(str(caught.value).rpartition(": ")[2])
    assert chosen(shown)["data"]["features"] == expected  # type: ignore[index]


WHOLE = [
    key
    for key in dict(describing.list_parameters())
    if describing.takes_whole(key) and key.split(".")[0] not in ("data", "schedule", "model")
]


@pytest.mark.parametrize("key", [*WHOLE, "model.hidden"])
def test_every_whole_number_may_have_an_exponent(key: str):
    given = ["model=mlp"] if key.startswith("model") else ["train=stream", "train.stream=false"]
    value = "[2e2]" if key.startswith("model") else "2e2" if "index" not in key else "1e1"
    if key == "train.window":
        value = "1e5"
    if key == "train.validation.patience":
        given.append("train.validation.every=1e1")
    settings, text = composing.compose(Workspace.here(), [*given, f"{key}={value}"])
    assert ".0\n" not in "\n".join(line for line in text.splitlines() if key.split(".")[-1] in line)
    assert settings.seed == (200 if key == "seed" else 0)


@pytest.mark.parametrize("given", ["train.steps=1.5", "train.steps=1e-1", "train.steps=nan"])
def test_other_numbers_stay_refused(given: str):
    with pytest.raises(ConfigError, match=r"train\.steps: got .*allowed: whole number"):
        composing.compose(Workspace.here(), [given])


@pytest.mark.parametrize("group", ["experiment", "debug"])
def test_a_group_that_is_no_section_may_be_null(group: str):
    default = composing.compose(Workspace.here())[1]
    given = [f"{group}=null", f"+{group}=null", f"++{group}=null", f"~{group}"]
    choices = {override: overrides.choose([override], Workspace.here()) for override in given}
    assert all(choice == choices[f"{group}=null"] for choice in choices.values())
    assert composing.compose_choice(choices[f"~{group}"], Workspace.here())[1] == default


@pytest.mark.parametrize("given", ["experiment=article", "model=mlp", "debug=smoke"])
def test_an_option_may_have_a_plus(given: str):
    plain = overrides.choose([given], Workspace.here())
    for sign in ("+", "++"):
        assert overrides.choose([f"{sign}{given}"], Workspace.here()) == plain


@pytest.mark.parametrize(
    ("what", "given", "expected"),
    [
        ("key of hydra itself", ["hydra.run.dir=x"], "hydra.run.dir has no effect"),
        ("group of hydra itself", ["hydra/launcher=joblib"], "hydra/launcher has no effect"),
        ("added key of hydra itself", ["+hydra.verbose=true"], "hydra.verbose has no effect"),
        ("another package for an option", ["model@other=mlp"], "write model=OPTION"),
        ("item of a list", ["model.hidden.0=3"], "write the whole list: model.hidden=[…]"),
        ("value that the shell split", ["data.path=my", "houses.csv"], "'data.path=my houses.csv'"),
        ("defaults as a key", ["defaults=[x]"], "write GROUP=OPTION"),
        ("text for a number", ["seed=(3)"], "seed may be: whole number ≥ 0"),
        ("unknown key with a text", ["data.tagret=Body (g)"], "nearest: data.target"),
        ("option with a strange name", ["experiment=größe (1)"], "no such option; it has article"),
        (
            "text for any value",
            ["model=custom", "model.options.x=Body (g)"],
            "put a text in quotes: 'model.options.x=\"Body (g)\"'",
        ),
        ("key with an umlaut", ["model.options.größe=1 (g)"], "write others in conf/"),
    ],
)
def test_what_cannot_be_is_one_message(what, given, expected, failure: Failure):
    with failure.raises(what, ConfigError, match=re.escape(expected)):
        composing.compose(Workspace.here(), given)
