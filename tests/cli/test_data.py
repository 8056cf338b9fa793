"""`pipeline data` prints a profile and writes nothing; stage `prepare` writes the page."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import cli
from pipeline.config import composing
from pipeline.reporting import console
from pipeline.stages import prepare
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY

OVERRIDES = ["data=csv", "data.path=own.csv", "data.target=y"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that Git does not know, with conf/ and a table with a leak and gaps."""
    shutil.copytree(REPOSITORY / "conf", tmp_path / "conf")
    monkeypatch.chdir(tmp_path)
    a, y = np.random.default_rng(0).normal(size=(2, 100))
    table = pd.DataFrame({"a": a, "twice": 2 * y, "gaps": a[::-1], "y": y})
    table.loc[3:9, "gaps"] = np.nan
    table.to_csv(tmp_path / "own.csv", index=False)
    return tmp_path


def test_the_verb_prints_and_writes_nothing(folder, capsys):
    before = sorted(folder.rglob("*"))
    assert cli.main(["data", *OVERRIDES, "data.missing=fail"]) == 0
    out, err = capsys.readouterr()
    assert "POSSIBLE LEAK: column 'twice' is an exact linear function of the target 'y'" in out
    assert "own.csv: 100 rows, 3 features; a regression of y" in out
    assert "set data.missing=drop, mean or median" in err
    assert sorted(folder.rglob("*")) == before
    assert cli.main(["data", *OVERRIDES, "data.missing=mean"]) == 0
    assert capsys.readouterr().err == ""


def test_a_mistake_is_one_message(folder, capsys):
    assert cli.main(["data", "data=csv", "data.path=other.csv", "data.target=y"]) == 3
    assert "other.csv" in capsys.readouterr().err


def test_prepare_writes_the_page_and_warns_of_leaks(folder, capsys):
    workspace = Workspace(folder)
    settings, _ = composing.compose(workspace, [*OVERRIDES, "data.missing=mean"])
    pages = []
    for _ in range(2):
        with console.show_messages(workspace, "normal"):
            prepare.run(settings, workspace)
        pages.append(workspace.profile.read_bytes())
        said = "warning: own.csv: column 'twice' is an exact linear function of the target 'y'\n"
        assert capsys.readouterr().err == said
    assert pages[0] == pages[1]
    assert b"exact linear function" in pages[0]
    assert str(folder).encode() not in pages[0]
