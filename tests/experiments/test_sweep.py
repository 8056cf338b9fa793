"""Many runs: combinations, a table, and what goes wrong named at the end."""

import logging
import sys

import pandas as pd
import pytest

from pipeline.errors import ConfigError
from pipeline.experiments import sweep
from pipeline.workspace import Workspace

# What stands for `dvc repro` here: it writes metrics that tell which params.yaml it saw.
STAND_IN = """
import json
from pathlib import Path
from pipeline import config
from pipeline.workspace import Workspace
settings = config.load(Workspace(Path.cwd()))
if settings.seed == 13:
    raise SystemExit("no luck")
Path("reports").mkdir(exist_ok=True)
metrics = {"model": {"mse": settings.seed + settings.optimizer.learning_rate}}
Path("reports/metrics.json").write_text(json.dumps(metrics))
"""


@pytest.fixture
def home(folder, monkeypatch):
    from ..conftest import REPOSITORY

    for name in ("conf", "data"):
        (folder / name).symlink_to(REPOSITORY / name)
    return folder


def run(*overrides: str):
    return sweep.run(Workspace.here(), overrides, [sys.executable, "-c", STAND_IN])


@pytest.mark.slow
def test_every_combination_runs_once_and_in_order(home, caplog):
    caplog.set_level(logging.INFO)
    results, failures = run("seed=1,2", "optimizer.learning_rate=0.5,0.25", "train.steps=7")
    assert not failures
    assert list(results.columns) == ["seed", "optimizer.learning_rate", "mse"]
    assert list(results.mse) == [1.5, 1.25, 2.5, 2.25]
    table = sweep.as_table(results)
    assert "mean" in table
    assert f"{pd.Series([1.5, 1.25, 2.5, 2.25]).std():.6g}" in table
    assert "[4/4] seed=2 optimizer.learning_rate=0.25: mse 2.25" in caplog.messages


@pytest.mark.slow
def test_a_failure_is_named_and_the_others_run(home):
    results, failures = run("seed=range(12,15)")
    assert list(results.seed) == ["12", "14"]
    assert [str(failure) for failure in failures] == ["seed=13: failed; see .dvc/tmp/sweep/2.log"]
    assert "no luck" in (home / ".dvc/tmp/sweep/2.log").read_text()


def test_all_combinations_are_checked_before_the_first_runs(home):
    with pytest.raises(ConfigError, match=r"train\.steps"):
        run("train.steps=10,ten")
    assert not (home / "reports").exists()


def test_groups_are_varied_and_intervals_refused(home):
    assert sweep.combinations(["model=linear,mlp"]) == [["model=linear"], ["model=mlp"]]
    with pytest.raises(ConfigError, match="is an interval"):
        sweep.combinations(["seed=interval(0,1)"])
