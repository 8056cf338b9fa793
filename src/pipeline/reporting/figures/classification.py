"""Figures of a classification: who is taken for whom, and how far to trust a probability."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from pipeline.reporting.figures.style import ACTUAL, GRID, INK, MODEL, label, legend, style
from pipeline.reporting.shown import Shown, confusion

SHARES = LinearSegmentedColormap.from_list("shares", ["#ffffff", "#99d5cd", MODEL])

# With more classes the cells are too small for numbers.
MOST_WITH_NUMBERS = 20

BINS = 10


def confusion_matrix(figure: Figure, shown: Shown) -> None:
    """Draw how many rows of each class were taken for which, and the share of the class."""
    counts, classes = confusion(shown), shown.dataset.classes
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, max(height, 1.2 + 0.42 * min(len(classes), MOST_WITH_NUMBERS)))
    axes = figure.add_subplot()
    image = axes.imshow(share, cmap=SHARES, vmin=0, vmax=1, aspect="auto")
    label(axes, "Confusion matrix, test rows", "predicted", "actual")
    axes.spines[:].set_visible(False)
    axes.tick_params(which="both", colors=INK, length=0)
    _name_classes(axes, classes)
    if len(classes) <= MOST_WITH_NUMBERS:
        _write_cells(axes, counts, share)
    bar = figure.colorbar(image, ax=axes, format=lambda part, _: f"{part:.0%}", pad=0.02, aspect=40)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=INK, length=0)
    bar.set_label("of the actual class", color=INK)


def confidence(figure: Figure, shown: Shown) -> None:
    """Draw how often the model is right where it is so sure, and how often it is so sure."""
    sure = shown.prediction.max(1).astype(np.float64)
    right = shown.prediction.argmax(1) == shown.test.label[:, 0]
    edges = np.linspace(0, 1, BINS + 1)
    place = np.clip(np.digitize(sure, edges) - 1, 0, BINS - 1)
    rows = np.bincount(place, minlength=BINS)
    there = rows > 0
    mean_sure, mean_right = (
        np.bincount(place, values, BINS)[there] / rows[there] for values in (sure, right)
    )
    above, below = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    for axes in (above, below):
        style(axes)
    label(above, "Confidence, test rows", "", "share that is right")
    above.plot([0, 1], [0, 1], color=ACTUAL, linewidth=1, linestyle="--", label="as right as sure")
    above.plot(mean_sure, mean_right, "o-", color=MODEL, linewidth=1.6, label="model")
    above.set_ylim(-0.03, 1.06)
    legend(above)
    label(below, "", "probability of the predicted class", "rows")
    below.bar(edges[:-1], rows, width=1 / BINS, align="edge", color=MODEL, alpha=0.75, ec="white")
    below.set_xlim(0, 1)


def _name_classes(axes: Axes, classes: tuple[str, ...]) -> None:
    short = [name if len(name) <= 16 else f"{name[:15]}…" for name in classes]
    step = -(-len(short) // MOST_WITH_NUMBERS)
    places, named = range(0, len(short), step), short[::step]
    upright = len(named) * max(map(len, named)) > 80
    axes.set_xticks(places, named, rotation=90 if upright else 0, parse_math=False)
    axes.set_yticks(places, named, parse_math=False)


def _write_cells(axes: Axes, counts: np.ndarray, share: np.ndarray) -> None:
    """Write the counts into the cells, and the percent below; nothing where there is no row."""
    borders = np.arange(len(counts) + 1) - 0.5
    axes.set_xticks(borders, minor=True)
    axes.set_yticks(borders, minor=True)
    axes.grid(which="minor", color=GRID, linewidth=0.8)
    size = np.interp(len(counts), [2, 10, 20], [12, 8.5, 6.5])
    for row, column in zip(*np.nonzero(counts), strict=True):
        part = share[row, column]
        text = f"{counts[row, column]:,}\n{part:.0%}"
        color = "white" if part > 0.75 else INK
        axes.text(column, row, text, ha="center", va="center", color=color, fontsize=size)
