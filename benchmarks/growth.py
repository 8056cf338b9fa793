"""Time and peak memory of the stages, as processes, with more rows and more steps."""

import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import clone
from benchmarks.clone import Clone

STAGES = ("prepare", "train", "freeze", "evaluate")
# Decades that are measured; the next one is estimated for the rows.
ROWS, STEPS = range(3, 8), range(3, 8)

Point = dict[str, float]


def measure(quick: bool) -> dict[str, Any]:
    """Measure jobs of growing size.

    Returns:
        `{"rows": {"points": […], "estimated": …, "slopes": …}, "steps": …}`; a point has `size`,
        `seconds` and `memory` in bytes of all stages, and both of each stage.
    """
    return {
        "rows": _measure_decades(
            "rows", ROWS[:2] if quick else ROWS, _row_overrides, estimate=True
        ),
        "steps": _measure_decades(
            "steps", STEPS[:2] if quick else STEPS, _step_overrides, estimate=False
        ),
    }


def _row_overrides(rows: int) -> list[str]:
    return ["data=synthetic", f"data.rows={rows}", "model=linear", "train.steps=100"]


def _step_overrides(steps: int) -> list[str]:
    return [f"train.steps={steps}"]


def _measure_decades(
    what: str, decades: Sequence[int], overrides: Callable[[int], list[str]], estimate: bool
) -> dict[str, Any]:
    points = []
    for decade in decades:
        with tempfile.TemporaryDirectory(prefix="bench-growth-") as folder:
            repository = clone.fresh(Path(folder) / "clone")
            repository.compose("device=cpu", *overrides(10**decade))
            points.append({"size": 10.0**decade, **_measure_stages(repository)})
        print(f"growth: {10**decade:,} {what}: {points[-1]['seconds']:.3g} s", file=sys.stderr)
    slopes = {key: _slope(points, key) for key in ("seconds", "memory")}
    growth: dict[str, Any] = {"points": points, "slopes": slopes}
    if estimate:
        growth["estimated"] = _estimate_next(points)
    return growth


def _estimate_next(points: Sequence[Point]) -> Point:
    """Return the next decade, if a further row costs as much as one of the last decade."""
    before, last = points[-2:]
    size = last["size"] * 10
    decades = (size - last["size"]) / (last["size"] - before["size"])
    grown = {key: last[key] + decades * (last[key] - before[key]) for key in ("seconds", "memory")}
    return {"size": size, **grown}


def _measure_stages(repository: Clone) -> Point:
    point: Point = {"seconds": 0.0, "memory": 0.0}
    for stage in STAGES:
        process = repository.measure_stage(stage)
        point |= {f"{stage} seconds": process.seconds, f"{stage} memory": process.memory}
        point["seconds"] += process.seconds
        point["memory"] = max(point["memory"], process.memory)
    return point


def _slope(points: Sequence[Point], key: str) -> float:
    """Return the slope of the last decade in a log-log plot: 1 is proportional."""
    return math.log10(points[-1][key] / points[-2][key])


def markdown(growth: dict[str, Any]) -> list[str]:
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
    for what, measured in growth.items():
        heads = " | ".join(f"{stage}" for stage in STAGES)
        lines += [
            f"| {what} | time | {heads} | peak memory |",
            "| ---: | ---: |" + " ---: |" * len(STAGES) + " ---: |",
        ]
        for point in measured["points"]:
            stages = " | ".join(f"{point[f'{stage} seconds']:.1f} s" for stage in STAGES)
            lines.append(_line(point, stages, ""))
        if "estimated" in measured:
            lines.append(_line(measured["estimated"], " | " * (len(STAGES) - 1), ", estimated"))
        slopes = measured["slopes"]
        lines += [
            "",
            f"Slope with {what}: time {slopes['seconds']:.2f}, memory {slopes['memory']:.2f}.",
            "",
        ]
    return lines


def _line(point: Point, stages: str, mark: str) -> str:
    size = f"10^{math.log10(point['size']):.0f}{mark}"
    return f"| {size} | {point['seconds']:.1f} s | {stages} | {point['memory'] / 1e9:.2f} GB |"
