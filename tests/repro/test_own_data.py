"""The user's own file is a dependency, whatever its name."""

from pathlib import Path

import pytest
from sklearn.datasets import load_diabetes

from ..conftest import Clone
from .test_changes import ran

pytestmark = pytest.mark.repro


def test_an_edit_of_the_user_s_own_file_is_noticed(copy: Clone, tmp_path: Path):
    table = load_diabetes(as_frame=True).frame
    table.to_parquet(tmp_path / "own.parquet")
    own = ("data=csv", f"data.path={tmp_path}/own.parquet", "data.target=target")
    copy.compose(*own)
    assert ran(copy.repro("prepare", PIPELINE_PARAMS_COMPOSED="1")) == ["config", "prepare"]
    assert copy.json("data/prepared/dataset.json")["targets"] == ["target"]
    assert "up to date" in copy.succeed("dvc", "status", "prepare")
    table[:400].to_parquet(tmp_path / "own.parquet")
    assert "own.parquet" in copy.succeed("dvc", "status", "prepare")
