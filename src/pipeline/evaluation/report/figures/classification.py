"""Figures of a classification: the confusion matrix, and how reliable the probabilities are."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from pipeline.evaluation.report.figures import style
from pipeline.evaluation.report.figures.style import ACTUAL, GRID, INK, MODEL, label, legend
from pipeline.evaluation.report.results import Results, count_confusions

SHARES = LinearSegmentedColormap.from_list("shares", ["#ffffff", "#99d5cd", MODEL])

# With more classes the cells are too small for numbers.
MAX_WITH_NUMBERS = 20

BINS = 10


def confusion_matrix(figure: Figure, results: Results) -> None:
    """Draw the number of test rows by actual and predicted class, and their share of the class."""
    counts, classes = count_confusions(results), results.dataset.classes
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, max(height, 1.2 + 0.42 * min(len(classes), MAX_WITH_NUMBERS)))
    axes = figure.add_subplot()
    image = axes.imshow(share, cmap=SHARES, vmin=0, vmax=1, aspect="auto")
    label(axes, "Confusion matrix, test rows", "predicted", "actual")
    axes.spines[:].set_visible(False)
    axes.tick_params(which="both", colors=INK, length=0)
    _name_classes(axes, classes)
    if len(classes) <= MAX_WITH_NUMBERS:
        _write_cells(axes, counts, share)
    bar = figure.colorbar(image, ax=axes, format=lambda part, _: f"{part:.0%}", pad=0.02, aspect=40)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=INK, length=0)
    bar.set_label("of the actual class", color=INK)


def confidence(figure: Figure, results: Results) -> None:
    """Draw the accuracy of predictions by their probability, and the number of rows of each bin."""
    probability = results.prediction.max(1).astype(np.float64)
    right = results.prediction.argmax(1) == results.test.label[:, 0]
    edges = np.linspace(0, 1, BINS + 1)
    bins = np.clip(np.digitize(probability, edges) - 1, 0, BINS - 1)
    rows = np.bincount(bins, minlength=BINS)
    filled = rows > 0
    sums = (np.bincount(bins, values, BINS)[filled] for values in (probability, right))
    mean_probability, accuracy = (values / rows[filled] for values in sums)
    above, below = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    for axes in (above, below):
        style.apply(axes)
    label(above, "Confidence, test rows", "", "share that is right")
    above.plot([0, 1], [0, 1], color=ACTUAL, linewidth=1, linestyle="--", label="as right as sure")
    above.plot(mean_probability, accuracy, "o-", color=MODEL, linewidth=1.6, label="model")
    above.set_ylim(-0.03, 1.06)
    legend(above)
    label(below, "", "probability of the predicted class", "rows")
    below.bar(edges[:-1], rows, width=1 / BINS, align="edge", color=MODEL, alpha=0.75, ec="white")
    below.set_xlim(0, 1)


def _name_classes(axes: Axes, classes: tuple[str, ...]) -> None:
    short = [name if len(name) <= 16 else f"{name[:15]}…" for name in classes]
    step = -(-len(short) // MAX_WITH_NUMBERS)
    positions, labels = range(0, len(short), step), short[::step]
    is_upright = len(labels) * max(map(len, labels)) > 80
    axes.set_xticks(positions, labels, rotation=90 if is_upright else 0, parse_math=False)
    axes.set_yticks(positions, labels, parse_math=False)


def _write_cells(axes: Axes, counts: np.ndarray, share: np.ndarray) -> None:
    """Write the counts into the cells, and the percentages below; empty cells stay blank."""
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
