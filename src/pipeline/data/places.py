"""Where something is wrong in a table that is read in pieces."""

import numpy as np

from pipeline.errors import listing

SHOWN = 5


class Places:
    """Rows where something is so: the first of them, and how many there are."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[int] = []

    def add(self, rows: np.ndarray, before: int = 0) -> None:
        """Add where it is so.

        Args:
            rows: `[rows] bool`, of a piece.
            before: how many rows come before the piece.
        """
        self.count += int(np.count_nonzero(rows))
        if len(self._first) < SHOWN:
            self._first += (np.flatnonzero(rows)[:SHOWN] + before + 1).tolist()

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        shown = listing(self._first[:SHOWN], SHOWN)
        more = f" and {self.count - SHOWN} more" if self.count > SHOWN else ""
        return f"in {'row' if self.count == 1 else 'rows'} {shown}{more}"
