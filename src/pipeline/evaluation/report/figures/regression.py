"""Figures of a regression: predictions, residuals, the forecast."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.evaluation.report.figures import style
from pipeline.evaluation.report.figures.style import ACCENT, ACTUAL, INK, MODEL, legend, new_axes
from pipeline.evaluation.report.results import Results

# Of more targets, the first are shown.
MAX_TARGETS = 4


def predictions(figure: Figure, results: Results) -> None:
    """Draw the fitted curve, or both values over consecutive rows, or one over the other."""
    if len(results.dataset.targets) > 1:
        _draw_targets(figure, results, has_residuals=False)
    elif len(results.grid):
        _draw_curve(figure, results)
    elif _is_sequence(results.test.index):
        _draw_over_rows(figure, results)
    else:
        _draw_over_actual(figure, results)


def residuals(figure: Figure, results: Results) -> None:
    """Draw the residuals and their distribution; of several targets, over the predicted values."""
    if len(results.dataset.targets) > 1:
        _draw_targets(figure, results, has_residuals=True)
        return
    differences = (results.test.label - results.prediction)[:, 0]
    left, right = figure.subplots(1, 2, width_ratios=[3, 1], sharey=True)
    for axes in (left, right):
        style.apply(axes)
        axes.axhline(0, color=INK, linewidth=0.8)
    if len(results.grid):
        x, name = results.test.features[:, 0], results.dataset.features[0]
    elif _is_sequence(results.test.index):
        x, name = results.test.index, _index_name(results)
    else:
        x, name = results.prediction[:, 0], f"predicted {results.dataset.target}"
    left.plot(x, differences, "o", color=ACCENT, ms=style.marker_size(len(x)), mew=0, alpha=0.7)
    style.label(left, "Residuals, actual less predicted", name, results.dataset.target)
    style.time_axis(left, x)
    bins = int(np.clip(2 * np.sqrt(len(x)), 5, 40))
    right.hist(differences, bins=bins, orientation="horizontal", color=ACCENT, alpha=0.75)
    right.set_xlabel("rows", color=INK)


def forecast(figure: Figure, results: Results) -> None:
    """Draw the prediction of the latest rows, after the last test rows."""
    rows, target = len(results.forecast), results.dataset.target
    axes = new_axes(figure, f"Forecast, the {rows:,} latest rows", _index_name(results), target)
    index, latest = results.test.index[-4 * rows :], results.latest.index
    _draw_line(axes, index, results.test.label[-4 * rows :], ACTUAL, "actual")
    predicted = results.prediction[-4 * rows :, 0]
    axes.plot(index, predicted, color=MODEL, linewidth=1.4, label="predicted", alpha=0.6)
    marker = "o" if rows == 1 else None
    _draw_line(axes, latest, results.forecast, ACCENT, "forecast", marker=marker)
    axes.axvspan(latest[0], latest[-1], color=ACCENT, alpha=0.06)
    style.time_axis(axes, latest)
    legend(axes)


def _draw_curve(figure: Figure, results: Results) -> None:
    names, target = results.dataset.features, results.dataset.target
    axes = new_axes(figure, "Points and curve", names[0], target)
    size = max(style.marker_size(len(results.sample.label)), 3.5)
    drawn = [(results.sample, ACTUAL, "training rows")]
    if not np.array_equal(results.test.features, results.sample.features):
        drawn.append((results.test, ACCENT, "test rows"))
    for split, color, name in drawn:
        x, y = split.features[:, 0], split.label[:, 0]
        axes.plot(x, y, "o", color=color, ms=size, mew=0, alpha=0.5, label=name)
    x, y = results.grid[:, 0], results.fitted[:, 0]
    axes.plot(x, y, color=MODEL, linewidth=1.8, label="predicted")
    legend(axes)


def _draw_targets(figure: Figure, results: Results, has_residuals: bool) -> None:
    """Draw what is predicted of each target beside the others, which may be in another unit."""
    targets = results.dataset.targets[:MAX_TARGETS]
    size = style.marker_size(len(results.test.label))
    for number, axes in enumerate(figure.subplots(1, len(targets), squeeze=False)[0]):
        style.apply(axes)
        actual, predicted = results.test.label[:, number], results.prediction[:, number]
        ends = [float(actual.min()), float(actual.max())]
        if has_residuals:
            axes.axhline(0, color=INK, linewidth=0.8)
            axes.plot(predicted, actual - predicted, "o", color=ACCENT, ms=size, mew=0, alpha=0.7)
            style.label(axes, targets[number], "predicted", "actual less predicted")
        else:
            axes.plot(ends, ends, color=INK, linewidth=0.8)
            axes.plot(actual, predicted, "o", color=MODEL, ms=size, mew=0, alpha=0.6)
            style.label(axes, targets[number], "actual", "predicted")


def _draw_over_rows(figure: Figure, results: Results) -> None:
    title = "Predicted and actual, test rows"
    axes = new_axes(figure, title, _index_name(results), results.dataset.target)
    _draw_line(axes, results.test.index, results.test.label, ACTUAL, "actual")
    _draw_line(axes, results.test.index, results.prediction, MODEL, "predicted")
    style.time_axis(axes, results.test.index)
    legend(axes)


def _draw_over_actual(figure: Figure, results: Results) -> None:
    target, actual = results.dataset.target, results.test.label[:, 0]
    title = "Predicted against actual, test rows"
    axes = new_axes(figure, title, f"actual {target}", f"predicted {target}")
    ends = [float(actual.min()), float(actual.max())]
    axes.plot(ends, ends, color=INK, linewidth=0.8, label="as it is")
    size = style.marker_size(len(actual))
    axes.plot(actual, results.prediction[:, 0], "o", color=MODEL, ms=size, mew=0, alpha=0.6)
    legend(axes)


def _draw_line(
    axes: Axes, x: np.ndarray, y: np.ndarray, color: str, name: str, marker: str | None = None
) -> None:
    axes.plot(x, y[:, 0], color=color, linewidth=1.4, label=name, marker=marker)


def _is_sequence(index: np.ndarray) -> bool:
    """Tell whether rows are consecutive, so that a line through them is meaningful."""
    if np.issubdtype(index.dtype, np.datetime64):
        return True
    return bool(np.issubdtype(index.dtype, np.number) and (np.diff(index) == 1).all())


def _index_name(results: Results) -> str:
    name = results.dataset.index_name
    return f"{name} of the features" if results.dataset.horizon else name
