"""Where the time of a cold `dvc repro` goes: interpreter, imports, work, DVC itself."""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import clone
from benchmarks.clone import Clone

STAGES = ("config", "prepare", "train", "freeze", "evaluate", "track")
# As python -m pipeline.stages sets itself up.
IMPORTS = """
from pipeline import memory
memory.collect_rarely()
memory.keep_freed()
import pipeline.stages.{}
"""
TRACKED = ("mlflow.db", "mlartifacts", ".spool", ".tracked.json")


def measure() -> dict[str, Any]:
    """Run the main job in a fresh clone, then each stage by itself with what it left.

    Returns:
        `{"whole": seconds, "interpreter": …, "dvc": …, "stages": {name: {"imports": …,
        "work": …}}}`.
    """
    with tempfile.TemporaryDirectory(prefix="bench-breakdown-") as folder:
        made = clone.fresh(Path(folder) / "clone")
        whole = made.measured("dvc", "repro").seconds
        _forget_runs(made)
        took = {name: made.measured_stage(name).seconds for name in STAGES}
        bare = {name: _python(made, IMPORTS.format(name)) for name in STAGES}
        interpreter = _python(made, "pass")
    return {
        "whole": whole,
        "interpreter": interpreter,
        "dvc": whole - sum(took.values()),
        "stages": {
            name: {"imports": bare[name] - interpreter, "work": took[name] - bare[name]}
            for name in STAGES
        },
    }


def _python(made: Clone, code: str) -> float:
    """Return the time of a process that runs `code`, the median of three."""
    took = [made.measured(sys.executable, "-c", code).seconds for _ in range(3)]
    return statistics.median(took)


def _forget_runs(made: Clone) -> None:
    """Let `track` find nothing, as in a fresh clone."""
    for name in TRACKED:
        path = made.path / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)


def markdown(found: dict[str, Any]) -> list[str]:
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
    interpreter = found["interpreter"]
    for name, took in found["stages"].items():
        parts = (interpreter, took["imports"], took["work"])
        shown = " | ".join(f"{part:.2f} s" for part in (*parts, sum(parts)))
        lines.append(f"| {name}{' (tracking)' if name == 'track' else ''} | {shown} |")
    lines += [
        f"| DVC itself | | | | {found['dvc']:.2f} s |",
        f"| whole | | | | {found['whole']:.2f} s |",
        "",
    ]
    return lines
