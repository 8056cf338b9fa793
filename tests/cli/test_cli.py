"""The verbs' own manners: help, usage, exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.workspace import files

from ..failures import Failure


@pytest.mark.parametrize("arguments", [[], ["runn"], ["predict", "model"], ["run", "--fast"]])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: pipeline" in capsys.readouterr().err


def test_a_mistake_has_the_exit_code_of_its_kind(in_repository, capsys):
    assert cli.main(["run", "--dry-run", "model=mpl"]) == 2
    assert cli.main(["run", "--dry-run", "data.path=nowhere"]) == 3
    assert cli.main(["predict", "nowhere", "data/raw/sp500.csv", "-o", "/tmp/out.csv"]) == 6
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert all(line.startswith("pipeline: ") for line in errors)


def test_a_reader_that_stops_reading_is_no_error(in_repository):
    command = [sys.executable, "-m", "pipeline", "run", "--dry-run"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 141


def test_the_output_may_not_be_the_input(in_repository, capsys, failure: Failure):
    assert cli.main(["predict", "artifacts/frozen", "a.csv", "-o", "./a.csv"]) == 3
    said = capsys.readouterr().err
    failure.said("output of predict that is its input", said, "is the input; give another", 3)


def test_the_output_may_not_be_a_folder(in_repository, tmp_path, capsys, failure: Failure):
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "precious").touch()
    arguments = ["predict", "artifacts/frozen", "data/raw/sp500.csv", "-o", str(folder)]
    assert cli.main(arguments) == 3
    said = capsys.readouterr().err
    failure.said("output of predict that is a folder", said, "is not a file; give a file", 3)
    with pytest.raises(OSError), files.replacing(folder) as partial:
        partial.touch()
    assert (folder / "precious").exists()


def test_what_fails_while_writing_leaves_the_target_as_it_was(folder):
    target = folder / "target"
    for make in (lambda p: p.write_text("new"), lambda p: (p.mkdir(), (p / "x").touch())):
        target.write_text("old")
        with pytest.raises(RuntimeError), files.replacing(target) as partial:
            make(partial)
            raise RuntimeError
        assert target.read_text() == "old"
        assert list(folder.iterdir()) == [target]
    with files.replacing(target) as partial:
        partial.write_text("new")
    assert target.read_text() == "new"
    assert list(folder.iterdir()) == [target]


def test_a_folder_is_replaced_whole(folder):
    for name in ("one", "two"):
        with files.replacing(folder / "target") as partial:
            partial.mkdir()
            (partial / name).touch()
    assert [file.name for file in (folder / "target").iterdir()] == ["two"]


def test_an_interrupt_between_two_renames_costs_no_folder(folder, monkeypatch):
    with files.replacing(folder / "target") as partial:
        partial.mkdir()
        (partial / "old").touch()
    rename = Path.rename

    def interrupted(source: Path, to: Path) -> Path:
        moved = rename(source, to)
        if to.name == files.REPLACED:
            raise KeyboardInterrupt
        return moved

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt), files.replacing(folder / "target") as partial:
        partial.mkdir()
    assert [file.name for file in (folder / "target").iterdir()] == ["old"]
    assert list(folder.iterdir()) == [folder / "target"]


def test_a_kill_between_two_renames_costs_no_folder(folder):
    scratch = folder / ".target.partial-x"
    (scratch / files.REPLACED).mkdir(parents=True)
    (scratch / files.REPLACED / "old").touch()
    (found,) = files.find_partials([folder])
    files.discard_partial(found)
    assert [file.name for file in (folder / "target").iterdir()] == ["old"]
    assert list(folder.iterdir()) == [folder / "target"]


@pytest.mark.parametrize(
    "option", ["--memory=-1", "--memory=inf", "--timeout=nan", "--timeout=0", "--tolerance=nan"]
)
def test_limits_are_positive_numbers(option: str, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["verify", "model.pb", option])
    assert ended.value.code == 2
    name, _, value = option.partition("=")
    assert f"argument {name}: {value} is not a positive number" in capsys.readouterr().err
