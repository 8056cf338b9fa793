"""The common style of all figures."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

INK = "#1f2a37"
GRID = "#e5e7eb"
ACTUAL = "#64748b"
MODEL = "#0f766e"
ACCENT = "#c2410c"


def new_axes(figure: Figure, title: str, x: str, y: str) -> Axes:
    """Add a single pair of axes to a figure, with its title and labels."""
    axes = figure.add_subplot()
    apply(axes)
    label(axes, title, x, y)
    return axes


def apply(axes: Axes) -> None:
    """Apply the common style to axes."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    axes.tick_params(which="both", colors=INK, length=0)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def label(axes: Axes, title: str, x: str, y: str) -> None:
    """Set the title and the axis labels; a `$` in a name does not start a formula."""
    axes.set_title(title, loc="left", color=INK, fontweight="bold", parse_math=False)
    axes.set_xlabel(x, color=INK, parse_math=False)
    axes.set_ylabel(y, color=INK, parse_math=False)


def legend(axes: Axes, columns: int = 1) -> None:
    """Add a legend."""
    axes.legend(frameon=False, labelcolor=INK, ncols=columns)


def time_axis(axes: Axes, index: np.ndarray) -> None:
    """Use concise dates on the x axis where the index holds dates."""
    if np.issubdtype(index.dtype, np.datetime64):
        locator = AutoDateLocator()
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def marker_size(rows: int) -> float:
    """Return the marker size, in points, at which this number of rows stays readable."""
    return float(np.clip(60 / np.sqrt(max(rows, 1)), 1.5, 6))
