"""Disks that are full and folders that cannot be written: one message, nothing lost."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import Clone
from ..failures import Failure

pytestmark = pytest.mark.repro

STAGE = f"exec {sys.executable} -m pipeline.stages"


def mounted(clone: Clone, mount: str, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command where `mount` has changed what it sees of the file system."""
    shell = ["unshare", "--map-root-user", "--mount", "sh", "-c", f"{mount} && {command}"]
    done = clone.run(*shell)
    if "unshare" in done.stdout:
        pytest.skip(f"no file system of its own: {done.stdout}")
    return done


def limited(clone: Clone, kilobytes: int, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that may write no larger file."""
    return clone.run("bash", "-c", f"ulimit -f {kilobytes}; {command}")


@pytest.fixture(scope="module")
def victim(finished: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """One copy for all mishaps: none of them may change it."""
    return finished.copy(tmp_path_factory.mktemp("victim") / "copy")


@pytest.mark.parametrize(
    ("stage", "out"),
    [
        ("prepare", "data/prepared"),
        ("train", ".resume"),
        ("freeze", "artifacts/saved_model"),
        ("evaluate", "reports/parity.json"),
    ],
)
def test_no_room_for_what_a_stage_writes(victim: Clone, failure: Failure, stage: str, out: str):
    before = victim.digests()
    done = limited(victim, 1, f"{STAGE} {stage}")
    assert done.returncode == 1, done.stdout
    failure.said(f"No room for what the stage {stage} writes", done.stdout, "cannot be written", 1)
    assert out in done.stdout
    assert victim.digests() == before


@pytest.fixture(scope="module")
def large(finished: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone whose checkpoints take 200 kB."""
    made = finished.copy(tmp_path_factory.mktemp("large") / "copy")
    made.compose("model=mlp", "model.hidden=[128,128]", "optimizer=adam", "device=cpu",
                 "train.steps=400", "train.checkpoint_every=100", "train.max_to_keep=3",
                 "train.write_meta_graph=false")  # fmt: skip
    (made.path / ".resume").mkdir(exist_ok=True)
    return made


@pytest.fixture(scope="module")
def whole(large: Clone, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made = large.copy(tmp_path_factory.mktemp("whole") / "copy")
    assert made.stage("train").returncode == 0
    return made.digests("artifacts/checkpoint")


@pytest.mark.parametrize(
    ("what", "size", "folder", "last"),
    [
        ("Disk full at the second checkpoint", "300k", ".resume", 100),
        ("Disk full when the checkpoint is published", "500k", "artifacts", 400),
    ],
)
def test_a_full_disk_while_training(
    large: Clone, whole, tmp_path: Path, failure: Failure, what: str, size: str, folder: str, last
):
    copy = large.copy(tmp_path / "copy")
    before = copy.digests("artifacts")
    mount = f"mount -t tmpfs -o size={size} none {folder}"
    keep = f"{sys.executable} -m pipeline.stages train; code=$?; cp -r .resume kept; exit $code"
    done = mounted(copy, mount, keep)
    assert done.returncode == 1, done.stdout
    failure.said(what, done.stdout, "No space left on device", 1)
    assert copy.digests("artifacts") == before
    # What was trained is whole, and is gone on from once there is room.
    shutil.rmtree(copy.path / ".resume")
    (copy.path / "kept").rename(copy.path / ".resume")
    done = copy.stage("train")
    assert f"going on from step {last}" in done.stdout
    assert copy.digests("artifacts/checkpoint") == whole


@pytest.mark.parametrize(("stage", "folder"), [("prepare", "data"), ("freeze", "artifacts")])
def test_a_folder_that_cannot_be_written(victim: Clone, failure: Failure, stage: str, folder: str):
    before = victim.digests()
    mount = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}"
    done = mounted(victim, mount, f"{STAGE} {stage}")
    assert done.returncode == 1, done.stdout
    failure.said(f"Folder {folder}/ that is read-only", done.stdout, "Read-only file system", 1)
    assert victim.digests() == before


def test_a_repository_that_cannot_be_written(victim: Clone, failure: Failure):
    done = mounted(
        victim, "mount --bind . . && mount -o remount,bind,ro . && cd .", f"{STAGE} prepare"
    )
    assert done.returncode == 1, done.stdout
    failure.said("Repository that is read-only", done.stdout, "Read-only file system", 1)


def test_a_results_folder_that_is_a_file(copy: Clone, failure: Failure):
    (copy.path / "artifacts").rename(copy.path / "elsewhere")
    (copy.path / "artifacts").write_text("")
    done = copy.stage("freeze")
    failure.said("Folder artifacts/ that is a file", done.stdout, "freeze failed", 6)


def test_after_the_mishaps_stages_run(victim: Clone, finished: Clone):
    for stage in ("prepare", "freeze", "evaluate"):
        done = victim.stage(stage)
        assert done.returncode == 0, done.stdout
    assert victim.digests() == finished.digests()
