"""reports/report.html: one page, in one file, for somebody who was not there."""

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.reporting import figures
from pipeline.reporting.shown import Shown, confusion, title

# With more classes the table of confusions is wider than the page; the figure shows them.
MOST_CLASSES = 20


def render(shown: Shown, parity: dict[str, Any], cost: str, folder: Path) -> str:
    """Return the report as HTML with the figures inside.

    Args:
        parity: as reports/parity.json holds it.
        cost: what the metric is called whose change parity reports.
        folder: of the PNG files.
    """
    pages = Environment(
        loader=PackageLoader("pipeline", "reporting"), autoescape=True, undefined=StrictUndefined
    )
    images = {
        name.replace("_", " "): base64.b64encode((folder / f"{name}.png").read_bytes()).decode()
        for name in figures.of_task(shown.dataset.task)
        if (folder / f"{name}.png").exists()
    }
    classes = shown.dataset.classes if shown.dataset.task == "classification" else ()
    counts = confusion(shown).tolist() if 0 < len(classes) <= MOST_CLASSES else []
    return pages.get_template("report.html.j2").render(
        title=title(shown),
        metrics=shown.results,
        parity=parity,
        cost=cost,
        classes=classes,
        confusion=counts,
        images=images,
    )
