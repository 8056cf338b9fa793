"""Types that columns get in a Parquet file, so that no cell loses what the source has."""

from decimal import Decimal

import pyarrow
import pyarrow.compute as pc

from pipeline.data.number_parsing import MISSING
from pipeline.data.tables import Table

# How a cell of each type is written; 007, +1 and 1E2 may be names, so they stay text.
PATTERNS = {
    "int64": r"^-?(0|[1-9][0-9]{0,18})$",
    "double": r"^-?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+]?[0-9]+)?|[eE][-+][0-9]+)?$",
    "bool": r"^(?i:true|false)$",
}
DIGITS_OF_FLOAT64 = 15  # so many are kept in any case


def find_types(table: Table) -> dict[str, pyarrow.DataType]:
    """Return the Arrow type of each column; a file without types is read to find them."""
    if table.schema is not None:
        return dict(zip(table.columns, table.schema.types, strict=True))
    possible = {name: set(PATTERNS) for name in table.columns}
    for piece in table.pieces(text=table.columns):
        for name, types in possible.items():
            cells = pyarrow.array(piece[name], pyarrow.large_string())
            types -= {kind for kind in types if not _fits(cells, kind)}
    return {name: _choose(types) for name, types in possible.items()}


def cast(cells: pyarrow.Array, kind: pyarrow.DataType) -> pyarrow.Array:
    """Return text as an Arrow array of a type that `find_types` chose."""
    types = pyarrow.types
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        marks = pyarrow.array(sorted(MISSING), cells.type)
        is_mark = pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(cells)), value_set=marks)
        cells = pc.if_else(is_mark, pyarrow.scalar(None, cells.type), cells)
    return cells.cast(kind)


def _fits(cells: pyarrow.Array, kind: str) -> bool:
    """Tell whether each cell is of a type, or a mark of a missing value."""
    fits = pc.match_substring_regex(cells, PATTERNS[kind])
    if not pc.all(fits, min_count=0).as_py():
        others = pc.unique(cells.filter(pc.invert(fits)))
        if len(others) > len(MISSING) * 8:
            return False
        if any(word.strip().casefold() not in MISSING for word in others.to_pylist() if word):
            return False
    present = cells.filter(fits.fill_null(False))
    if kind == "int64":
        return _can_cast(present, pyarrow.int64())
    if kind == "double":
        digits = pc.replace_substring_regex(present, r"[eE].*$|\D", "")
        long = present.filter(pc.greater(pc.utf8_length(digits), DIGITS_OF_FLOAT64))
        return all(Decimal(word) == Decimal(repr(float(word))) for word in long.to_pylist())
    return True


def _can_cast(cells: pyarrow.Array, kind: pyarrow.DataType) -> bool:
    try:
        cells.cast(kind)
    except pyarrow.ArrowInvalid:
        return False
    return True


def _choose(types: set[str]) -> pyarrow.DataType:
    if types == set(PATTERNS):  # no cell has a value
        return pyarrow.string()
    for kind in PATTERNS:
        if kind in types:
            return pyarrow.type_for_alias(kind)
    return pyarrow.string()
