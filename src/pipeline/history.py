"""The learning curve, `step,loss`: kept beside the checkpoints while training, then an out."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline import files

HEADER = "step,loss\n"

Point = tuple[int, np.float32]


class History:
    """Points of the learning curve, in a file that an interrupted training can go on with.

    Args:
        path: of the file; it may hold points of an interrupted training.
        log_every: a point is kept every so many steps, and of the first and the last step.
        steps: number of the last step.
    """

    def __init__(self, path: Path, log_every: int, steps: int) -> None:
        self._path, self._log_every, self._steps = path, log_every, steps
        self._unsaved: list[Point] = []

    def extend(self, step: int, losses: np.ndarray) -> list[Point]:
        """Take the losses of the steps up to `step`; returns the points that are kept."""
        numbers = np.arange(step - len(losses) + 1, step + 1)
        keep = (numbers % self._log_every == 0) | (numbers == 1) | (numbers == self._steps)
        points = list(zip(numbers[keep].tolist(), losses[keep], strict=True))
        self._unsaved += points
        return points

    def save(self) -> None:
        """Append the new points to the file, before their checkpoint is written."""
        with self._path.open("a", encoding="utf-8", newline="\n") as file:
            if file.tell() == 0:
                file.write(HEADER)
            file.writelines(_lines(self._unsaved))
            file.flush()
            os.fsync(file.fileno())
        self._unsaved.clear()

    def rewind(self, step: int) -> list[Point]:
        """Drop the points after `step`, from which training goes on; returns those left."""
        if not self._path.exists():
            return []
        kept = [point for point in read(self._path) if point[0] <= step]
        files.write_text(self._path, "".join([HEADER, *_lines(kept)]))
        return kept


def read(path: Path) -> list[Point]:
    """Read the points of a learning curve; an incomplete last line is left out."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    cells = [line.split(",") for line in lines[1:] if line.endswith("\n")]
    return [(int(step), np.float32(loss)) for step, loss in cells]


def _lines(points: Sequence[Point]) -> list[str]:
    return [f"{step},{loss!s}\n" for step, loss in points]
