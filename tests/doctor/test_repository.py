"""What DVC refuses, and what killed processes leave in its files; DVC itself is asked each time."""

import json
import logging
import os
import subprocess
import threading
from pathlib import Path

import pytest

from pipeline.doctor import leftovers, locks, repository
from pipeline.doctor.finding import Level
from pipeline.doctor.processes import others
from pipeline.errors import BusyError
from pipeline.repository import processes as work
from pipeline.workspace import Workspace

from .conftest import dvc, mended, one, text, until

RWLOCK = Path(".dvc/tmp/rwlock")


def refusal() -> str:
    """Return why DVC refuses to look at the repository; nothing if it does not."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            repo.status()
    except DvcException as error:
        return str(error)
    return ""


def entry(pid: int, command: str = "dvc repro") -> str:
    return json.dumps({"write": {str(Path("out").resolve()): {"pid": pid, "cmd": command}}})


def test_a_repository_in_order(place):
    assert "FAIL" not in text(repository.dvc(Workspace.here()))
    assert one(locks.locks(Workspace.here()), Level.OK)
    assert one(repository.parameters(Workspace.here()), Level.OK)
    assert not refusal()


def test_data_that_is_a_result(place, failure):
    """`dvc exp run -S` writes it to params.yaml before a stage can refuse it."""
    place.edit("params.yaml", "path: data/raw/sp500.csv", "path: reports/predictions.csv")
    said = text(repository.parameters(Workspace.here()))
    failure.said("params.yaml with data that is a result", said, "written by the pipeline", 1)


def test_a_lock_file_that_a_kill_emptied(place, failure):
    lock = Path("dvc.lock")
    lock.write_bytes(b"")
    assert refusal()
    failure.said(
        "dvc.lock empty after a kill",
        text(repository.dvc(Workspace.here())),
        "dvc.lock is empty after",
        1,
    )
    assert mended(repository.dvc).startswith("dvc.lock was empty and is removed")
    assert not refusal()
    lock.write_bytes(b"")
    repository.free(Workspace.here())  # as `pipeline run` does
    assert not refusal()
    lock.write_text("schema: '2.0'\n")  # nothing of anybody's is removed
    repository.free(Workspace.here())
    assert lock.exists()


@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("`.dvc/tmp/rwlock` cut by a kill", b'{"write": {"/tmp'),
        ("`.dvc/tmp/rwlock` empty after a kill", b""),
        ("`.dvc/tmp/rwlock` of another form", b"[1]"),
    ],
)
def test_a_damaged_list_of_readers_and_writers(place, failure, what, content):
    RWLOCK.write_bytes(content)
    assert refusal()
    failure.said(what, text(locks.locks(Workspace.here())), "is damaged, and DVC refuses", 1)
    assert mended(locks.locks) == ".dvc/tmp/rwlock is removed"
    assert not refusal()
    assert one(locks.locks(Workspace.here()), Level.OK)


@pytest.mark.parametrize(
    "content", [b"", entry(os.getppid()).encode()], ids=["empty", "reused number"]
)
def test_a_run_frees_itself_of_the_locks_of_the_dead(place, content, caplog):
    caplog.set_level(logging.INFO)
    RWLOCK.write_bytes(content)
    repository.free(Workspace.here())
    assert caplog.messages[-1].startswith(".dvc/tmp/rwlock")
    assert not refusal()
    caplog.clear()
    repository.free(Workspace.here())
    assert not caplog.messages


def test_a_number_that_is_of_another_process_by_now(place, begin, failure):
    stranger = begin("sleep", "60")
    RWLOCK.write_text(entry(stranger.pid))
    assert "is busy" in refusal()
    said = text(locks.locks(Workspace.here()))
    failure.said("`.dvc/tmp/rwlock` names a pid that is another's by now", said, "DVC waits", 1)
    mended(locks.locks)
    assert not refusal()
    assert stranger.poll() is None
    assert one(locks.locks(Workspace.here()), Level.OK)


def test_a_process_that_has_ended_and_is_still_listed(place):
    ended = subprocess.Popen(["true"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    RWLOCK.write_text(entry(ended.pid))
    assert "is busy" in refusal()
    assert one(locks.locks(Workspace.here()), Level.FAIL)
    ended.wait()
    assert one(locks.locks(Workspace.here()), Level.WARN)
    mended(locks.locks)
    assert one(locks.locks(Workspace.here()), Level.OK)


def test_what_is_under_way_is_left_alone(place, begin):
    """A real `dvc repro` is at work: nothing is taken from it."""
    half = Path(".params.yaml.partial-x")
    half.mkdir()
    working = begin(*dvc("repro"))
    until(lambda: RWLOCK.is_file() and str(working.pid) in RWLOCK.read_text())
    until(
        lambda: (
            "slow" not in text(others(Workspace.here()))
            and "dvc repro" in text(others(Workspace.here()))
        )
    )
    assert one(locks.locks(Workspace.here()), Level.OK)
    assert not list(leftovers.partials(Workspace.here()))
    with (
        pytest.raises(BusyError, match=rf"dvc repro \(pid {working.pid}\)"),
        work.nobody_at_work(Workspace.here()),
    ):
        pass
    # A process that is younger than the file cannot have written it.
    os.utime(RWLOCK, (0, 0))
    found = one(locks.locks(Workspace.here()), Level.FAIL)
    with pytest.raises(BusyError):
        found.fix()


@pytest.mark.slow
def test_dvc_in_the_middle_of_its_list(place):
    """DVC empties the file before it writes it, under a lock of its own."""
    from dvc.lock import make_lock

    def go_on() -> None:
        RWLOCK.write_text('{"write": {}, "read": {}}')
        lock.unlock()

    lock = make_lock(f"{RWLOCK}.lock")
    lock.lock()
    RWLOCK.write_bytes(b"")
    threading.Timer(0.2, go_on).start()
    assert one(locks.locks(Workspace.here()), Level.OK)
    lock.lock()
    RWLOCK.write_bytes(b"")
    assert "DVC is at" in one(locks.locks(Workspace.here()), Level.WARN).text
    lock.unlock()
    assert one(locks.locks(Workspace.here()), Level.FAIL)


def test_a_lock_that_is_held_unseen(place):
    import zc.lockfile

    held = zc.lockfile.LockFile(".dvc/tmp/lock")
    assert one(others(Workspace.here()), Level.OK).text == "who holds .dvc/tmp/lock"
    held.close()
    assert one(others(Workspace.here()), Level.OK).text == "nobody"


@pytest.mark.parametrize(
    ("what", "file", "content", "said"),
    [
        ("dvc.lock with a merge's marks", "dvc.lock", "<<<<<<< HEAD\nschema: '2.0'\n", "dvc.lock"),
        ("dvc.lock of another form", "dvc.lock", "schema: '2.0'\nstages: 1\n", "dvc.lock"),
        ("dvc.yaml that is no YAML", "dvc.yaml", "stages: [\n", "dvc.yaml"),
        (".dvc/config that is damaged", ".dvc/config", "[core\n", "config"),
    ],
)
def test_files_that_dvc_cannot_read(place, failure, what, file, content, said):
    Path(file).write_text(content)
    assert one(repository.dvc(Workspace.here()), Level.FAIL)
    failure.said(what, text(repository.dvc(Workspace.here())), said, 1)


def test_a_cache_that_cannot_be_written(place, failure):
    Path(".dvc/config.local").write_text("[cache]\n    dir = /proc/cache\n")
    failure.said(
        "a DVC cache that cannot be written",
        text(repository.dvc(Workspace.here())),
        "cannot be written",
        1,
    )


def test_no_repository(folder, failure):
    failure.said(
        "no DVC repository", text(repository.dvc(Workspace.here())), "is not the root of", 1
    )
    assert one(locks.locks(Workspace.here()), Level.OK)


def test_a_folder_below_the_root(place, monkeypatch):
    Path("below").mkdir()
    monkeypatch.chdir("below")
    assert one(repository.dvc(Workspace.here()), Level.FAIL).remedy == f"cd {place.path}"


def test_parameters_that_are_wrong(place, failure):
    place.edit("params.yaml", "steps: 1000", "steps: many")
    failure.said(
        "a wrong value in params.yaml",
        text(repository.parameters(Workspace.here())),
        "train.steps",
        1,
    )
    Path("params.yaml").unlink()
    failure.said(
        "no params.yaml", text(repository.parameters(Workspace.here())), "composes it from conf/", 1
    )
