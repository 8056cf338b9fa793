"""What `pipeline run` does before it composes anything."""

from pathlib import Path

import pytest

from pipeline.cli import run
from pipeline.workspace import Workspace

RECORD = """\
defaults:
- config
- _self_
- override /model: mlp
optimizer:
  learning_rate: 0.03
"""


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ([], False),
        (["optimizer.learning_rate=0.03", "model=mlp"], False),
        (["optimizer.learning_rate=0.3"], True),
        (["model=linear"], True),
        (["seed=3"], True),
    ],
)
def test_stages_are_expected_where_a_typed_value_is_new(tmp_path: Path, typed, expected):
    workspace = Workspace(tmp_path)
    assert run._may_change(typed, workspace) is True
    workspace.chosen.parent.mkdir()
    workspace.chosen.write_text(RECORD, encoding="utf-8")
    assert run._may_change(typed, workspace) is expected
