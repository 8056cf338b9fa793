"""Measure the article's regression and the stages; write docs/benchmarks.md and .json.

Machines are noisy: contenders take turns, warm-up is left out, medians and ratios count.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import regression
from pipeline import files, identity

ROUNDS = 9
STAGE_ROUNDS = 5
STAGES = ("config", "prepare", "train", "freeze", "evaluate", "track")


def main() -> None:
    """Measure, print, write."""
    if not files.PARITY.exists():
        sys.exit("benchmarks: run `make repro` first; the stages are measured on its results")
    training = _training()
    stages = _stages()
    text = _markdown(training, stages)
    print(text)
    files.write_text(Path("docs/benchmarks.md"), text)
    files.write_json(Path("docs/benchmarks.json"), {"training": training, "stages": stages})


def _training() -> dict[str, dict[str, float]]:
    """Time 1,000 full-batch steps of the article's regression, 4,000 × 4."""
    contenders = regression.contenders()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    losses = {name: run() for name, run in contenders.items()}  # warm-up
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            times[name].append(_seconds(run))
    best = statistics.median(times["pipeline"])
    return {
        name: {
            "median_s": round(statistics.median(values), 4),
            "min_s": round(min(values), 4),
            "max_s": round(max(values), 4),
            "ratio": round(statistics.median(values) / best, 2),
            "loss": round(float(losses[name]), 6),
        }
        for name, values in times.items()
    }


def _stages() -> dict[str, dict[str, float]]:
    """Time each stage as a process, and its interpreter with imports alone."""
    found = {}
    for stage in STAGES:
        whole, imports = [], []
        for _ in range(STAGE_ROUNDS):
            whole.append(_process("-m", "pipeline.stages", stage))
            imports.append(_process("-c", f"import pipeline.stages.{stage}"))
        found[stage] = {
            "whole_s": round(statistics.median(whole), 2),
            "imports_s": round(statistics.median(imports), 2),
        }
    return found


def _process(*arguments: str) -> float:
    command = [sys.executable, *arguments]
    return _seconds(lambda: subprocess.run(command, check=True, capture_output=True))


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _markdown(training: dict[str, dict[str, float]], stages: dict[str, dict[str, float]]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in identity.versions().items())
    lines = [
        "# Benchmarks",
        "",
        f"Made by `make bench` on {os.cpu_count()} cores, {platform.machine()},"
        f" Python {platform.python_version()}, {versions}.",
        "",
        f"## The article's regression: 4,000 × 4, 1,000 full-batch steps, {ROUNDS} rounds in turns",
        "",
        "Warm-up (the first run of each contender) is left out.",
        "",
        "| contender | median | min | max | time against the pipeline | final loss |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {name} | {t['median_s'] * 1000:.0f} ms | {t['min_s'] * 1000:.0f} ms"
            f" | {t['max_s'] * 1000:.0f} ms | {t['ratio']:.2f}× | {t['loss']:.6f} |"
            for name, t in training.items()
        ),
        "",
        f"## Stages of the main job, as processes, medians of {STAGE_ROUNDS}",
        "",
        "| stage | whole | of it interpreter and imports |",
        "| --- | --- | --- |",
        *(
            f"| {name} | {t['whole_s']:.2f} s | {t['imports_s']:.2f} s |"
            for name, t in stages.items()
        ),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
