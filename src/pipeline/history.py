"""The learning curve: `step`, `loss` and what else is known of a step.

It is kept beside the checkpoints while training, then an out.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import files

# A step and what was recorded of it, by column.
Point = tuple[int, dict[str, np.float32]]

VALIDATION_LOSS = "validation_loss"


class History:
    """Points of the learning curve, in a file that an interrupted training can go on with.

    Args:
        path: of the file; it may hold points of an interrupted training.
        columns: what is recorded of a step besides its number, `loss` first.
        log_every: a point is kept every so many steps, and of the first and the last step.
        steps: number of the last step.
    """

    def __init__(self, path: Path, columns: Sequence[str], log_every: int, steps: int) -> None:
        self._path, self._columns = path, tuple(columns)
        self._log_every, self._steps = log_every, steps
        self._unsaved: list[Point] = []

    def extend(
        self, step: int, recorded: np.ndarray, more: Mapping[str, np.float32] | None = None
    ) -> list[Point]:
        """Take what was recorded of the steps up to `step`; returns the points that are kept.

        Args:
            recorded: `[steps, columns] float32`.
            more: what is known of `step` alone; it is kept then.
        """
        numbers = np.arange(step - len(recorded) + 1, step + 1)
        keep = (numbers % self._log_every == 0) | (numbers == 1) | (numbers == self._steps)
        if more:
            keep[-1] = True
        points: list[Point] = [
            (number, dict(zip(self._columns, values, strict=False)))
            for number, values in zip(numbers[keep].tolist(), recorded[keep], strict=True)
        ]
        if more:
            points[-1] = (step, {**points[-1][1], **more})
        self._unsaved += points
        return points

    def save(self) -> None:
        """Append the new points to the file, before their checkpoint is written."""
        with (
            files.writing(self._path),
            self._path.open("a", encoding="utf-8", newline="\n") as file,
        ):
            if file.tell() == 0:
                file.write(self._header())
            file.writelines(self._lines(self._unsaved))
            file.flush()
            os.fsync(file.fileno())
        self._unsaved.clear()

    def rewind(self, step: int) -> list[Point]:
        """Drop the points after `step`, from which training goes on; returns those left."""
        if not self._path.exists():
            return []
        kept = [point for point in read(self._path) if point[0] <= step]
        files.write_text(self._path, "".join([self._header(), *self._lines(kept)]))
        return kept

    def _header(self) -> str:
        return ",".join(["step", *self._columns]) + "\n"

    def _lines(self, points: Sequence[Point]) -> list[str]:
        return [
            ",".join([str(step), *(str(values.get(name, "")) for name in self._columns)]) + "\n"
            for step, values in points
        ]


def read(path: Path) -> list[Point]:
    """Read the points of a learning curve; an incomplete last line is left out."""
    header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True) or [""]
    columns = header.strip().split(",")[1:]
    points: list[Point] = []
    for line in lines:
        if line.endswith("\n"):
            step, *cells = line.strip("\n").split(",")
            known = {
                name: np.float32(cell) for name, cell in zip(columns, cells, strict=True) if cell
            }
            points.append((int(step), known))
    return points


def read_table(path: Path) -> pd.DataFrame:
    """Read a learning curve as a table; what is not known of a step is NaN."""
    return pd.DataFrame([{"step": step, **values} for step, values in read(path)])
