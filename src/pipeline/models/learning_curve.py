"""The learning curve: `step`, `loss` and other values of a step.

While training, the file lies beside the checkpoints; then it is an out.
"""

import math
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

# A step and its values, by column.
Point = tuple[int, dict[str, np.float32]]

VALIDATION_LOSS = "validation_loss"

# Points of a learning curve whose interval is not given.
POINTS = 1000


@dataclass
class Progress:
    """How far a training is."""

    step: int
    loss: float = math.nan  # training loss of the last step; NaN before the first
    # Since the last report; in the first, those of an interrupted training.
    points: list[Point] = field(default_factory=list)


@lru_cache
def spread(steps: int) -> np.ndarray:
    """Return the steps of about 1,000 points for a training of so many steps, `[points] int64`.

    Up to 1,000 steps it is all of them. Of more steps the intervals grow in proportion to the
    square root of the step, as a loss changes most at the start.
    """
    if steps <= POINTS:
        return np.arange(1, steps + 1)
    numbers = np.arange(1, POINTS + 1, dtype=np.int64)
    return np.union1d([1], -(-steps * numbers**2 // POINTS**2))


def read(path: Path) -> list[Point]:
    """Read the points of a learning curve; an incomplete last line is ignored."""
    header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True) or [""]
    columns = header.strip().split(",")[1:]
    points: list[Point] = []
    for line in lines:
        if line.endswith("\n"):
            step, *cells = line.strip("\n").split(",")
            values = {
                name: np.float32(cell) for name, cell in zip(columns, cells, strict=True) if cell
            }
            points.append((int(step), values))
    return points


def read_until(path: Path, step: int) -> list[Point]:
    """Read the points up to a step; empty where the file is missing."""
    return [point for point in read(path) if point[0] <= step] if path.exists() else []


def read_table(path: Path) -> pd.DataFrame:
    """Read a learning curve as a table; missing values are NaN."""
    rows = [{"step": step, **values} for step, values in read(path)]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=["step", "loss"], dtype=float)
