"""docs/extending.md does what it says: each of its sections is applied to a clone, and run.

A section consists of steps, lines such as ``Write `conf/model/NAME.yaml`:``, each followed by a
block of code, and ends with the commands to run. At most three files are changed.
"""

import re
import shlex
import sys
from dataclasses import dataclass

import pytest

from ..conftest import REPOSITORY, Clone

pytestmark = pytest.mark.repro

MOST_FILES = 3

STEP = re.compile(
    r"^(?P<do>Write|Append to|Change) `(?P<file>[^`]+)`:\n\n```\w*\n(?P<code>.*?)\n```$",
    re.MULTILINE | re.DOTALL,
)
COMMANDS = re.compile(r"^Run:\n\n```\n(?P<commands>.*?)\n```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Section:
    """One section of the page."""

    title: str
    text: str

    @property
    def steps(self) -> list[dict[str, str]]:
        return [found.groupdict() for found in STEP.finditer(self.text)]

    @property
    def files(self) -> set[str]:
        return {step["file"] for step in self.steps}

    @property
    def commands(self) -> list[list[str]]:
        found = COMMANDS.search(self.text)
        return [shlex.split(line) for line in found["commands"].splitlines()] if found else []


def sections() -> list[Section]:
    """Return the sections but the first, which leaves the package as it is."""
    page = (REPOSITORY / "docs/extending.md").read_text(encoding="utf-8")
    parts = re.split(r"^## ", page, flags=re.MULTILINE)[2:]
    return [Section(*part.split("\n", 1)) for part in parts]


def apply(step: dict[str, str], clone: Clone) -> None:
    file, code = clone.path / step["file"], step["code"]
    if step["do"] == "Write":
        assert not file.exists(), file
        file.write_text(f"{code}\n", encoding="utf-8")
        return
    text = file.read_text(encoding="utf-8")
    if step["do"] == "Append to":
        file.write_text(f"{text}\n\n{code}\n", encoding="utf-8")
        return
    before, after = (
        "\n".join(line[1:] for line in code.splitlines() if line[0] in signs)
        for signs in ("- ", "+ ")
    )
    assert text.count(before) == 1, f"{step['file']} has {text.count(before)} times {before!r}"
    file.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.title)
def test_a_section_works_as_it_is_written(section: Section, copy: Clone):
    assert section.steps, "nothing to do"
    assert section.commands, "nothing to run"
    assert len(section.files) <= MOST_FILES, section.files
    for step in section.steps:
        apply(step, copy)
    for program, *arguments in section.commands:
        if program == "pipeline":
            copy.pipeline(*arguments)
        else:
            assert program == "dvc"
            copy.succeed(sys.executable, "-m", "dvc", *arguments)
