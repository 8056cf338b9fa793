"""reports/report.html: one page, in one file, for somebody who was not there."""

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(metrics: dict[str, Any], parity: dict[str, Any], title: str, figures: Path) -> str:
    """Return the report as HTML with the figures inside.

    Args:
        metrics, parity: as reports/metrics.json and reports/parity.json hold them.
        title: what was predicted from what.
        figures: the folder of the PNG files.
    """
    pages = Environment(
        loader=PackageLoader("pipeline", "reporting"), autoescape=True, undefined=StrictUndefined
    )
    images = {
        path.stem.replace("_", " "): base64.b64encode(path.read_bytes()).decode()
        for path in sorted(figures.glob("*.png"))
    }
    return pages.get_template("report.html.j2").render(
        title=title, metrics=metrics, parity=parity, images=images
    )
