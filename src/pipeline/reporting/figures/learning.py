"""The learning curve, for every task."""

import numpy as np
from matplotlib.figure import Figure

from pipeline.history import VALIDATION_LOSS
from pipeline.reporting.figures.style import ACCENT, MODEL, legend, new_axes
from pipeline.reporting.shown import Shown


def learning_curve(figure: Figure, shown: Shown) -> None:
    """Draw the training loss, and the validation loss where there is one, over the steps."""
    scaled = " (scaled target)" if shown.dataset.task == "regression" else ""
    axes = new_axes(figure, "Learning curve", "step", f"loss{scaled}")
    drawn = []
    for column, name, color in (
        ("loss", "training", MODEL),
        (VALIDATION_LOSS, "validation", ACCENT),
    ):
        if column in shown.history:
            points = shown.history[["step", column]].dropna()
            steps, losses = points.to_numpy(np.float64).T
            marker = "." if len(steps) < 30 else None
            axes.plot(steps, losses, color=color, linewidth=1.6, marker=marker, label=name)
            drawn.append((steps, losses, color))
    if all((losses > 0).all() for _, losses, _ in drawn):
        axes.set_yscale("log")
    if all((steps > 0).all() for steps, _, _ in drawn):
        axes.set_xscale("log")
    for steps, losses, color in drawn:
        if len(steps):
            axes.annotate(
                f"{losses[-1]:.4g}",
                (steps[-1], losses[-1]),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                color=color,
            )
    if len(drawn) > 1:
        legend(axes)
