"""Figures, as PNG files whose bytes depend on the values alone."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from pipeline.settings import Figures

INK = "#1f2a37"
GRID = "#e5e7eb"
ACTUAL = "#64748b"
MODEL = "#0f766e"
ACCENT = "#c2410c"


@dataclass(frozen=True)
class Shown:
    """What the figures show.

    Attributes:
        curve: `[points, 2]`, step and loss.
        index, actual, predicted: of the test rows, `[rows]`, in their order.
        latest_index, forecast: of the rows without a label, `[latest]`; maybe empty.
        index_name, target: what the axes are called.
    """

    curve: np.ndarray
    index: np.ndarray
    actual: np.ndarray
    predicted: np.ndarray
    latest_index: np.ndarray
    forecast: np.ndarray
    index_name: str
    target: str


def draw(shown: Shown, settings: Figures, folder: Path) -> None:
    """Draw all figures into an existing folder; the forecast only where there is one."""
    figures = {
        "learning_curve": _learning_curve,
        "predictions": _predictions,
        "residuals": _residuals,
        **({"forecast": _forecast} if len(shown.forecast) else {}),
    }
    for name, paint in figures.items():
        figure = Figure(figsize=(settings.width, settings.height), layout="constrained")
        paint(figure, shown)
        figure.savefig(folder / f"{name}.png", dpi=settings.dpi, metadata={"Software": None})


def _axes(figure: Figure, title: str, x: str, y: str) -> Axes:
    axes = figure.add_subplot()
    _style(axes)
    axes.set_title(title, loc="left", color=INK, fontweight="bold")
    axes.set_xlabel(x, color=INK, parse_math=False)
    axes.set_ylabel(y, color=INK, parse_math=False)
    return axes


def _style(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    axes.tick_params(which="both", colors=INK, length=0)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def _time_axis(axes: Axes, index: np.ndarray) -> None:
    if np.issubdtype(index.dtype, np.datetime64):
        locator = AutoDateLocator()
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _learning_curve(figure: Figure, shown: Shown) -> None:
    axes = _axes(figure, "Learning curve", "step", "training loss (scaled target)")
    steps, losses = shown.curve.T
    axes.plot(steps, losses, color=MODEL, linewidth=1.6)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.annotate(
        f"{losses[-1]:.4g}",
        (steps[-1], losses[-1]),
        xytext=(-4, 6),
        textcoords="offset points",
        ha="right",
        color=MODEL,
    )


def _predictions(figure: Figure, shown: Shown) -> None:
    axes = _axes(figure, "Predicted and actual, test rows", shown.index_name, shown.target)
    axes.plot(shown.index, shown.actual, color=ACTUAL, linewidth=1.4, label="actual")
    axes.plot(shown.index, shown.predicted, color=MODEL, linewidth=1.4, label="predicted")
    _time_axis(axes, shown.index)
    axes.legend(frameon=False, labelcolor=INK)


def _residuals(figure: Figure, shown: Shown) -> None:
    residuals = shown.actual - shown.predicted
    left, right = figure.subplots(1, 2, width_ratios=[3, 1], sharey=True)
    for axes in (left, right):
        _style(axes)
        axes.axhline(0, color=INK, linewidth=0.8)
    left.set_title("Residuals, actual less predicted", loc="left", color=INK, fontweight="bold")
    left.plot(shown.index, residuals, ".", color=ACCENT, markersize=2.5, alpha=0.7)
    left.set_xlabel(shown.index_name, color=INK)
    left.set_ylabel(shown.target, color=INK, parse_math=False)
    _time_axis(left, shown.index)
    right.hist(residuals, bins=40, orientation="horizontal", color=ACCENT, alpha=0.75)
    right.set_xlabel("rows", color=INK)


def _forecast(figure: Figure, shown: Shown) -> None:
    axes = _axes(
        figure, f"Forecast, the {len(shown.forecast)} latest rows", shown.index_name, shown.target
    )
    recent = len(shown.forecast) * 4
    axes.plot(
        shown.index[-recent:], shown.actual[-recent:], color=ACTUAL, linewidth=1.4, label="actual"
    )
    axes.plot(
        shown.index[-recent:],
        shown.predicted[-recent:],
        color=MODEL,
        linewidth=1.4,
        alpha=0.6,
        label="predicted",
    )
    axes.plot(shown.latest_index, shown.forecast, color=ACCENT, linewidth=1.8, label="forecast")
    axes.axvspan(shown.latest_index[0], shown.latest_index[-1], color=ACCENT, alpha=0.06)
    _time_axis(axes, shown.latest_index)
    axes.legend(frameon=False, labelcolor=INK)
