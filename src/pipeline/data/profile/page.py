"""The profile as a page: one file of HTML with its style and pictures inside, and no script."""

from collections.abc import Sequence

from pipeline.data.profile import formatting
from pipeline.data.profile.facts import Profile

# Of classes and of columns that are left out.
MAX_ROWS = 50
# The widest bar of a histogram, in pixels.
MAX_BAR = 18


def to_html(profile: Profile) -> str:
    """Return the page; its bytes depend on the data and the settings alone."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # takes time to import

    pages = Environment(
        loader=PackageLoader("pipeline", "data/profile"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.globals |= {
        "number": formatting.format_number,
        "value": formatting.format_value,
        "span": formatting.format_span,
        "share": formatting.format_share,
        "association": formatting.format_association,
        "bars": bars,
    }
    return pages.get_template("page.html.j2").render(profile=profile, most=MAX_ROWS)


def bars(counts: Sequence[int], width: int, height: int) -> str:
    """Return the bars of a histogram as the path of an SVG; a bar with rows is at least 1 high."""
    step, largest = min(width / len(counts), MAX_BAR), max(counts)
    gap = 1 if len(counts) > 1 else 0
    path = []
    for number, count in enumerate(counts):
        if count:
            high = max(1.0, height * count / largest)
            path.append(f"M{number * step:.4g} {height}v{-high:.4g}h{step - gap:.4g}v{high:.4g}z")
    return "".join(path)
