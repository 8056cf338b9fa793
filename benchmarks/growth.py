"""Time and peak memory of the stages, as processes, with more rows, columns and steps."""

import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import clone
from benchmarks.clone import Clone

STAGES = ("prepare", "train", "freeze", "evaluate")
# Decades that are measured. Two more are estimated for rows, by a model of the cost: what the least
# rows take, and so much more for each row, as of the decade MODELLED. Others show whether it holds.
ROWS, COLUMNS, STEPS = range(3, 8), range(1, 5), range(3, 8)
MODELLED, CHECKED, ESTIMATED = 6, (5, 7), (8, 9)

Point = dict[str, float]


def measure(quick: bool) -> dict[str, Any]:
    """Measure jobs of growing size.

    Returns:
        `{"rows": {"points": […], "model": …, "slopes": …}, "columns": …, "steps": …}`; a point has
        `size`, `seconds` and `memory` in bytes of all stages, and both of each stage.
    """
    return {
        "rows": _measure_decades(
            "rows", ROWS[:2] if quick else ROWS, _row_overrides, estimate=not quick
        ),
        "columns": _measure_decades(
            "columns", COLUMNS[:2] if quick else COLUMNS, _column_overrides, estimate=False
        ),
        "steps": _measure_decades(
            "steps", STEPS[:2] if quick else STEPS, _step_overrides, estimate=False
        ),
    }


def _row_overrides(rows: int) -> list[str]:
    return ["data=synthetic", f"data.rows={rows}", "model=linear", "train.steps=100"]


def _column_overrides(columns: int) -> list[str]:
    rows = ["data=synthetic", "data.rows=2000", f"data.columns={columns}"]
    # As for people's tables: the plain gradient diverges with so many columns.
    return [*rows, "model=linear", "train.steps=100", "optimizer.precondition=true"]


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
        growth["model"] = _model_cost(points)
    return growth


def _model_cost(points: Sequence[Point]) -> dict[str, Any]:
    """Return the model of the cost of rows, how it fits other decades, and what it estimates."""
    by_decade = {round(math.log10(point["size"])): point for point in points}
    least, modelled = points[0], by_decade[MODELLED]
    rows = modelled["size"] - least["size"]
    cost = {key: (modelled[key] - least[key]) / rows for key in ("seconds", "memory")}

    def predict(decade: int) -> Point:
        more = 10.0**decade - least["size"]
        return {"size": 10.0**decade} | {k: least[k] + more * cost[k] for k in cost}

    return {
        "fixed": {key: least[key] for key in cost},
        "a row": cost,
        "measured of predicted": {
            str(decade): by_decade[decade]["seconds"] / predict(decade)["seconds"]
            for decade in CHECKED
        },
        "estimated": [predict(decade) for decade in ESTIMATED],
    }


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
        " full-batch steps on synthetic rows × 8; the same on 2,000 rows with more columns; and the"
        " main job with more steps. The slope is that of the last decade in the log-log plot: 1 is"
        " proportional, less is better.",
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
        for point in measured.get("model", {}).get("estimated", []):
            lines.append(_line(point, " | " * (len(STAGES) - 1), ", estimated"))
        slopes = measured["slopes"]
        lines += [
            "",
            f"Slope with {what}: time {slopes['seconds']:.2f}, memory {slopes['memory']:.2f}.",
            "",
            *(_describe_model(measured["model"]) if "model" in measured else []),
        ]
    return lines


def _describe_model(model: dict[str, Any]) -> list[str]:
    fixed, row = model["fixed"], model["a row"]
    checks = ", ".join(
        f"{ratio:.2f} times the model's at 10^{decade}"
        for decade, ratio in model["measured of predicted"].items()
    )
    return [
        f"The model of the estimates: {fixed['seconds']:.1f} s and {row['seconds'] * 1e6:.2f} µs a"
        f" row, {fixed['memory'] / 1e9:.2f} GB and {row['memory']:.0f} bytes a row, from 10^3 and"
        f" 10^{MODELLED} rows. Measured was {checks}.",
        "",
    ]


def _line(point: Point, stages: str, mark: str) -> str:
    size = f"10^{math.log10(point['size']):.0f}{mark}"
    return f"| {size} | {point['seconds']:.1f} s | {stages} | {point['memory'] / 1e9:.2f} GB |"
