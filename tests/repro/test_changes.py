"""Edits, overrides and experiments: what runs again, what is restored, what MLflow has."""

import shutil
from typing import Any

import pandas as pd
import pytest
import yaml
from omegaconf import OmegaConf

from ..conftest import Clone, clone

pytestmark = pytest.mark.repro

SMALL = "train.steps=20"


def ran(output: str) -> list[str]:
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


def test_an_edit_of_the_optimizer_retrains_and_one_of_a_figure_does_not(copy: Clone):
    copy.edit("conf/evaluation/default.yaml", "dpi: 120", "dpi: 60")
    assert ran(copy.repro()) == ["config", "evaluate", "track"]
    copy.edit("conf/optimizer/gradient_descent.yaml", "0.2", "0.1")
    assert ran(copy.repro()) == ["config", "train", "freeze", "evaluate", "track"]
    assert len(copy.runs()) == 3
    assert {run.info.status for run in copy.runs()} == {"FINISHED"}
    assert "optimizer.learning_rate" in copy.succeed("dvc", "params", "diff")
    assert "dpi" in copy.succeed("dvc", "params", "diff")


def test_an_edit_of_the_data_is_noticed(copy: Clone):
    with (copy.path / "data/raw/sp500.csv").open("a", encoding="utf-8") as file:
        file.write("2019-01-02,2476.96,2519.49,2467.47,2510.03,2510.03,3733160000\n")
    # One more row at the end moves the test rows; what is trained on stays the same, to the byte.
    assert ran(copy.repro()) == ["prepare", "train", "evaluate", "track"]


def test_a_hand_edit_of_params_is_healed(copy: Clone):
    before = copy.digests("params.yaml")
    copy.edit("params.yaml", "learning_rate: 0.2", "learning_rate: 0.3")
    assert ran(copy.repro()) == ["config"]
    assert copy.digests("params.yaml") == before


def test_pipeline_run_and_dvc_exp_run_write_the_same_params(copy: Clone):
    overrides = ["model=mlp", "optimizer.learning_rate=0.01", SMALL]
    copy.commit()
    copy.succeed("dvc", "exp", "run", *(f"-S={override}" for override in overrides))
    by_experiment = (copy.path / "params.yaml").read_bytes()
    lock = lock_without_conf(copy)
    assert "mlp" in copy.succeed("dvc", "exp", "show", "--csv")
    copy.succeed("git", "checkout", "-q", ".")
    output = copy.pipeline("run", *overrides)
    assert (copy.path / "params.yaml").read_bytes() == by_experiment
    assert lock_without_conf(copy) == lock
    # What the experiment computed is restored, and its run is not doubled.
    assert "Stage 'train' is cached" in output
    assert len(copy.runs()) == 2
    # Results of the main job, restored too, end with a run where there is none of them.
    output = copy.pipeline("run", MLFLOW_TRACKING_URI="sqlite:///another.db")
    assert "Stage 'train' is cached" in output
    assert ran(output)[-1] == "track"
    (run,) = copy.runs("another.db")
    assert run.info.status == "FINISHED"
    assert run.data.params["train.steps"] == "1000"


def lock_without_conf(copy: Clone) -> dict[str, Any]:
    """Return dvc.lock without the digest of conf/: `pipeline run` alone writes the record there."""
    lock = dict(yaml.safe_load((copy.path / "dvc.lock").read_text(encoding="utf-8"))["stages"])
    lock["config"]["deps"] = [d for d in lock["config"]["deps"] if d["path"] != "conf"]
    return lock


def test_an_edit_under_conf_keeps_what_was_chosen(copy: Clone):
    output = copy.pipeline("run", "data=diabetes", "train.steps=1e1")
    assert "conf/chosen.yaml: data=diabetes train.steps=10" in output
    assert "conf/chosen.yaml" in copy.succeed("git", "status", "--short")
    assert ran(copy.repro()) == []
    record = copy.digests("conf/chosen.yaml")
    copy.edit("conf/evaluation/default.yaml", "dpi: 120", "dpi: 60")
    output = copy.repro()
    assert "conf/chosen.yaml: data=diabetes train.steps=10" in output
    assert ran(output) == ["config", "evaluate", "track"]
    copy.commit()
    copy.succeed("dvc", "exp", "run", "-S", "seed=1", "config")
    params = OmegaConf.load(copy.path / "params.yaml")
    assert (params.data.source, params.train.steps, params.seed) == ("diabetes", 10, 1)
    copy.pipeline("run", "--dry-run", "model=mlp")
    assert copy.digests("conf/chosen.yaml") == record
    copy.edit("conf/evaluation/default.yaml", "dpi: 60", "dpi: 120")
    assert "(before: data=diabetes train.steps=10)" in copy.pipeline("run", "--defaults")
    assert copy.succeed("git", "diff", "HEAD~1", "--stat", "--", "conf", "params.yaml") == ""


def test_a_fresh_clone_whose_lock_matches_ends_with_its_run(finished: Clone, tmp_path):
    other = clone(tmp_path / "clone")
    shutil.copy(finished.path / "dvc.lock", other.path / "dvc.lock")
    shutil.copytree(finished.path / ".dvc/cache", other.path / ".dvc/cache")
    other.succeed("dvc", "checkout")
    assert ran(other.repro()) == ["track"]
    (run,) = other.runs()
    assert run.info.status == "FINISHED"


def test_a_second_device_is_really_used(copy: Clone):
    copy.compose("device=cpu", "device.index=1", SMALL)
    assert copy.stage("train").returncode == 0
    placement = copy.json("reports/placement.json")
    assert placement["device"] == "/device:CPU:1"
    assert placement["operations"]["/device:CPU:1"]["VarHandleOp"] >= 2
    assert "MatMul" not in str(placement["operations"].get("/device:CPU:0"))


def test_a_layer_is_placed_on_a_device_of_its_own(copy: Clone):
    mlp = ("device=cpu", "model=mlp", "optimizer=gradient_descent", SMALL)
    copy.compose(*mlp, "device.placement={hidden_2: /cpu:1}")
    assert copy.stage("train").returncode == 0
    operations = copy.json("reports/placement.json")["operations"]
    # Of three layers one is elsewhere, with its two variables and its product going forwards.
    assert operations["/device:CPU:1"]["VarHandleOp"] == 2
    assert "MatMul" in str(operations["/device:CPU:1"])
    assert operations["/device:CPU:0"]["VarHandleOp"] >= 4
    copy.compose(*mlp, "device.placement={hiden_2: /cpu:1}")
    done = copy.stage("train")
    assert done.returncode == 2
    assert "device.placement: the network has no 'hiden_2'; nearest: hidden_2" in done.stdout


def test_a_dry_run_changes_nothing(copy: Clone):
    before = copy.digests("params.yaml", "dvc.lock")
    assert "learning_rate: 0.7" in copy.pipeline("run", "--dry-run", "optimizer.learning_rate=0.7")
    assert copy.digests("params.yaml", "dvc.lock") == before


def test_a_sweep_is_a_run_for_each_combination(copy: Clone):
    table = copy.path / "table.csv"
    command = ("sweep", "evaluation.figures.dpi=120,60", "-o", str(table))
    assert "deviation" in copy.pipeline(*command)
    assert list(pd.read_csv(table)["evaluation.figures.dpi"]) == [120, 60]
    assert len(copy.runs()) == 2
