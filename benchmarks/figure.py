"""The figure of the growth, docs/benchmarks.png."""

from pathlib import Path
from typing import Any

PLOTS = (("seconds", "time (s)", 1.0), ("memory", "peak memory (GB)", 1e-9))


def draw(growth: dict[str, Any], file: Path) -> None:
    """Draw time and memory against rows and steps, both axes logarithmic."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.5), layout="constrained")
    axes = figure.subplots(2, len(growth), squeeze=False)
    for column, (what, measured) in enumerate(growth.items()):
        for row, (key, label, factor) in enumerate(PLOTS):
            plot = axes[row][column]
            points = [(point["size"], point[key] * factor) for point in measured["points"]]
            slope = f"slope of the last decade {measured['slopes'][key]:.2f}"
            plot.loglog(*zip(*points, strict=True), "o-", label=slope)
            if "model" in measured:
                more = [(one["size"], one[key] * factor) for one in measured["model"]["estimated"]]
                line = [points[-1], *more]
                plot.loglog(*zip(*line, strict=True), "o--", mfc="none", label="estimated")
            low, high = plot.get_ylim()
            plot.set(
                xlabel=what, ylabel=label, ylim=(low / 2, high * 2)
            )  # keeps noise from looking like a slope
            plot.grid(visible=True, which="major", alpha=0.3)
            plot.legend(loc="upper left")
    figure.savefig(file, dpi=110, metadata={"Software": None})
