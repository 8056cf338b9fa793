"""The option `--input` of a command that reads a table."""

from collections.abc import Sequence

from pipeline.errors import DataError


def parse_assignment(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read options such as `--input NAME=column,column`.

    Raises:
        DataError: one of them has no name or no columns.
    """
    assigned = {}
    for text in texts:
        name, mark, columns = text.partition("=")
        if not (name and mark and columns):
            raise DataError(f"--input {text}: give NAME=COLUMN,COLUMN,…")
        assigned[name] = tuple(columns.split(","))
    return assigned
