"""The time of a cold `dvc repro`: interpreter, imports, work, and DVC itself."""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import clone, commands
from benchmarks.clone import Clone

STAGES = ("config", "prepare", "train", "freeze", "evaluate", "track")
# The setup of `python -m pipeline.stages`, and the imports of a stage.
IMPORTS = """
from pipeline.repository import environment
environment.configure()
import pipeline.stages.{}
"""
REST = "rest"
# What the parts of a long run are called in the table.
NAMES = {
    "steps": "loop",
    "LearningCurve": "learning curve",
    "reports": "progress, live tracking",
    "Placement": "placement of operations",
    "checkpoints": "checkpoints, states to go on from",
    REST: "imports, other stages, tracking, DVC",
}
TRACKED = ("mlflow.db", "mlartifacts", ".spool", ".tracked.json")


def measure() -> dict[str, Any]:
    """Run the main job in a fresh clone, then each stage alone on the results of the job.

    Returns:
        `{"whole": seconds, "interpreter": …, "dvc": …, "stages": {name: {"imports": …,
        "work": …}}, "long": {part: seconds}}`.
    """
    with tempfile.TemporaryDirectory(prefix="bench-breakdown-") as folder:
        repository = clone.fresh(Path(folder) / "clone")
        whole = repository.measure("dvc", "repro").seconds
        _remove_runs(repository)
        total = {name: repository.measure_stage(name).seconds for name in STAGES}
        imports = {name: _time_python(repository, IMPORTS.format(name)) for name in STAGES}
        interpreter = _time_python(repository, "pass")
        long = _measure_long(repository)
    return {
        "long": long,
        "whole": whole,
        "interpreter": interpreter,
        "dvc": whole - sum(total.values()),
        "stages": {
            name: {"imports": imports[name] - interpreter, "work": total[name] - imports[name]}
            for name in STAGES
        },
    }


def _measure_long(repository: Clone) -> dict[str, float]:
    """Return the seconds of a long `pipeline run`, by part; the last are those of the rest."""
    training = ("experiment=article", "device=cpu", "train.steps=400000")
    run = sys.executable, "-m", "pipeline", "run", *training
    process = repository.measure(*run, PIPELINE_VERBOSITY="verbose")
    parts = commands.read_seconds(process.output)
    return parts | {REST: process.seconds - sum(parts.values())}


def _time_python(repository: Clone, code: str) -> float:
    """Return the seconds of a process that runs `code`, the median of three."""
    return statistics.median(
        repository.measure(sys.executable, "-c", code).seconds for _ in range(3)
    )


def _remove_runs(repository: Clone) -> None:
    """Remove all runs, so that `track` starts as in a fresh clone."""
    for name in TRACKED:
        path = repository.path / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)


def markdown(breakdown: dict[str, Any]) -> list[str]:
    """Return the section of the document."""
    lines = [
        "## Where a cold `dvc repro` spends its time",
        "",
        "The main job in a fresh clone, tracking included. What a stage imports only when it needs"
        " it counts as work.",
        "",
        "| stage | interpreter | imports | work | sum |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    interpreter = breakdown["interpreter"]
    for name, seconds in breakdown["stages"].items():
        parts = (interpreter, seconds["imports"], seconds["work"])
        cells = " | ".join(f"{part:.2f} s" for part in (*parts, sum(parts)))
        lines.append(f"| {name}{' (tracking)' if name == 'track' else ''} | {cells} |")
    lines += [
        f"| DVC itself, less what overlaps | | | | {breakdown['dvc']:.2f} s |",
        f"| whole | | | | {breakdown['whole']:.2f} s |",
        "",
        "## Where a long `pipeline run` spends its time",
        "",
        "The article's regression with 400,000 steps. What a thread does beside the loop, as the"
        " live curve in MLflow and states to go on from, shows as a slower loop.",
        "",
        "| part | seconds | share |",
        "| --- | ---: | ---: |",
    ]
    whole = sum(breakdown["long"].values())
    for name, seconds in breakdown["long"].items():
        lines.append(f"| {NAMES.get(name, name)} | {seconds:.2f} s | {seconds / whole:.0%} |")
    lines += [f"| whole | {whole:.2f} s | |", ""]
    return lines
