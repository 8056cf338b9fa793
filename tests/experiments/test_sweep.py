"""Many runs: combinations, a table, and what goes wrong named at the end."""

import logging
import re
import shutil
import sys

import pandas as pd
import pytest

from pipeline.config import chosen, overrides
from pipeline.errors import ConfigError
from pipeline.experiments import sweep
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY

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
    (folder / "data").symlink_to(REPOSITORY / "data")
    shutil.copytree(REPOSITORY / "conf", folder / "conf")
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
    here = Workspace.here()
    assert sweep.combinations(["model=linear,mlp"], here) == [["model=linear"], ["model=mlp"]]
    with pytest.raises(ConfigError, match="is an interval"):
        sweep.combinations(["seed=interval(0,1)"], here)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("model=glob(l*)", ["model=lenet", "model=linear"]),
        ("schedule=glob([c*,w*],exclude=cos*)", ["schedule=constant", "schedule=warm_up"]),
        ("+experiment=article,sinc", ["+experiment=article", "+experiment=sinc"]),
        ("experiment=null,article", ["experiment=null", "experiment=article"]),
        ("data.target='a,b','c (d)'", ["data.target='a,b'", "data.target='c (d)'"]),
        ("data.target=Größe (m)", ["data.target=Größe (m)"]),
    ],
)
def test_values_are_listed(home, override: str, expected: list[str]):
    assert overrides.split_values(override, Workspace.here()) == expected


@pytest.mark.parametrize(
    ("what", "override", "expected"),
    [
        ("interval in a sweep", "seed=interval(0,1)", "list its values: seed=1,2,3"),
        ("glob in a sweep that fits no option", "model=glob(z*)", "conf/model has custom, lenet"),
        ("glob in a sweep of a number", "seed=glob(1*)", "list its values: seed=1,2,3"),
        ("range in a sweep without a step", "seed=range(0,5,0)", "must not be zero"),
        (
            "texts in a sweep that Hydra does not take",
            "data.target=Größe,Höhe",
            """'data.target="Größe","Höhe"' or 'data.target="Größe,Höhe"'""",
        ),
    ],
)
def test_values_that_cannot_be_listed_are_one_message(home, what, override, expected, failure):
    with failure.raises(what, ConfigError, match=re.escape(expected)):
        overrides.split_values(override, Workspace.here())


@pytest.mark.slow
def test_the_last_combination_is_recorded(home):
    run("seed=1,2", "train.steps=7")
    assert str(chosen.read(Workspace.here())) == "seed=2 train.steps=7"
