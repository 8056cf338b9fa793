"""What DVC keeps in a repository is restored, and DVC says nothing of its own about it."""

from pathlib import Path

import pytest

from pipeline.repository import dvc
from pipeline.workspace import Workspace

pytestmark = pytest.mark.slow

STAGE = """
stages:
  make:
    cmd: mkdir folder && echo 1 > folder/file && echo 2 > file
    outs:
      - file
      - folder
"""


@pytest.fixture
def repository(folder: Path) -> Workspace:
    """A stage has run, and its outs were removed, as before it runs again."""
    from dvc.repo import Repo

    (folder / ".dvc/tmp").mkdir(parents=True)
    (folder / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    (folder / "dvc.yaml").write_text(STAGE)
    with Repo(str(folder)) as repo:
        repo.reproduce()
    (folder / "file").unlink()
    (folder / "folder/file").unlink()
    (folder / "folder").rmdir()
    return Workspace(folder)


def test_the_outs_of_a_failed_stage_come_back(repository: Workspace):
    dvc.restore_missing_outs("make", repository)
    assert repository.path("file").read_text() == "2\n"
    assert repository.path("folder/file").read_text() == "1\n"


def test_nothing_is_said_of_outs_that_are_not_in_the_cache(repository: Workspace, caplog, capfd):
    """As in a new clone, in which dvc.lock has outs that nobody has made there."""
    repository.path(".dvc/cache").rename(repository.path("elsewhere"))
    caplog.clear()
    capfd.readouterr()
    dvc.restore_missing_outs("make", repository)
    assert not repository.path("file").exists()
    assert caplog.messages == []
    assert capfd.readouterr() == ("", "")
