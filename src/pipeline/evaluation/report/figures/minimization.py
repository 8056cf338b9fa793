"""The figure of a minimization: the descent."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from pipeline.evaluation.report.figures.style import ACCENT, INK, MODEL, legend, new_axes
from pipeline.evaluation.report.results import Results

POINTS = "offset points"


def descent(figure: Figure, results: Results, variables: Mapping[str, float]) -> None:
    """Draw y around the minimum found; with a single variable, given there, also the steps."""
    minimum, target = results.metrics["model"]["minimum"], results.dataset.target
    name, at = "offset from the minimum found", 0.0
    is_single = len(variables) == 1
    if is_single:
        ((name, at),) = variables.items()
    axes = new_axes(figure, "Descent", name, target)
    x, y = at + results.test.features[:, 0].astype(np.float64), results.prediction[:, 0]
    order = np.argsort(x, kind="stable")
    axes.plot(x[order], y[order], color=MODEL, linewidth=1.8, label=f"{target} around the minimum")
    if is_single:
        steps = results.history[[name, "loss"]].to_numpy(np.float64)
        path = np.vstack([steps, [at, minimum]])
        axes.plot(*path.T, "o-", color=ACCENT, linewidth=1.2, ms=5, mew=0, alpha=0.8, label="steps")
        side, align = (10, "left") if path[0, 0] > at else (-10, "right")
        axes.annotate(
            "start", path[0], (side, 0), textcoords=POINTS, ha=align, va="center", color=ACCENT
        )
    axes.plot(at, minimum, "o", color=INK, ms=8, mfc="white", mew=1.6, zorder=5)
    where = f"{name} = {at:.6g}, " if is_single else ""
    text = f"{where}{target} = {minimum:.6g}"
    axes.annotate(
        text, (at, minimum), (0, -20), textcoords=POINTS, ha="center", color=INK, parse_math=False
    )
    axes.margins(y=0.18)
    legend(axes, columns=2)
