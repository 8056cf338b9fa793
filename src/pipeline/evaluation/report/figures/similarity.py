"""The figure of a similarity: the distances of pairs."""

import numpy as np
from matplotlib.figure import Figure

from pipeline.evaluation.report.figures.style import ACCENT, INK, MODEL, legend, new_axes
from pipeline.evaluation.report.results import Results

BINS = 50


def distances(figure: Figure, results: Results) -> None:
    """Draw a histogram of the distances for each kind of pair, and the threshold."""
    axes = new_axes(figure, "Distances of the test pairs", "distance", "pairs")
    distance, same = results.prediction[:, 0], results.test.label[:, 0] == 1
    threshold = results.metrics["model"]["threshold"]
    edges = np.linspace(min(distance.min(), 0), max(distance.max(), threshold), BINS + 1)
    for kind, color, name in ((same, MODEL, "same"), (~same, ACCENT, "different")):
        pairs, _ = np.histogram(distance[kind], edges)
        text = f"{name}, {kind.sum():,} pairs"
        axes.stairs(pairs, edges, fill=True, color=color, alpha=0.5, label=text)
    axes.axvline(threshold, color=INK, linewidth=1, linestyle="--", label="threshold")
    axes.set_xlim(edges[0], edges[-1])
    legend(axes)
