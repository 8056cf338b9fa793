"""Numbers, dates and names of a profile as text, the same in the terminal and on the page."""

import numpy as np

from pipeline.data.prepared.encoding import DAY
from pipeline.data.profile.facts import Association, Column


def format_number(value: float) -> str:
    """Return a number with about four digits; whole numbers below ten millions have all."""
    if abs(value) < 1e7 and (value % 1 == 0 or abs(value) >= 1e3):
        return f"{value + 0.0:,.0f}"
    return f"{value:.4g}"


def format_value(value: float, column: Column) -> str:
    """Return a value of a column, which may be a date."""
    if not column.is_date or not np.isfinite(value) or abs(value) > 1e11:
        return format_number(value)
    time = np.datetime64(round(value), "s")
    numbers = column.numbers
    is_long = numbers is not None and numbers.largest - numbers.least > 30 * DAY
    return str(time.astype("datetime64[D]" if is_long or value % DAY == 0 else "datetime64[m]"))


def format_span(value: float, column: Column) -> str:
    """Return a difference between values of a column."""
    return f"{format_number(value / DAY)} days" if column.is_date else format_number(value)


def format_association(found: Association) -> str:
    """Return a measure and its value."""
    value = round(found.value, 2) + 0.0  # not -0
    nearly = abs(value) == 1 and abs(found.value) < 1
    return f"{found.symbol} {found.value:.6f}"[:-2] if nearly else f"{found.symbol} {value:.2f}"


def format_share(part: int, whole: int) -> str:
    """Return a share in percent."""
    share = 100 * part / max(1, whole)
    return "0 %" if not part else f"{share:.1f} %" if share >= 0.1 else "< 0.1 %"


def printable(text: str) -> str:
    """Return a text of the data without line ends and other characters that control a terminal."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def count(number: int, what: str) -> str:
    """Return a number of things, such as `1 row` or `1,000 rows`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
