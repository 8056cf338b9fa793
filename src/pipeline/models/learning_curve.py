"""The learning curve: `step`, `loss` and other values of a step.

While training, the file lies beside the checkpoints; then it is an out.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

# A step and its values, by column.
Point = tuple[int, dict[str, np.float32]]

VALIDATION_LOSS = "validation_loss"


@dataclass
class Progress:
    """How far a training is."""

    step: int
    loss: float = math.nan  # training loss of the last step; NaN before the first
    # Since the last report; in the first, those of an interrupted training.
    points: list[Point] = field(default_factory=list)


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
