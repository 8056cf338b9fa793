"""The figure of every task: the learning curve."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.evaluation.report.figures.style import ACCENT, MODEL, legend, new_axes
from pipeline.evaluation.report.results import Results
from pipeline.models.learning_curve import VALIDATION_LOSS


def learning_curve(figure: Figure, results: Results) -> None:
    """Draw the training loss over the steps; with validations also theirs, and the kept step."""
    unit = " (scaled target)" if results.dataset.kind.scales_label else ""
    axes = new_axes(figure, "Learning curve", "step", f"loss{unit}")
    curves = []
    columns = {"loss": ("training", MODEL), VALIDATION_LOSS: ("validation", ACCENT)}
    for column, (name, color) in columns.items():
        if column in results.history:
            steps, losses = results.history[["step", column]].dropna().to_numpy(np.float64).T
            marker = "." if len(steps) < 30 else None
            axes.plot(steps, losses, color=color, linewidth=1.6, marker=marker, label=name)
            curves.append((steps, losses, color))
    if curves[0][0].size and all((losses > 0).all() for _, losses, _ in curves):
        axes.set_yscale("log")
    if curves[0][0].size and all((steps > 0).all() for steps, _, _ in curves):
        axes.set_xscale("log")
    (steps, losses, color), *validations = curves
    if len(steps):
        text, end = f"{losses[-1]:.4g}", (steps[-1], losses[-1])
        axes.annotate(text, end, (6, 0), textcoords="offset points", va="center", color=color)
    for steps, losses, color in validations:
        at = steps == results.step
        _mark_kept(axes, steps[at], losses[at], color)
        legend(axes)


def _mark_kept(axes: Axes, steps: np.ndarray, losses: np.ndarray, color: str) -> None:
    """Mark the validation of the checkpoint that is shipped; the last one says nothing of it."""
    for step, loss in zip(steps, losses, strict=True):
        axes.axvline(step, color=color, linewidth=0.8, linestyle="--", alpha=0.6)
        name = f"kept: step {step:,.0f}"
        axes.plot(step, loss, "o", color=color, ms=7, mfc="white", mew=1.6, label=name)
        axes.annotate(
            f"{loss:.4g}", (step, loss), (0, 9), textcoords="offset points",
            ha="center", color=color, bbox={"fc": "white", "ec": "none", "alpha": 0.85, "pad": 1},
        )  # fmt: skip
