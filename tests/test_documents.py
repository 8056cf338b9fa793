"""Commands and files that the documents name are there."""

import re
import shlex
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.config import composing as composition
from pipeline.workspace import Workspace

from .conftest import REPOSITORY

CONCEPTS = (REPOSITORY / "docs/concepts.md").read_text(encoding="utf-8")
QUOTED = [" ".join(text.split()) for text in re.findall(r"`([^`]+)`", CONCEPTS)]


def test_the_ideas_are_in_order():
    assert re.findall(r"^\| (\d+) \|", CONCEPTS, re.MULTILINE) == [str(n) for n in range(1, 18)]


def test_files_that_are_named_exist():
    named = [text for text in QUOTED if re.fullmatch(r"(src|tests|conf)/[\w/.]+", text)]
    assert len(named) > 20
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


@pytest.fixture
def repository(folder: Path) -> Path:
    """A folder with conf/ and data/, and what the documents' commands take as given."""
    for name in ("conf", "data"):
        (folder / name).symlink_to(REPOSITORY / name)
    for name in ("base/model.pb", "FOLDER/checkpoint"):
        (folder / name).parent.mkdir()
        (folder / name).touch()
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted({t for t in QUOTED if t.startswith("pipeline run ")}))
def test_every_run_composes(repository: Path, command: str):
    _, _, *overrides = shlex.split(command)
    composition.compose(Workspace.here(), overrides)


@pytest.mark.parametrize("command", [t for t in QUOTED if t.startswith("pipeline ")])
def test_every_verb_takes_its_arguments(command: str):
    _, *arguments = shlex.split(command)
    cli._parser().parse_args(arguments)


# How a remedy begins: with what to do, with what to type, or with the values to choose among.
VERBS = (
    "add change choose close convert copy create decompress do download drop end fill fix free give"
    " go keep kill leave let list make move name put quote remove rename replace return run save"
    " see set sort start train try use wait write"
)
BEGINS = "(?:^|[;:,—] | or | and )(?:or |first |then )?"
REMEDIES = [
    re.compile(pattern)
    for pattern in (
        f"{BEGINS}(?:{'|'.join(VERBS.split())}) [-\\w'\"<…%]",
        f"{BEGINS}'?(?:pipeline|dvc|git|make|mlflow|cp|rm) [-.\\w]",
        # `data.missing=drop leaves such rows out`
        "(?:[;,] | or )['\"]?[a-z_]+(?:\\.[a-z_]+)*=.+? (?:counts|draws|leaves|reads|takes) ",
        "; allowed(?: parameters of \\w+)?: | may be: |: only with \\w+=",
        "; nearest: |: conf/\\w+ has no such option; it has ",
    )
]
# The program goes on by itself.
NOTHING_TO_DO = ("the training begins anew", "trying the one before")
ROW = re.compile(r"\| (.+?) \| `(.+)` \| \d+ \| (\S+) `\w+` \|")


def _has_remedy(message: str) -> bool:
    return any(pattern.search(message) for pattern in REMEDIES)


def test_every_failure_says_what_to_do():
    text = (REPOSITORY / "docs/failures.md").read_text(encoding="utf-8")
    rows = [found.groups() for line in text.splitlines() if (found := ROW.fullmatch(line))]
    assert f"\n{len(rows)} rows.\n" in text
    bare = [
        (what, message)
        for what, message, _ in rows
        if not _has_remedy(message)
        and not message.endswith(NOTHING_TO_DO)
        and not message.startswith("ERROR: ")  # DVC's own
    ]
    assert bare == []


@pytest.mark.parametrize(
    "message",
    [
        "table.csv is empty; rows are needed",
        "conf/ cannot be composed: Interpolation key 'nowhere' not found",
        "data._target_=own.load returned examples that do not fit: label must be [3, 1], not [3]",
        "own.csv: column 'part' has 'exam'; data.split_column may contain train, validation, test",
        "the MLflow store mlflow.db cannot be used: database is locked",
        "own.csv: data.date_format='%Q': 'Q' is a bad directive in format '%Q'",
        "model.ckpt-20 does not fit: network/weights has shape [8, 8]; it has global_step",
        "the model takes 3 features, and is given 4",
        "the first run failed: ZeroDivisionError",
    ],
)
def test_a_message_without_a_remedy_is_found(message: str):
    assert not _has_remedy(message)
