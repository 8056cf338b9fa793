"""Whole runs as processes against the article's scripts: cold, after an edit, nothing to do."""

import json
import sys
import tempfile
from pathlib import Path

from benchmarks import clone
from benchmarks.clone import Clone
from benchmarks.workload import Contender, Job, Setting, Workload

ARTICLE = clone.REPOSITORY / "benchmarks/article"
EDITED = "optimizer.learning_rate=0.1"

COLD = Workload(
    name="cold",
    module=__name__,
    title="The main job as a whole, in a fresh clone",
    unit="one run",
    scale=1,
    result="MSE of the test rows",
    contenders=(
        Contender("dvc repro", "cold_repro", ours=True),
        Contender("the article's three scripts", "scripts", required=1 / 0.70),
    ),
    note="`dvc repro` also proves that six forms agree, computes metrics and baselines, draws"
    " figures, writes a report and tracks the run in a new MLflow store; the scripts train and"
    " save, restore the checkpoint, restore the frozen graph. Their test rows"
    " are others: drawn, not the last.",
)

EDIT = Workload(
    name="edit",
    module=__name__,
    title="An edit of the learning rate",
    unit="one run",
    scale=1,
    result="MSE of the test rows",
    contenders=(
        Contender("pipeline run", "edited_run", ours=True),
        Contender("dvc exp run -S", "edited_experiment", ours=True),
        Contender("the article's three scripts", "scripts", required=1 / 0.60),
    ),
    note="After a cold run. As there, the pipeline proves, measures, draws and tracks; `prepare`"
    " has nothing to do.",
)

NOTHING_TO_DO = Workload(
    name="nothing_to_do",
    module=__name__,
    title="Nothing to do",
    unit="one run",
    scale=1,
    result="up to date",
    contenders=(
        Contender("dvc repro", "repro_again", ours=True),
        Contender("dvc status", "status", required=1 / 1.45),
    ),
)


def cold_repro(setting: Setting) -> Job:
    """All stages, including the creation of the MLflow store."""
    repository = clone.fresh(Path(tempfile.mkdtemp(dir=setting.scratch)) / "clone")
    return _once(repository, "dvc", "repro")


def edited_run(setting: Setting) -> Job:
    """`pipeline run` with another learning rate after `dvc repro`."""
    command = (sys.executable, "-m", "pipeline", "run", EDITED)
    return _once(_finished_anew(setting), *command)


def edited_experiment(setting: Setting) -> Job:
    """`dvc exp run` with another learning rate after `dvc repro`."""
    return _once(_finished_anew(setting), "dvc", "exp", "run", "-S", EDITED)


def _finished_anew(setting: Setting) -> Clone:
    repository = clone.fresh(Path(tempfile.mkdtemp(dir=setting.scratch)) / "clone")
    repository.run("dvc", "repro")
    return repository


def _once(repository: Clone, *command: str) -> Job:
    """Run a command once; the result is what it measured."""

    def result() -> float:
        metrics = json.loads((repository.path / "reports/metrics.json").read_text(encoding="utf-8"))
        return float(metrics["model"]["mse"])

    return Job(
        lambda: repository.run(*command), 1, result, repeats=1, warm_up=False, in_children=True
    )


def scripts(setting: Setting) -> Job:
    """Three processes, one after another."""
    repository = Clone(Path(tempfile.mkdtemp(dir=setting.scratch)))
    printed = []

    def run() -> None:
        for name in ("train", "restore_checkpoint", "restore_pb"):
            arguments = (
                f"{ARTICLE / name}.py",
                str(clone.REPOSITORY / "data/raw/sp500.csv"),
                "model",
            )
            printed.append(repository.run(sys.executable, *arguments))

    return Job(run, 1, lambda: _test_loss(printed), repeats=1, warm_up=False, in_children=True)


def _test_loss(printed: list[str]) -> float:
    """Return the test loss that the scripts printed, if they agree."""
    found = {round(float(text.split("test ")[1].split()[0]), 1) for text in printed}
    return found.pop() if len(found) == 1 else float("nan")


def repro_again(setting: Setting) -> Job:
    """`dvc repro` after `dvc repro`."""
    return _again(setting, "repro")


def status(setting: Setting) -> Job:
    """`dvc status` after `dvc repro`."""
    return _again(setting, "status")


def _again(setting: Setting, verb: str) -> Job:
    root = setting.scratch / "finished"
    if not root.exists():
        clone.fresh(root).run("dvc", "repro")
    finished = Clone(root)
    printed = []
    return Job(
        lambda: printed.append(finished.run("dvc", verb)),
        1,
        lambda: float("up to date" in printed[-1]),
        repeats=setting.size(5, 1),
        in_children=True,
    )
