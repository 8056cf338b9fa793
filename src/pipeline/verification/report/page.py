"""The report as one HTML file, for those who did not run the command."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.verification.verdict import Outcome, Report
from pipeline.workspace import files

# The CSS class that gives an outcome its colour.
COLOURS = {
    Outcome.AGREES: "agrees",
    Outcome.OUTPUTS_ONLY: "doubt",
    Outcome.NOT_PROVABLE: "doubt",
    Outcome.REFUSED: "bad",
    Outcome.DIFFERS: "bad",
}


def write(report: Report, path: Path) -> None:
    """Write the report as a page."""
    loader = PackageLoader("pipeline", "verification/report")
    pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    files.write_text(
        path, pages.get_template("verdict.html.j2").render(report=report, colours=COLOURS)
    )
