"""Many runs: combinations, a table, and what goes wrong named at the end."""

import logging
import re
import shutil
import sys

import pandas as pd
import pytest

from pipeline.config import chosen, overrides
from pipeline.errors import ConfigError
from pipeline.experiments import choice, sweep
from pipeline.experiments.choice import Finished
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
mse = settings.seed + settings.optimizer.learning_rate
metrics = {"task": "regression", "model": {"mse": mse}}
if settings.data.validation_share:
    metrics["validation"] = {"r2": 1 - 1 / mse, "mse": 1 / mse}
if settings.seed == 2:
    metrics["warnings"] = ["the model is worse than mean"]
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
    finished, failures = run("seed=1,2", "optimizer.learning_rate=0.5,0.25", "train.steps=7")
    assert not failures
    results = choice.tabulate(finished)
    assert list(results.columns) == ["seed", "optimizer.learning_rate", "mse"]
    assert list(results.mse) == [1.5, 1.25, 2.5, 2.25]
    table = choice.as_text(results)
    assert "mean" in table
    assert f"{pd.Series([1.5, 1.25, 2.5, 2.25]).std():.6g}" in table
    assert "[4/4] seed=2 optimizer.learning_rate=0.25: mse 2.25" in caplog.messages
    warned = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warned == [
        f"[{number}/4] seed=2 optimizer.learning_rate={rate}: the model is worse than mean"
        for number, rate in ((3, 0.5), (4, 0.25))
    ]


@pytest.mark.slow
def test_where_there_are_validation_rows_the_best_run_on_them_comes_first(home, caplog):
    caplog.set_level(logging.INFO)
    finished, _ = run("seed=1,3", "data.validation_share=0.1")
    ordered, order = choice.sort(finished)
    assert [run.name for run in ordered] == ["seed=3", "seed=1"]  # the worse one on the test rows
    assert order.splitlines() == [
        "sorted by validation.mse, the best first",
        "the best run again: pipeline run seed=3 data.validation_share=0.1",
    ]
    table = choice.tabulate(ordered)
    assert list(table.columns) == ["seed", "validation.mse", "validation.r2", "mse"]
    assert table["validation.mse"].is_monotonic_increasing
    assert "[1/2] seed=1: validation.mse 0.833333, mse 1.2" in caplog.messages


@pytest.mark.slow
def test_a_failure_is_named_and_the_others_run(home):
    finished, failures = run("seed=range(12,15)")
    assert [run.name for run in finished] == ["seed=12", "seed=14"]
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


def finished(name, task="regression", **validation):
    return Finished([f"model={name}"], [f"model={name}"], task, {"mse": 1.0}, validation, [])


def test_without_validation_rows_nothing_is_chosen():
    runs = [finished("linear"), finished("mlp")]
    ordered, order = choice.sort(runs)
    assert ordered == runs
    assert order.startswith("not sorted: there are no validation rows to choose a run by")


def test_runs_without_validation_rows_come_last():
    runs = [finished("linear"), finished("mlp", mse=2.0), finished("lenet", mse=1.0)]
    ordered, order = choice.sort(runs)
    assert [run.name for run in ordered] == ["model=lenet", "model=mlp", "model=linear"]
    assert order.startswith("sorted by validation.mse, the best first; 1 without validation rows")


def folds(rate: float, *losses: float):
    return [
        Finished(
            [f"optimizer.learning_rate={rate}", f"data.fold={fold}", "train.steps=9"],
            [f"optimizer.learning_rate={rate}", f"data.fold={fold}"],
            "regression",
            {"mse": 1.0},
            {"mse": loss},
            [],
        )
        for fold, loss in enumerate(losses)
    ]


def test_no_fold_is_chosen_as_each_has_other_rows():
    runs = folds(0.1, 3.0, 1.0)
    assert choice.sort(runs) == (
        runs,
        "not sorted: each fold has other validation rows, so see the mean",
    )


def test_runs_with_folds_are_sorted_by_their_mean():
    worse, better = folds(0.1, 9.0, 1.0), folds(0.2, 4.0, 3.0)
    ordered, order = choice.sort([*worse, *better])
    assert ordered == [*better, *worse]
    assert order.splitlines() == [
        "sorted by the mean of validation.mse over data.fold, the best first",
        "the best without its fold: optimizer.learning_rate=0.2 train.steps=9",
    ]


def test_the_best_of_classes_has_the_least_log_loss_and_of_pairs_the_largest_area():
    classes = [finished(str(loss), "classification", log_loss=loss) for loss in (0.5, 0.2)]
    pairs = [finished(str(area), "similarity", roc_auc=area) for area in (0.5, 0.9)]
    assert choice.sort(classes)[0] == classes[::-1]
    assert choice.sort(pairs)[0] == pairs[::-1]
    assert "validation.roc_auc" in choice.sort(pairs)[1]


def test_runs_of_several_tasks_cannot_be_compared():
    runs = [finished("linear", mse=2.0), finished("softmax", "classification", log_loss=1.0)]
    ordered, order = choice.sort(runs)
    assert ordered == runs
    assert order == "not sorted: no metric compares classification with regression"


def test_one_run_needs_no_order():
    assert choice.sort([finished("linear", mse=1.0)])[1] == ""


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
        ("glob in a sweep that fits no option", "model=glob(z*)", "conf/model has custom, graph"),
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
