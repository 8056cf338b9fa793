"""A large file is hashed once, and again whenever it may have changed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.repository import known_digests
from pipeline.workspace import Workspace, files

SIZE = known_digests.LEAST_BYTES
FALSE = "0" * 64  # a digest that is nobody's: what returns it did not read the file


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A folder with two large files and a small one, which have settled."""
    monkeypatch.setattr(known_digests, "SETTLED_NS", 50_000_000)
    folder = tmp_path / "data/prepared"
    folder.mkdir(parents=True)
    for name, size in (("features", SIZE), ("label", SIZE), ("codes", 100)):
        (folder / name).write_bytes(name[:1].encode() * size)
    settle()
    return Workspace(tmp_path)


def settle() -> None:
    time.sleep(0.1)


def store(workspace: Workspace) -> Path:
    return workspace.temporary / known_digests.FILE


def sha256(workspace: Workspace) -> str:
    return known_digests.sha256(workspace.prepared, workspace)


def falsify(workspace: Workspace) -> None:
    """Write false digests for all files that are known."""
    known = json.loads(store(workspace).read_text())
    assert len(known) == 2  # the small one is read every time
    store(workspace).write_text(json.dumps({k: [*v[:-1], FALSE] for k, v in known.items()}))


def is_read(workspace: Workspace) -> bool:
    """Tell whether files whose digests are known are read nevertheless."""
    return sha256(workspace) == files.sha256(workspace.prepared)


def test_unchanged_files_are_not_read_again(workspace: Workspace) -> None:
    assert sha256(workspace) == files.sha256(workspace.prepared)
    assert sha256(workspace) == files.sha256(workspace.prepared)
    falsify(workspace)
    assert not is_read(workspace)


def test_one_file(workspace: Workspace) -> None:
    file = workspace.prepared / "label"
    digests = {known_digests.sha256(file, workspace) for _ in range(2)}
    assert digests == {files.sha256(file)}


@pytest.mark.parametrize("times_return", [False, True], ids=["plain", "times set back"])
def test_changed_content_of_the_same_size_is_seen(workspace: Workspace, times_return: bool) -> None:
    before, file = sha256(workspace), workspace.prepared / "label"
    stat = file.stat()
    with file.open("r+b") as opened:
        opened.write(b"x")
    if times_return:
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert file.stat().st_mtime_ns == stat.st_mtime_ns
    assert is_read(workspace)
    assert sha256(workspace) != before


def test_a_file_in_the_place_of_another_is_seen(workspace: Workspace) -> None:
    before, file = sha256(workspace), workspace.prepared / "label"
    other = file.with_name("other")
    other.write_bytes(b"x" * SIZE)
    stat = file.stat()
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(file)
    assert sha256(workspace) != before


def test_a_file_that_has_just_changed_is_not_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the time that files need to settle
    sha256(workspace)
    assert not store(workspace).exists()


def test_times_in_the_future_are_not_trusted(workspace: Workspace) -> None:
    in_an_hour = time.time() + 3600
    for file in workspace.prepared.iterdir():
        os.utime(file, (in_an_hour, in_an_hour))
    settle()
    sha256(workspace)
    assert not store(workspace).exists()


def test_a_file_that_changes_while_it_is_read_is_not_kept(workspace: Workspace) -> None:
    file, changed = workspace.prepared / "label", []

    def change_and_hash(path: Path) -> str:
        digest = read(path)
        if path == file:
            path.write_bytes(b"x" * SIZE)
            changed.append(path)
        return digest

    read = files.sha256_of_file
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "sha256_of_file", change_and_hash)
        sha256(workspace)
    assert changed == [file]
    assert len(json.loads(store(workspace).read_text())) == 1
    settle()
    assert sha256(workspace) == files.sha256(workspace.prepared)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[" * 100_000,
        lambda text: "[]",
        lambda text: '{"1:2": 3}',
        lambda text: '{"1:2": []}',
        lambda text: '{"1:2": [1, 2, 3, 4]}',
        lambda text: "\0" * len(text),
    ],
)
def test_a_damaged_store_means_reading(workspace: Workspace, damage: Callable[[str], str]) -> None:
    expected = sha256(workspace)
    store(workspace).write_text(damage(store(workspace).read_text()))
    assert sha256(workspace) == expected
    falsify(workspace)  # whole again


def test_bytes_that_are_no_text_mean_reading(workspace: Workspace) -> None:
    expected = sha256(workspace)
    store(workspace).write_bytes(b"\xff\xfe{}")
    assert sha256(workspace) == expected


def test_a_store_that_cannot_be_written_means_reading(workspace: Workspace) -> None:
    workspace.temporary.parent.mkdir()
    workspace.temporary.write_text("a file where the folder should be")
    assert sha256(workspace) == files.sha256(workspace.prepared)


def test_the_oldest_are_forgotten(workspace: Workspace) -> None:
    store(workspace).parent.mkdir(parents=True)
    many = {f"0:{i}": [1, 2, 3, FALSE] for i in range(known_digests.MOST)}
    store(workspace).write_text(json.dumps(many))
    sha256(workspace)
    known = json.loads(store(workspace).read_text())
    assert len(known) == known_digests.MOST
    assert set(many) - set(known) == {"0:0", "0:1"}
    assert FALSE not in [entry[-1] for entry in list(known.values())[-2:]]


def test_processes_at_the_same_time_agree(workspace: Workspace) -> None:
    code = (
        "import sys\n"
        "from pipeline.repository import known_digests as k\n"
        "from pipeline.workspace import Workspace\n"
        "k.SETTLED_NS = 50_000_000\n"
        "w = Workspace(sys.argv[1])\n"
        "for _ in range(20):\n"
        "    (w.temporary / k.FILE).unlink(missing_ok=True)\n"
        "    print(k.sha256(w.prepared, w))\n"
    )
    command = [sys.executable, "-c", code, str(workspace.root)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = {line for process in started for line in process.communicate()[0].split()}
    assert said == {files.sha256(workspace.prepared)}
    assert [process.returncode for process in started] == [0, 0, 0]
    assert sha256(workspace) in said
    assert [path.name for path in workspace.temporary.iterdir()] == [known_digests.FILE]
