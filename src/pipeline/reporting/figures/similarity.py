"""Figures of a similarity: how far apart pairs are."""

import numpy as np
from matplotlib.figure import Figure

from pipeline.reporting.figures.style import ACCENT, INK, MODEL, legend, new_axes
from pipeline.reporting.shown import Shown

BINS = 50


def distances(figure: Figure, shown: Shown) -> None:
    """Draw the distances of pairs of the same and of different kind, and the threshold."""
    axes = new_axes(figure, "Distances of the test pairs", "distance", "pairs")
    distance, same = shown.prediction[:, 0], shown.test.label[:, 0] == 1
    threshold = shown.results["model"]["threshold"]
    edges = np.linspace(min(distance.min(), 0), max(distance.max(), threshold), BINS + 1)
    for kind, color, name in ((same, MODEL, "same"), (~same, ACCENT, "different")):
        pairs, _ = np.histogram(distance[kind], edges)
        axes.stairs(
            pairs, edges, fill=True, color=color, alpha=0.5, label=f"{name}, {kind.sum():,} pairs"
        )
    axes.axvline(threshold, color=INK, linewidth=1, linestyle="--", label="threshold")
    axes.set_xlim(edges[0], edges[-1])
    legend(axes)
