"""The profile as lines of text for a terminal, at most 100 characters wide."""

import textwrap
from collections.abc import Iterator, Sequence

from pipeline.data.profile.facts import Column, Profile
from pipeline.data.profile.formatting import (
    count,
    format_association,
    format_share,
    format_value,
    printable,
)

WIDTH, BARS = 100, 8
MAX_COLUMNS, MAX_CLASSES = 60, 20
BLOCKS = " ▁▂▃▄▅▆▇█"


def to_text(profile: Profile) -> str:
    """Return the profile as text; leaks come first."""
    return "\n".join(line for lines in _lines(profile) for line in _wrap(lines)) + "\n"


def _lines(profile: Profile) -> Iterator[str]:
    for leak in profile.leaks:
        yield printable(f"POSSIBLE LEAK: {leak}")
    if profile.leaks:
        yield ""
    task = f"{profile.task} of {printable(profile.target)}" if profile.target else profile.task
    shape = " × ".join(map(str, profile.shape))
    what = count(profile.features, "feature") if profile.pixels is None else f"images of {shape}"
    yield f"{printable(profile.name)}: {count(profile.rows, 'row')}, {what}; a {task}"
    sizes = ", ".join(f"{rows:,} {part}" for part, rows in profile.splits.items())
    yield printable(f"split: {sizes}; {profile.method}")
    for name, reason in profile.omissions.columns.items():
        yield printable(f"left out: {name!r} ({reason})")
    for reason, rows in profile.omissions.rows.items():
        yield f"left out: {count(rows, 'row')} with {reason}"
    if profile.columns or profile.targets:
        yield ""
        yield from _table(profile)
    if profile.pixels is not None:
        numbers = profile.pixels
        yield f"values: {numbers.least:g} to {numbers.largest:g}, mean {numbers.mean:.4g}"
    if profile.classes:
        yield ""
        yield from _classes(profile)
    yield ""
    measured = count(profile.measured, "training row")
    yield f"measured on {measured}; rows, splits, classes and missing cells are of all rows"


def _wrap(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, subsequent_indent="  ") if len(line) > WIDTH else [line]


def _table(profile: Profile) -> Iterator[str]:
    columns = [*profile.targets, *profile.columns[:MAX_COLUMNS]]
    rows = [_cells(column, profile) for column in columns]
    header = ["", "kind", "missing", "", "min", "median", "max", "with target"]
    numbers = [row for row in rows if len(row) == len(header)]
    widths = [max(len(row[i]) for row in (*numbers, header)) for i in range(len(header))]
    widths[1:3] = [max(len(row[i]) for row in (*rows, header)) for i in (1, 2)]
    widths[0] = min(max(len(row[0]) for row in rows), WIDTH - sum(widths[1:]) - 2 * len(header) + 2)
    yield _join(header, widths)
    for row in rows:
        yield _join(row, widths)
    if profile.features > len(columns) - len(profile.targets) and profile.columns:
        yield f"and {profile.features - len(columns) + len(profile.targets):,} more columns"


def _cells(column: Column, profile: Profile) -> list[str]:
    """Return name, kind, missing, histogram, minimum, median, maximum and association.

    Texts have their levels in place of the four in the middle.
    """
    missing = format_share(column.missing, profile.rows) if column.missing else ""
    found = format_association(column.association) if column.association else ""
    kind = "target" if column in profile.targets else column.kind
    name = printable(column.name)
    if column.levels is not None:
        kind = column.encoding.split(" levels")[0].replace("hashed to ", "hash ")
        kind = kind.replace(" buckets", "").replace("one-hot of ", "text ")
        levels = ", ".join(
            f"{printable(text) or '(empty)'} {format_share(rows, profile.measured)}"
            for text, rows in column.levels.most
        )
        return [name, kind, missing, levels, found]
    numbers = column.numbers
    if numbers is None:
        return [name, kind, missing, "", found]
    values = (numbers.least, numbers.quartiles[1], numbers.largest)
    middle = [_bars(numbers.counts), *(format_value(value, column) for value in values)]
    return [name, kind, missing, *middle, found]


def _join(row: Sequence[str], widths: Sequence[int]) -> str:
    """Join the cells of a row; a text in the middle takes the place of four of them."""
    first = f"{_cut(row[0], widths[0]):<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}"
    if len(row) == len(widths):
        pairs = zip(row[4:], widths[4:], strict=True)
        middle = f"{row[3]:<{widths[3]}}  " + "  ".join(f"{cell:>{width}}" for cell, width in pairs)
    else:
        room = sum(widths[3:7]) + 6
        middle = f"{_cut(row[3], room):<{room}}  {row[4]:>{widths[7]}}"
    return f"{first}  {middle}".rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _bars(counts: Sequence[int]) -> str:
    """Return a histogram in eight characters, or one a bar where there are fewer."""
    size = max(1, -(-len(counts) // BARS))
    sums = [sum(counts[i : i + size]) for i in range(0, len(counts), size)]
    largest = max(sums)
    return "".join(BLOCKS[-(-8 * rows // largest)] for rows in sums)


def _classes(profile: Profile) -> Iterator[str]:
    parts = list(profile.splits)
    names = [printable(name) for name, _ in profile.classes[:MAX_CLASSES]]
    width = min(40, max(map(len, (*names, "class"))))
    yield f"{'class':<{width}}  " + "  ".join(f"{part:>10}" for part in parts)
    for name, (_, counts) in zip(names, profile.classes, strict=False):
        cells = "  ".join(f"{counts[part]:>10,}" for part in parts)
        yield f"{_cut(name, width):<{width}}  {cells}"
    if len(profile.classes) > MAX_CLASSES:
        yield f"and {len(profile.classes) - MAX_CLASSES:,} more classes"
