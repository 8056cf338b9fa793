"""What more rows and more steps cost: time and peak memory of the stages, as processes."""

import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import clone
from benchmarks.clone import Clone

STAGES = ("prepare", "train", "freeze", "evaluate")
# Decades that are measured; one more is estimated for the rows.
ROWS, STEPS = range(3, 8), range(3, 8)

Point = dict[str, float]


def measure(quick: bool) -> dict[str, Any]:
    """Measure growing jobs.

    Returns:
        `{"rows": {"points": […], "estimated": …, "slopes": …}, "steps": …}`; a point has `size`,
        `seconds` and `memory` in bytes of all stages, and both of each stage.
    """
    return {
        "rows": _grown("rows", ROWS[:2] if quick else ROWS, _of_rows, estimate=True),
        "steps": _grown("steps", STEPS[:2] if quick else STEPS, _of_steps, estimate=False),
    }


def _of_rows(rows: int) -> list[str]:
    return ["data=synthetic", f"data.rows={rows}", "model=linear", "train.steps=100"]


def _of_steps(steps: int) -> list[str]:
    every = f"train.checkpoint_every={max(steps // 4, 250)}"
    return [f"train.steps={steps}", every, f"train.log_every={steps // 1000}"]


def _grown(
    what: str, decades: Sequence[int], overrides: Callable[[int], list[str]], estimate: bool
) -> dict[str, Any]:
    points = []
    for decade in decades:
        with tempfile.TemporaryDirectory(prefix="bench-growth-") as folder:
            made = clone.fresh(Path(folder) / "clone")
            made.compose("device=cpu", *overrides(10**decade))
            points.append({"size": 10.0**decade, **_point(made)})
        print(f"growth: {10**decade:,} {what}: {points[-1]['seconds']:.3g} s", file=sys.stderr)
    slopes = {key: _slope(points, key) for key in ("seconds", "memory")}
    found: dict[str, Any] = {"points": points, "slopes": slopes}
    if estimate:
        found["estimated"] = _estimated(points)
    return found


def _estimated(points: Sequence[Point]) -> Point:
    """Return the next decade, if each further row costs what those of the last decade did."""
    before, last = points[-2:]
    size = last["size"] * 10
    decades = (size - last["size"]) / (last["size"] - before["size"])
    grown = {key: last[key] + decades * (last[key] - before[key]) for key in ("seconds", "memory")}
    return {"size": size, **grown}


def _point(made: Clone) -> Point:
    point: Point = {"seconds": 0.0, "memory": 0.0}
    for stage in STAGES:
        took = made.measured_stage(stage)
        point |= {f"{stage} seconds": took.seconds, f"{stage} memory": took.memory}
        point["seconds"] += took.seconds
        point["memory"] = max(point["memory"], took.memory)
    return point


def _slope(points: Sequence[Point], key: str) -> float:
    """Return the slope of the last decade in a log-log plot: 1 is proportional."""
    return math.log10(points[-1][key] / points[-2][key])


def markdown(found: dict[str, Any]) -> list[str]:
    """Return the section of the document."""
    lines = [
        "## What more rows and more steps cost",
        "",
        "The stages from `prepare` to `evaluate` as processes, without DVC: a linear model, 100"
        " full-batch steps on synthetic rows × 8; and the main job with more steps. The slope is"
        " that of the last decade in the log-log plot: 1 is proportional, less is better. What is"
        " estimated has each further row cost what those of the last decade did.",
        "",
        "![Time and memory against rows and steps](benchmarks.png)",
        "",
    ]
    for what, grown in found.items():
        heads = " | ".join(f"{stage}" for stage in STAGES)
        lines += [
            f"| {what} | time | {heads} | peak memory |",
            "| ---: | ---: |" + " ---: |" * len(STAGES) + " ---: |",
        ]
        for point in grown["points"]:
            stages = " | ".join(f"{point[f'{stage} seconds']:.1f} s" for stage in STAGES)
            lines.append(_line(point, stages, ""))
        if "estimated" in grown:
            lines.append(_line(grown["estimated"], " | " * (len(STAGES) - 1), ", estimated"))
        slopes = grown["slopes"]
        lines += [
            "",
            f"Slope with {what}: time {slopes['seconds']:.2f}, memory {slopes['memory']:.2f}.",
            "",
        ]
    return lines


def _line(point: Point, stages: str, mark: str) -> str:
    size = f"10^{math.log10(point['size']):.0f}{mark}"
    return f"| {size} | {point['seconds']:.1f} s | {stages} | {point['memory'] / 1e9:.2f} GB |"
