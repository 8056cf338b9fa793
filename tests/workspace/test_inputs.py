"""What a configuration names is there, and is not what the pipeline writes."""

import shlex
import subprocess
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, DataError
from pipeline.workspace import Workspace, inputs, user_code

from ..failures import Failure

WRITTEN = (
    "reports/predictions.csv",
    "reports",
    "data/prepared",
    "data/prepared/train/features.npy",
    "artifacts",
    "artifacts/checkpoint",
    "artifacts/frozen/model.pb",
    "mlflow.db",
    "params.yaml",
    ".tracked.json",
    ".resume/0123/model.ckpt-1.index",
)

# What may be read, also the artifacts of earlier runs.
OWN = ("data/raw/own.csv", "reports.csv", "mlartifacts/1/checkpoint/model.ckpt-1.index")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A folder with a file of each result, and the user's own data."""
    tree = tmp_path / "tree"
    own = (*OWN, "artifacts/checkpoint/checkpoint")
    for name in (*WRITTEN, *own):
        path = tree / name
        if path.suffix or name.endswith("checkpoint/checkpoint"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        else:
            path.mkdir(parents=True, exist_ok=True)
    return Workspace(tree)


def refused(name: str | Path, workspace: Workspace, key: str = "data.path") -> str:
    with pytest.raises(ConfigError) as caught:
        inputs.require(key, str(name), workspace)
    return workspace.relative(caught.value)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_result_is_refused_with_a_copy_that_is_not(name: str, workspace: Workspace):
    said = refused(name, workspace)
    command, _, override = said.partition("name the copy: ")[2].partition("; ")
    subprocess.run(shlex.split(command), cwd=workspace.root, check=True)
    copy = override.removeprefix("data.path=")
    inputs.require("data.path", copy, workspace)
    assert workspace.path(copy).is_dir() == workspace.path(name).is_dir()
    again = refused(name, workspace)
    assert again != said, "a second copy has another name"


def test_the_message_says_which_key_and_what_to_type(workspace: Workspace, failure: Failure):
    for what, key, name, expected in (
        (
            "data that is a result",
            "data.path",
            "reports/predictions.csv",
            "cp -rL reports/predictions.csv predictions-1.csv; data.path=predictions-1.csv",
        ),
        (
            "start from the own last checkpoint",
            "train.start.checkpoint",
            "artifacts/checkpoint",
            "cp -rL artifacts/checkpoint checkpoint-1; train.start.checkpoint=checkpoint-1",
        ),
        (
            "transfer from the own frozen graph",
            "model.graph",
            "artifacts/frozen/model.pb",
            "cp -rL artifacts/frozen frozen-1; model.graph=frozen-1/model.pb",
        ),
    ):
        with failure.raises(what, ConfigError, match=expected):
            inputs.require(key, name, workspace)


@pytest.mark.parametrize("name", [".", "data", "./data/../data", ".."])
def test_a_folder_with_results_is_refused(name: str, workspace: Workspace, failure: Failure):
    with failure.raises("data in a folder with results", ConfigError, match="folder of its own"):
        inputs.require("data.path", name, workspace)


@pytest.mark.parametrize("name", ["data/raw", "mlartifacts/1/checkpoint", *OWN])
def test_data_of_the_user_is_taken(name: str, workspace: Workspace):
    inputs.require("data.path", name, workspace)
    inputs.require("data.path", str(workspace.path(name)), workspace)


def test_links_to_results_are_refused(workspace: Workspace, tmp_path: Path):
    root = workspace.root
    (root / "file.csv").symlink_to("reports/predictions.csv")
    (root / "again.csv").symlink_to("file.csv")
    (root / "folder").symlink_to("reports")
    (tmp_path / "outside").symlink_to(root / "artifacts")
    for name in ("file.csv", "again.csv", "folder/predictions.csv", tmp_path / "outside"):
        assert "is written by the pipeline itself" in refused(name, workspace)
    # DVC may keep a result as a link to its cache.
    (root / "cached").write_text("1")
    (root / "reports/predictions.csv").unlink()
    (root / "reports/predictions.csv").symlink_to(root / "cached")
    assert "cp -rL reports/predictions.csv" in refused("again.csv", workspace)


def test_results_may_lie_elsewhere(workspace: Workspace, tmp_path: Path):
    (workspace.root / "artifacts").rename(tmp_path / "large-disk")
    (workspace.root / "artifacts").symlink_to(tmp_path / "large-disk")
    refused(tmp_path / "large-disk/checkpoint", workspace)


@pytest.fixture
def temporary(workspace: Workspace) -> Workspace:
    """The workspace of `dvc exp run --temp`, in a copy without what Git does not know."""
    copy = workspace.root / ".dvc/tmp/exps/tmp1"
    copy.mkdir(parents=True)
    (copy / "tracked.csv").touch()
    return Workspace(copy, workspace.root)


def test_what_a_temporary_copy_lacks_is_named_with_the_option(
    temporary: Workspace, failure: Failure
):
    inputs.require("data.path", "tracked.csv", temporary)
    inputs.require("data.path", str(temporary.home / "reports.csv"), temporary)
    expected = "add --copy-paths reports.csv to the command, or first git add reports.csv"
    with failure.raises(
        "data that Git does not know in `dvc exp run --temp`", DataError, match=expected
    ):
        inputs.require("data.path", "reports.csv", temporary)
    (temporary.home / "own.py").touch()
    with pytest.raises(ConfigError, match=r"own\.py: Git does not know it.*--copy-paths own\.py"):
        user_code.module_file("own.function", temporary)
    with pytest.raises(DataError, match=r"nowhere\.csv: no such file; .* has no 'nowhere\.csv'"):
        inputs.require("data.path", "nowhere.csv", temporary)


def test_a_path_out_of_a_temporary_copy_must_be_absolute(temporary: Workspace, failure: Failure):
    (temporary.home.parent / "outside.csv").touch()
    what = "relative path to data outside of the repository in `dvc exp run --temp`"
    with failure.raises(what, DataError, match="give the absolute path, /.*/outside.csv"):
        inputs.require("data.path", "../outside.csv", temporary)


def test_a_path_of_nothing_is_answered_with_what_may_be_meant(workspace: Workspace):
    (workspace.root / "Houses.csv").touch()
    for name, expected in (
        ("house.csv", "has no 'house.csv'; nearest: Houses.csv"),
        ("there/is/none.csv", "has no 'there'"),
        ("~/houses.csv", "shells replace ~ only at the beginning of a word: write $HOME"),
    ):
        with pytest.raises(DataError) as caught:
            inputs.require("data.path", name, workspace)
        assert expected in str(caught.value)
