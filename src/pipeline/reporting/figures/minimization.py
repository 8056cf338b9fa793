"""Figures of a minimization: the way down."""

import numpy as np
from matplotlib.figure import Figure

from pipeline.reporting.figures.style import ACCENT, INK, MODEL, legend, new_axes
from pipeline.reporting.shown import Shown

MEASURES = ("minimum", "lowest_around")


def descent(figure: Figure, shown: Shown) -> None:
    """Draw y around the minimum found; of one variable also where each step was."""
    metrics, target = shown.results["model"], shown.dataset.target
    found = {name: at for name, at in metrics.items() if name not in MEASURES}
    (name, at), one = next(iter(found.items()), ("", 0.0)), len(found) == 1
    if not one:
        name, at = "offset from the minimum found", 0.0
    axes = new_axes(figure, "Descent", name, target)
    x, y = at + shown.test.features[:, 0].astype(np.float64), shown.prediction[:, 0]
    order = np.argsort(x, kind="stable")
    axes.plot(x[order], y[order], color=MODEL, linewidth=1.8, label=f"{target} around the minimum")
    if one:
        steps = shown.history[[name, "loss"]].to_numpy(np.float64)
        path = np.vstack([steps, [at, metrics["minimum"]]])
        axes.plot(*path.T, "o-", color=ACCENT, linewidth=1.2, ms=5, mew=0, alpha=0.8, label="steps")
        side = 1 if path[0, 0] > at else -1
        axes.annotate(
            "start",
            path[0],
            xytext=(10 * side, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            color=ACCENT,
        )
    axes.plot(at, metrics["minimum"], "o", color=INK, ms=8, mfc="white", mew=1.6, zorder=5)
    where = f"{name} = {at:.6g}, " if one else ""
    axes.annotate(
        f"{where}{target} = {metrics['minimum']:.6g}",
        (at, metrics["minimum"]),
        xytext=(0, -20),
        textcoords="offset points",
        ha="center",
        color=INK,
        parse_math=False,
    )
    axes.margins(y=0.18)
    legend(axes, columns=2)
