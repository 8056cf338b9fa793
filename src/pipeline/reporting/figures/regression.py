"""Figures of a regression: predictions, residuals, the forecast."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.reporting.figures.style import (
    ACCENT,
    ACTUAL,
    INK,
    MODEL,
    label,
    legend,
    marker_size,
    new_axes,
    style,
    time_axis,
)
from pipeline.reporting.shown import Shown


def predictions(figure: Figure, shown: Shown) -> None:
    """Draw the fitted curve, or both numbers along the rows, or one against the other."""
    if len(shown.grid):
        _curve(figure, shown)
    elif _in_sequence(shown.test.index):
        _along_the_rows(figure, shown)
    else:
        _against_actual(figure, shown)


def residuals(figure: Figure, shown: Shown) -> None:
    """Draw what the model does not explain, and its distribution."""
    differences = (shown.test.label - shown.prediction)[:, 0]
    left, right = figure.subplots(1, 2, width_ratios=[3, 1], sharey=True)
    for axes in (left, right):
        style(axes)
        axes.axhline(0, color=INK, linewidth=0.8)
    if len(shown.grid):
        x, name = shown.test.features[:, 0], shown.dataset.features[0]
    elif _in_sequence(shown.test.index):
        x, name = shown.test.index, _index_name(shown)
    else:
        x, name = shown.prediction[:, 0], f"predicted {shown.dataset.target}"
    left.plot(x, differences, "o", color=ACCENT, ms=marker_size(len(x)), mew=0, alpha=0.7)
    label(left, "Residuals, actual less predicted", name, shown.dataset.target)
    time_axis(left, x)
    bins = int(np.clip(2 * np.sqrt(len(x)), 5, 40))
    right.hist(differences, bins=bins, orientation="horizontal", color=ACCENT, alpha=0.75)
    right.set_xlabel("rows", color=INK)


def forecast(figure: Figure, shown: Shown) -> None:
    """Draw the prediction of the rows without a label, after the last of the test."""
    rows, target = len(shown.forecast), shown.dataset.target
    axes = new_axes(figure, f"Forecast, the {rows:,} latest rows", _index_name(shown), target)
    index, latest = shown.test.index[-4 * rows :], shown.latest.index
    _line(axes, index, shown.test.label[-4 * rows :], ACTUAL, "actual")
    _line(axes, index, shown.prediction[-4 * rows :], MODEL, "predicted", alpha=0.6)
    _line(axes, latest, shown.forecast, ACCENT, "forecast", marker="o" if rows == 1 else None)
    axes.axvspan(latest[0], latest[-1], color=ACCENT, alpha=0.06)
    time_axis(axes, latest)
    legend(axes)


def _curve(figure: Figure, shown: Shown) -> None:
    dataset = shown.dataset
    axes = new_axes(figure, "Points and curve", dataset.features[0], dataset.target)
    size = max(marker_size(len(shown.train.label)), 3.5)
    for split, color, name in (
        (shown.train, ACTUAL, "training rows"),
        (shown.test, ACCENT, "test rows"),
    ):
        if name == "test rows" and np.array_equal(split.features, shown.train.features):
            continue
        x, y = split.features[:, 0], split.label[:, 0]
        axes.plot(x, y, "o", color=color, ms=size, mew=0, alpha=0.5, label=name)
    axes.plot(shown.grid[:, 0], shown.fitted[:, 0], color=MODEL, linewidth=1.8, label="predicted")
    legend(axes)


def _along_the_rows(figure: Figure, shown: Shown) -> None:
    title = "Predicted and actual, test rows"
    axes = new_axes(figure, title, _index_name(shown), shown.dataset.target)
    _line(axes, shown.test.index, shown.test.label, ACTUAL, "actual")
    _line(axes, shown.test.index, shown.prediction, MODEL, "predicted")
    time_axis(axes, shown.test.index)
    legend(axes)


def _against_actual(figure: Figure, shown: Shown) -> None:
    target, actual = shown.dataset.target, shown.test.label[:, 0]
    title = "Predicted against actual, test rows"
    axes = new_axes(figure, title, f"actual {target}", f"predicted {target}")
    ends = [float(actual.min()), float(actual.max())]
    axes.plot(ends, ends, color=INK, linewidth=0.8, label="as it is")
    size = marker_size(len(actual))
    axes.plot(actual, shown.prediction[:, 0], "o", color=MODEL, ms=size, mew=0, alpha=0.6)
    legend(axes)


def _line(
    axes: Axes,
    x: np.ndarray,
    y: np.ndarray,
    color: str,
    name: str,
    alpha: float = 1,
    marker: str | None = None,
) -> None:
    axes.plot(x, y[:, 0], color=color, linewidth=1.4, label=name, alpha=alpha, marker=marker)


def _in_sequence(index: np.ndarray) -> bool:
    """Tell whether rows follow each other, so that a line through them means something."""
    if np.issubdtype(index.dtype, np.datetime64):
        return True
    return bool(np.issubdtype(index.dtype, np.number) and (np.diff(index) == 1).all())


def _index_name(shown: Shown) -> str:
    name = shown.dataset.index_name
    return f"{name} of the features" if shown.dataset.horizon else name
