"""How the columns of a table are passed on, so that no cell loses what the source has."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow

from pipeline.data.arrow_reader import is_parquet, is_text
from pipeline.data.tables import Table
from pipeline.prediction.writing import is_lines
from pipeline.reporting.column_types import find_types


@dataclass(frozen=True)
class Copy:
    """How columns are read and written.

    Attributes:
        text: those that are read as the text of the file.
        types: Arrow's types in the file that is written, by the names there.
        names: in the file that is written, by the names that the table gives them.
    """

    text: tuple[str, ...]
    types: Mapping[str, Any]
    names: Mapping[str, str]


def plan_copy(table: Table, to: Path, text: Collection[str]) -> Copy:
    """Return how a table is passed on; `text` are the columns that a model takes as text."""
    # A column without a name stays so in CSV; Parquet needs names.
    named = zip(table.columns, table.header, strict=True)
    names = {name: head for name, head in named if head.strip() or not is_parquet(to)}
    if table.schema is not None:
        # What has no types is passed on as the text that it is, and text of a type as it is.
        kinds = zip(table.columns, table.schema.types, strict=True)
        as_text = [name for name, kind in kinds if name in text and not is_text(kind)]
    elif is_lines(table.path) and is_lines(to):
        words = [name for name in table.columns if name in text]
        return Copy(tuple(words), dict.fromkeys(words, pyarrow.string()), names)
    else:
        as_text = list(table.columns)
    found = find_types(table) if is_parquet(to) or is_lines(to) else {}
    return Copy(
        tuple(as_text), {names.get(name, name): kind for name, kind in found.items()}, names
    )
