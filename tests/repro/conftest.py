"""The job that is killed, and its results when it is not, for all modules and workers."""

import compileall
import dataclasses
import json
from pathlib import Path

import pytest

from ..conftest import Clone, clone, once
from ..torture import Whole, prepared, run_whole


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which nothing has run, prepared to train for some seconds."""

    def make(to: Path) -> None:
        compileall.compile_dir(prepared(clone(to)).path / "src", quiet=1)  # for all its copies

    return Clone(once(tmp_path_factory, "template", make))


@pytest.fixture(scope="session")
def whole(template: Clone, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The job of `template` when nobody kills it."""

    def make(to: Path) -> None:
        made = run_whole(template, to.with_suffix(".run"))
        to.write_text(json.dumps(dataclasses.asdict(made)), encoding="utf-8")

    return Whole(**json.loads(once(tmp_path_factory, "whole.json", make).read_text("utf-8")))
