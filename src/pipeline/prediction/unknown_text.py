"""Text that no training row had. A model predicts it as unknown; so that it surprises nobody, it is
told: often it is a name in another spelling, or the cells of a cut row.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline.data.numeric_columns import RowNumbers
from pipeline.data.prepared.encoding import Encoding


class UnknownText:
    """Collects the cells that are none of the levels of their column.

    Hashed columns are left out: their levels are not kept.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._columns = encoding.text
        self._rows = {column.name: RowNumbers() for column in encoding.text}
        self._examples: dict[str, str] = {}

    def add(self, text: np.ndarray, before: int) -> None:
        """Add rows, `[rows, columns] object`; there are `before` rows before them."""
        for column, cells in zip(self._columns, text.T, strict=True):
            if column.buckets:
                continue
            unknown = ~pd.Series(cells, dtype=object).isin(column.levels).to_numpy()
            if unknown.any():
                self._rows[column.name].add(unknown, before)
                self._examples.setdefault(column.name, cells[unknown][0])

    def tell(self, rows: int) -> Iterator[str]:
        """Yield a sentence for each column with such cells; there were so many rows."""
        for name, example in self._examples.items():
            found = self._rows[name]
            such = f"text that no training row had, as {example!r}" if example else "empty"
            yield (
                f"column {name!r}: {found.count:,} of {rows:,} cells are unknown to the model:"
                f" {such}, {found}; their predictions do not depend on this column"
            )
