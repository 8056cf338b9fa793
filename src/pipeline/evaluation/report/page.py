"""The figures, and reports/report.html: a single file for those who did not run the pipeline."""

import base64
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pipeline.errors import listing
from pipeline.evaluation.report.results import Results, count_confusions
from pipeline.schema.evaluation import Figures

if TYPE_CHECKING:
    from pipeline.evaluation.tasks.base import Task

# With more classes the confusion matrix is wider than the page; the figure shows it.
MAX_CLASSES = 20

_log = logging.getLogger(__name__)


def save_figures(task: "Task", results: Results, settings: Figures, folder: Path) -> None:
    """Draw the figures of a task and save them in an existing folder.

    They are outs, so a matplotlibrc of the user does not change them.
    """
    with matplotlib.rc_context(), _lacking_signs():
        matplotlib.rcdefaults()
        for name, draw in task.figures(results).items():
            figure = Figure(figsize=(settings.width, settings.height), layout="constrained")
            draw(figure, results)
            # `savefig` gives the same bytes, but draws twice.
            figure.set_dpi(settings.dpi)
            FigureCanvasAgg(figure).print_png(folder / f"{name}.png", metadata={"Software": None})


@contextmanager
def _lacking_signs() -> Iterator[None]:
    """Tell in one line which signs the font lacks, where Matplotlib warns of each."""
    with warnings.catch_warnings(record=True) as caught:
        yield
    signs = set[str]()
    for one in caught:
        if found := re.match(r"Glyph (\d+) ", str(one.message)):
            signs.add(chr(int(found[1])))
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    if signs:
        _log.warning(
            "figures have boxes for %s, which the font of Matplotlib lacks; tables have the text",
            listing(sorted(signs), 10),
        )


def render(task: "Task", results: Results, parity: dict[str, Any], figures: Path) -> str:
    """Return the report as HTML with the PNG files of a folder inside."""
    loader = PackageLoader("pipeline", "evaluation/report")
    pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    images = {
        name.replace("_", " "): base64.b64encode((figures / f"{name}.png").read_bytes()).decode()
        for name in task.figures(results)
    }
    classes = results.dataset.classes if results.dataset.kind.has_class_names else ()
    has_table = 0 < len(classes) <= MAX_CLASSES
    return pages.get_template("report.html.j2").render(
        title=task.title,
        metrics=results.metrics,
        parity=parity,
        cost=task.cost_name,
        classes=classes,
        confusion=count_confusions(results).tolist() if has_table else [],
        images=images,
    )
