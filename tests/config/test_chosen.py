"""What `pipeline run` chooses is recorded; what composes the record gives the same params.yaml."""

import hashlib
import re
import shlex
import shutil
from pathlib import Path

import pytest
from dvc.utils.hydra import compose_and_dump

from pipeline.config import checking, chosen, composing, overrides
from pipeline.errors import ConfigError, DataError
from pipeline.stages import config as stage
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY
from ..failures import Failure

pytestmark = pytest.mark.slow

CHOICES = [
    [],
    ["experiment=digits", "model=lenet"],
    ["model=lenet", "experiment=digits", "train.steps=1e3", "debug=smoke"],
    ["experiment=null", "seed=7"],
    ["model=mlp", "model.hidden=[4,5]", "device.placement={hidden_1: /cpu:1}"],
    ["model.weights={name: random_normal, stddev: 0.1}", "++model.initial.bias=1e-3"],
    ["schedule=cosine", "schedule.steps=${train.steps}", "train.steps=12"],
    ["data=csv", "data.path=houses (1).csv", "data.target=2020", "data.features=[1e5,'größe']"],
    ["data=csv", "data.path=houses (1).csv", 'data.target=it\'s "€" {a} #1\\'],
]


@pytest.fixture
def workspace(folder: Path) -> Workspace:
    shutil.copytree(REPOSITORY / "conf", folder / "conf")
    (folder / "data").symlink_to(REPOSITORY / "data")
    (folder / "houses (1).csv").touch()
    return Workspace(folder)


def record(workspace: Workspace, *given: str) -> str:
    """Record overrides; returns the params.yaml that they give."""
    choice = overrides.choose(given, workspace)
    composing.publish_record(choice, workspace)
    return composing.compose_choice(choice, workspace)[1]


@pytest.mark.parametrize("given", CHOICES, ids=" ".join)
def test_the_record_gives_the_same_params(workspace: Workspace, given: list[str]):
    text = record(workspace, *given)
    assert composing.compose_recorded(workspace)[1] == text
    compose_and_dump(workspace.params, str(workspace.conf), None, "chosen", "", [])  # dvc exp run
    values = checking.read_values(workspace.params)
    assert composing.complete(values, "params.yaml", workspace)[1] == text


@pytest.mark.parametrize("given", CHOICES, ids=" ".join)
def test_the_line_is_what_may_be_typed(workspace: Workspace, given: list[str]):
    text = record(workspace, *given)
    typed = shlex.split(str(chosen.read(workspace)))
    assert composing.compose(workspace, typed)[1] == text


def test_a_run_replaces_the_record_and_the_defaults_clear_it(workspace: Workspace):
    record(workspace, "experiment=digits", "seed=1")
    assert "override /experiment: digits" in workspace.chosen.read_text(encoding="utf-8")
    record(workspace, "model=mlp")
    assert str(chosen.read(workspace)) == "model=mlp"
    record(workspace)
    assert workspace.chosen.read_bytes() == (REPOSITORY / "conf/chosen.yaml").read_bytes()


def test_nothing_is_chosen_in_a_fresh_clone(in_repository: None):
    committed = chosen.HEADER + "defaults:\n- config\n- _self_\n"
    assert Workspace.here().chosen.read_text(encoding="utf-8") == committed
    assert "config_name = chosen" in Path(".dvc/config").read_text(encoding="utf-8")


def test_the_stage_begins_with_the_record(workspace: Workspace, caplog):
    caplog.set_level("INFO")
    text = record(workspace, "data=diabetes", "train.steps=20")
    stage.run(workspace)
    assert workspace.params.read_text(encoding="utf-8") == text
    assert f"{workspace.chosen}: data=diabetes train.steps=20" in caplog.messages
    conf = workspace.conf / "evaluation/default.yaml"
    conf.write_text(conf.read_text(encoding="utf-8").replace("dpi: 120", "dpi: 60"))
    stage.run(workspace)
    assert workspace.params.read_text(encoding="utf-8") == text.replace("dpi: 120", "dpi: 60")


def test_without_a_record_the_defaults_are_composed(workspace: Workspace):
    workspace.chosen.unlink()
    stage.run(workspace)
    assert workspace.params.read_bytes() == (REPOSITORY / "params.yaml").read_bytes()


def test_an_edit_of_params_by_hand_is_told_when_it_is_undone(workspace: Workspace, caplog):
    stage.run(workspace)
    written = workspace.params.read_bytes()
    digest = hashlib.md5(written, usedforsecurity=False).hexdigest()
    lock = f"    outs:\n    - path: params.yaml\n      hash: md5\n      md5: {digest}\n"
    workspace.dvc_lock.write_text(lock)
    stage.run(workspace)
    config = workspace.conf / "config.yaml"
    config.write_text(config.read_text().replace("seed: 0", "seed: 5"))
    stage.run(workspace)  # an edit of conf/ is none of params.yaml
    assert not caplog.messages
    workspace.params.write_bytes(written.replace(b"seed: 0", b"seed: 77"))
    stage.run(workspace)
    (told,) = caplog.messages
    assert "params.yaml was edited (seed: 77), and is written anew from conf/" in told
    assert b"seed: 5" in workspace.params.read_bytes()


def test_a_group_of_one_s_own_is_recorded(workspace: Workspace):
    (workspace.conf / "mine").mkdir()
    (workspace.conf / "mine/seven.yaml").write_text("# @package _global_\nseed: 7\n")
    for given in ("mine=seven", "+mine=seven"):
        assert "\nseed: 7\n" in record(workspace, given)
        assert composing.compose_recorded(workspace)[0].seed == 7


@pytest.mark.parametrize(
    ("what", "content", "expected"),
    [
        ("with a conflict of Git", "<<<<<<< HEAD\nseed: 1\n=======\n", "cannot be read"),
        ("that is empty", "", "must have the defaults `- config`"),
        ("that is a list", "- config", "must have the defaults `- config`"),
        ("without defaults", "seed: 1", "must have the defaults `- config`"),
        (
            "that names an option that has gone",
            "defaults: [config, _self_, override /model: gone]",
            "model=gone: conf/model has no such option",
        ),
        (
            "that names a group that has gone",
            "defaults: [config, _self_, override /modle: mlp]",
            "conf/ has no group modle; it has data, debug",
        ),
        ("with a key that has gone", "defaults: [config, _self_]\nseeed: 1", "nearest: seed"),
    ],
)
def test_a_record_that_does_not_fit_is_one_message(
    workspace: Workspace, what: str, content: str, expected: str, failure: Failure
):
    workspace.chosen.write_text(content, encoding="utf-8")
    with failure.raises(f"conf/chosen.yaml {what}", ConfigError, match=re.escape(expected)):
        stage.run(workspace)
    with pytest.raises(ConfigError, match="`pipeline run --defaults` clears it"):
        stage.run(workspace)
    record(workspace)
    stage.run(workspace)


def test_data_that_was_chosen_and_has_gone_is_one_message(workspace: Workspace, failure: Failure):
    record(workspace, "data=csv", "data.path=houses (1).csv", "data.target=y")
    Path("houses (1).csv").unlink()
    expected = (
        re.escape("houses (1).csv: no such file; ") + "(?s:.*);\n.*data.target=y; `pipeline run`"
    )
    with failure.raises("chosen data that has gone", DataError, match=expected):
        stage.run(workspace)
