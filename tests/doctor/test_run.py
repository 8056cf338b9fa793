"""The verb: what it prints, mends, and exits with; disks, leftovers and devices."""

import os
import time
from pathlib import Path

import pytest
from filelock import FileLock

from pipeline import cli, doctor
from pipeline.doctor import device, leftovers, space
from pipeline.doctor.finding import Level
from pipeline.graph import cuda
from pipeline.workspace import Workspace

from .conftest import mended, one, text


@pytest.mark.slow
def test_everything_that_can_be_mended_is(place, capfd):
    Path(".dvc/tmp/rwlock").write_text("{")
    Path(".params.yaml.partial-x").mkdir()
    place.succeed("git", "checkout", "-q", "--detach")
    assert cli.main(["doctor", "--fix"]) == 0
    output, errors = capfd.readouterr()
    assert "FAIL  locks: .dvc/tmp/rwlock is damaged, and DVC refuses to work" in output
    assert "fixed locks: .dvc/tmp/rwlock is removed\nok    locks: " in output
    assert "fixed git: HEAD is on main again; no file was changed\nok    git: " in output
    assert "fixed half-written: 1 half-written folder removed\n" in output
    assert not list(Path().glob(".*.partial-*"))
    assert not errors


def test_outside_of_a_repository(folder):
    found = [
        finding for name in doctor.CHECKS for finding in doctor.findings(Workspace.here(), name)
    ]
    levels = {finding.name: finding.level for finding in found}
    assert {name for name, level in levels.items() if level is Level.FAIL} == {
        "python",
        "libraries",
        "git",
        "dvc",
        "parameters",
    }
    assert list(folder.iterdir()) == []  # looking changes nothing


def test_a_gpu_that_is_asked_for_and_missing(place):
    assert one(device.devices(Workspace.here()), Level.OK).text.endswith(cuda.why_no_gpu())
    place.edit("params.yaml", "kind: auto", "kind: gpu")
    assert "GPU 0 was looked for" in one(device.devices(Workspace.here()), Level.FAIL).text


def test_a_driver_without_its_libraries(place, monkeypatch, tmp_path):
    monkeypatch.setattr(cuda, "DRIVERS", [str(tmp_path)])
    monkeypatch.setattr(cuda, "DRIVER_LIBRARY", "libnone.so.1")
    monkeypatch.setattr(cuda, "needed_libraries", lambda: ["libc.so.6", "libnone.so.2"])
    said = str(one(device.devices(Workspace.here()), Level.WARN))
    assert "CUDA_VISIBLE_DEVICES hides all" in said
    assert "the driver's libnone.so.1 cannot be loaded" in said
    assert "; libnone.so.2 cannot be loaded: make setup EXTRAS=gpu" in said


def test_the_libraries_of_this_build_have_names():
    assert [name.split(".so.")[0] for name in cuda.needed_libraries()] == [
        "libcudart",
        "libcublas",
        "libcudnn",
    ]


@pytest.mark.parametrize(
    ("what", "limit", "level", "code"),
    [
        ("a disk with less than 1 GiB free", "LITTLE", Level.WARN, 0),
        ("a disk with less than 100 MiB free", "TOO_LITTLE", Level.FAIL, 1),
    ],
)
def test_a_disk_that_is_nearly_full(place, failure, monkeypatch, what, limit, level, code):
    assert one(space.disk(Workspace.here()), Level.OK)
    monkeypatch.setattr(space, limit, 2**80)
    assert one(space.disk(Workspace.here()), level)
    failure.said(what, text(space.disk(Workspace.here())), " free", code)


def test_a_folder_that_cannot_be_written(place, failure):
    Path("reports").symlink_to("/proc")
    failure.said(
        "a folder of results that cannot be written",
        text(space.disk(Workspace.here())),
        "reports",
        1,
    )


def test_sizes_are_for_people():
    assert [space.size(n) for n in (0, 999, 12_345, 5 * 10**6, 2 * 10**12)] == [
        "0 bytes",
        "999 bytes",
        "12.3 kB",
        "5 MB",
        "2,000.0 GB",
    ]


def test_a_training_that_did_not_end(place):
    folder = Path(".resume/0123456789abcdef")
    folder.mkdir(parents=True)
    (folder / "model").write_bytes(bytes(20_000))
    for path in (folder / "model", folder):
        os.utime(path, (time.time() - 3 * 86400,) * 2)
    said = text(leftovers.resume(Workspace.here()))
    assert " kB, 3 days old)" in said
    remedy = "or: rm -r .resume/0123456789abcdef"
    assert one(leftovers.resume(Workspace.here()), Level.WARN).remedy.endswith(remedy)
    with FileLock(".dvc/tmp/0123456789abcdef.lock"):
        assert one(leftovers.resume(Workspace.here()), Level.OK)
    assert folder.is_dir()


def test_checkpoints_that_the_clock_kept_are_no_unfinished_training(place):
    Path(".resume/kept-0123456789abcdef").mkdir(parents=True)
    found = one(leftovers.resume(Workspace.here()), Level.OK)
    assert "train.keep_checkpoint_every_n_hours" in found.text


def test_what_was_being_written(place, failure):
    Path("reports/.metrics.json.partial-x").mkdir(parents=True)
    failure.said(
        "what a kill left half-written", text(leftovers.partials(Workspace.here())), "metrics.json"
    )
    assert mended(leftovers.partials) == "1 half-written folder removed"
    assert not list(leftovers.partials(Workspace.here()))
