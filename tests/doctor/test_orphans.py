"""Stages that work on after their dvc is gone."""

import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from pipeline.doctor import processes as orphans
from pipeline.doctor.finding import Level
from pipeline.doctor.processes import others
from pipeline.repository import processes as work
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY
from .conftest import dvc, mended, one, text, until

STAGE = f"{sys.executable} -m pipeline.stages prepare"


@pytest.fixture
def waiting(place):
    """A stage that begins waits for another one."""
    with FileLock(".dvc/tmp/stage.lock"):
        yield


def stages() -> list[str]:
    return [
        work.described(p)
        for p in work.processes(Workspace.here())
        if "prepare" in work.described(p)
    ]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_stage_whose_parent_ended_before_it_could_ask_the_kernel(waiting, begin, failure):
    begin("sh", "-c", f"{STAGE} &", DVC_STAGE="prepare").wait()
    until(stages)
    said = text(orphans.orphans(Workspace.here()))
    failure.said("a stage whose dvc is gone", said, "is running although its dvc has ended")
    begun = time.monotonic()
    assert mended(orphans.orphans).endswith("has ended")
    assert time.monotonic() - begun < orphans.SECONDS_TO_END  # it was asked to
    assert not stages()
    assert not list(orphans.orphans(Workspace.here()))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_stage_that_does_not_listen_is_made_to_end(waiting, begin, monkeypatch):
    monkeypatch.setattr(orphans, "SECONDS_TO_END", 2)
    begin("sh", "-c", f"{STAGE} &", DVC_STAGE="prepare").wait()
    until(stages)
    for process in work.processes(Workspace.here()):
        process.suspend()
    mended(orphans.orphans)
    assert not stages()


def test_a_stage_under_dvc_and_one_begun_by_hand_are_none(waiting, place, begin):
    place.edit("dvc.yaml", "exec sleep 60", f"exec {STAGE}")
    begin(*dvc("repro"))
    until(stages)
    assert not list(orphans.orphans(Workspace.here()))
    begin(*STAGE.split())
    until(lambda: len(stages()) == 2)
    assert not list(orphans.orphans(Workspace.here()))
    assert "at work" in str(one(others(Workspace.here()), Level.OK))


@pytest.mark.parametrize(
    ("command", "works"),
    [
        ("/usr/bin/python3 -m dvc repro", True),
        ("/venv/bin/python /venv/bin/dvc exp run", True),
        ("/usr/bin/dvc status", True),
        ("python -X dev -u -m pipeline.stages train", True),
        ("python -m pipeline sweep model=linear,mlp", False),
        ("/venv/bin/pipeline run", False),
        ("python -m pipeline doctor --fix", False),
        ("python -m pipeline ui", False),
        ("python -m pytest dvc", False),
        ("vim dvc", False),
        ("python", False),
        ("", False),
    ],
)
def test_who_changes_results(command, works):
    assert work.is_worker(command.split()) is works


def test_the_work_of_others_is_theirs(place, begin, tmp_path_factory):
    """A process that works in another repository is not at work here."""
    elsewhere: Path = tmp_path_factory.mktemp("elsewhere")
    command = f"cd {elsewhere} && mkdir -p .dvc/tmp && exec {STAGE}"
    with FileLock(elsewhere / "stage.lock"):
        begin("sh", "-c", command, PYTHONPATH=str(REPOSITORY / "src"))
        assert work.at_work(Workspace.here()) == []
