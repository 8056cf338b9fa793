"""A workspace knows its paths, wherever the process is."""

import pickle
from pathlib import Path

import pytest

from pipeline.workspace import Workspace


def test_paths_are_below_the_root_or_the_home(tmp_path: Path):
    workspace = Workspace(tmp_path / "tree", tmp_path / "home")
    assert workspace.history == tmp_path / "tree/reports/history.csv"
    assert workspace.frozen_graph.parent == workspace.frozen == workspace.sidecar.parent
    assert workspace.resume == tmp_path / "home/.resume"
    assert workspace.published_folders == {
        tmp_path / "tree" / name for name in ("data", "artifacts", "artifacts/frozen", "reports")
    }


def test_the_home_is_the_root_unless_it_is_given(tmp_path: Path):
    assert Workspace(tmp_path).home == tmp_path
    assert Workspace(tmp_path) == Workspace(str(tmp_path), tmp_path)


def test_a_relative_root_and_home_count_from_the_folder_at_the_start(folder, monkeypatch):
    (folder / "tree").mkdir()
    workspace = Workspace("tree", ".")
    monkeypatch.chdir(folder / "tree")
    assert (workspace.root, workspace.home) == (folder / "tree", folder)
    assert workspace == Workspace(".", "..")
    assert workspace.spool == folder / ".spool"


def test_a_root_behind_a_symbolic_link_is_the_same(tmp_path: Path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "link").symlink_to("tree")
    workspace = Workspace(tmp_path / "link")
    assert workspace == Workspace(tmp_path / "tree")
    assert workspace.params == tmp_path / "tree/params.yaml"


def test_here_is_the_current_folder_and_the_repository_of_dvc(folder, monkeypatch):
    assert Workspace.here() == Workspace(folder)
    monkeypatch.setenv("DVC_ROOT", str(folder.parent))
    assert Workspace.here() == Workspace(folder, folder.parent)


def test_a_workspace_is_a_value(tmp_path: Path):
    workspace = Workspace(tmp_path)
    assert pickle.loads(pickle.dumps(workspace)) == workspace
    assert len({workspace, Workspace(tmp_path)}) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("data/raw.csv", "/tree/data/raw.csv"),
        ("./data/../raw.csv", "/tree/raw.csv"),
        ("../raw.csv", "/raw.csv"),
        ("/elsewhere/raw.csv", "/elsewhere/raw.csv"),
    ],
)
def test_a_path_of_the_configuration_counts_from_the_root(name: str, expected: str):
    assert Workspace("/tree", "/home").path(name) == Path(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/work/tree/conf is missing", "conf is missing"),
        ("'/work/tree/conf'", "'conf'"),
        ("data.path=/work/tree/raw.csv: no such file", "data.path=raw.csv: no such file"),
        ("sqlite:////work/tree/mlflow.db", "sqlite:///mlflow.db"),
        ("a\n/work/tree/b", "a\nb"),
        ("/work/home/.spool/run and /work/tree/conf", ".spool/run and conf"),
        # The root itself, and what only looks like it, is shown as it is.
        ("run in /work/tree", "run in /work/tree"),
        ("run in /work/tree/", "run in /work/tree/"),
        ("/backup/work/tree/conf", "/backup/work/tree/conf"),
        ("data.path=/backup/work/tree/raw.csv", "data.path=/backup/work/tree/raw.csv"),
        ("/work/trees/conf", "/work/trees/conf"),
        ("nothing", "nothing"),
    ],
)
def test_texts_have_relative_paths(text: str, expected: str):
    assert Workspace("/work/tree", "/work/home").relative(text) == expected
    assert Workspace("/work/tree", "/work/home").relative(ValueError(text)) == expected


def test_a_home_inside_the_root_and_the_other_way_around():
    inside = Workspace("/work/.dvc/tmp/copy", "/work")
    assert inside.relative("/work/.dvc/tmp/copy/conf and /work/.spool") == "conf and .spool"
    outside = Workspace("/work", "/work/home")
    assert outside.relative("/work/home/.spool") == "home/.spool"
