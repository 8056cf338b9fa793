"""Folders that a repository cannot work in are refused before anything is written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.repository import folder
from pipeline.workspace import Workspace

REFUSED = {
    "a?b": "'?' in its path",
    "a%2Fb": "%2F in its path",
    "a%41": "%41 in its path",
    "100%25": "%25 in its path",
    "a\nb": "a control character",
    "a:b": "':' in its path",
    "${x}": "'{' or '}' in its path",
    "a[x]": "one of [ ] \\",
    "a\\b": "one of [ ] \\",
    "a\udcffb": "a name that is not UTF-8",
}
TAKEN = [
    "a b",
    "a#b",
    "100%",
    "100% x",
    "a;b",
    "it's",
    'a"b',
    "'\"",
    "über",
    "日本",
    "a&b=c",
    "$HOME",
]


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_is_refused(tmp_path: Path, name: str, failure):
    with failure.raises(
        f"Repository in a folder {name!r}", ConfigError, "move the repository"
    ) as _:
        folder.require_usable(Workspace(tmp_path / name))
    with pytest.raises(ConfigError) as caught:
        folder.require_usable(Workspace(tmp_path, tmp_path / name / "below"))
    assert REFUSED[name] in str(caught.value)


@pytest.mark.parametrize("name", TAKEN)
def test_a_name_is_taken(tmp_path: Path, name: str):
    folder.require_usable(Workspace(tmp_path / name))


@pytest.mark.parametrize("command", [["pipeline", "sync"], ["pipeline.stages", "config"]])
def test_verbs_and_stages_refuse_it(tmp_path: Path, command: list[str]):
    home = tmp_path / "a?b"
    home.mkdir()
    (home / "dvc.yaml").touch()
    environment = {key: value for key, value in os.environ.items() if key != "DVC_ROOT"}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=home, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, "move the repository" in done.stderr) == (2, True)
    assert [path.name for path in tmp_path.rglob("*")] == ["a?b", "dvc.yaml"]
