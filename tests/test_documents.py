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
