"""Where examples come from: one function for each source of `conf/data`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.custom import custom
from pipeline.data.examples import Examples
from pipeline.data.images import digit_pairs, digits, idx
from pipeline.data.made import cosine, diabetes, offsets, synthetic
from pipeline.data.missing import complete
from pipeline.data.prices import PRICE_COLUMNS, derived, prices
from pipeline.data.tables import narrowed
from pipeline.data.tabular import table
from pipeline.errors import DataError
from pipeline.settings.data import Data

__all__ = ["SOURCES", "Examples", "features_of", "read_examples"]

SOURCES: dict[str, Callable[[Any], Examples]] = {
    "sp500": prices,
    "csv": table,
    "cosine": cosine,
    "digits": digits,
    "digit_pairs": digit_pairs,
    "idx": idx,
    "diabetes": diabetes,
    "synthetic": synthetic,
    "offsets": offsets,
    "custom": custom,
}


REMEDY = "a model fills nothing: fill them, or drop their rows"


def read_examples(data: Data) -> Examples:
    """Read the examples of the source that the configuration names.

    Raises:
        DataError: the data is missing, unreadable or unfit.
    """
    if not Path(data.path).exists():
        raise DataError(f"data.path={data.path}: no such file; give an existing one")
    return SOURCES[data.source](data)


def features_of(table: pd.DataFrame, source: str, names: Sequence[str], path: Path) -> np.ndarray:
    """Return the features of a model from a table that has them, or what they derive from.

    Args:
        source: the kind of source the model was trained on.
        names: its features.

    Returns:
        `[rows, features] float32`.

    Raises:
        DataError: columns are missing, not numeric, or have missing values.
    """
    if source == "sp500" and not set(names) <= set(map(str, table.columns)):
        values = derived(complete(table, PRICE_COLUMNS, path, REMEDY), np.arange(len(table)), path)
    else:
        values = complete(table, names, path, REMEDY)
    return narrowed(values, names, path)
