"""reports/report.html: one page, in one file, for somebody who was not there."""

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

ORDER = ("predictions", "forecast", "residuals", "learning_curve")


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
        name.replace("_", " "): base64.b64encode((figures / f"{name}.png").read_bytes()).decode()
        for name in ORDER
        if (figures / f"{name}.png").exists()
    }
    return pages.get_template("report.html.j2").render(
        title=title, metrics=metrics, parity=parity, images=images
    )
