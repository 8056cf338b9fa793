"""The learning curve, `step,loss`: kept beside the checkpoints while training, then an out."""

import os
from pathlib import Path

import numpy as np

HEADER = "step,loss\n"


class History:
    """Points of the learning curve in a file that is never ahead of the checkpoints by accident.

    Args:
        path: of the file; it may hold points of an interrupted training.
        log_every: a point is kept every so many steps, and of the first and the last step.
        steps: number of the last step.
    """

    def __init__(self, path: Path, log_every: int, steps: int) -> None:
        self._path, self._log_every, self._steps = path, log_every, steps
        self._unsaved: list[tuple[int, np.float32]] = []

    def extend(self, step: int, losses: np.ndarray) -> list[tuple[int, float]]:
        """Take the losses of the steps up to `step`; returns the points that are kept."""
        numbers = np.arange(step - len(losses) + 1, step + 1)
        keep = (numbers % self._log_every == 0) | (numbers == 1) | (numbers == self._steps)
        points = list(zip(numbers[keep].tolist(), losses[keep], strict=True))
        self._unsaved += points
        return [(number, float(loss)) for number, loss in points]

    def save(self) -> None:
        """Append the new points to the file, before the checkpoint of their last step is written."""
        with self._path.open("a", encoding="utf-8", newline="\n") as file:
            if file.tell() == 0:
                file.write(HEADER)
            file.writelines(f"{step},{loss}\n" for step, loss in self._unsaved)
            file.flush()
            os.fsync(file.fileno())
        self._unsaved.clear()

    def rewind(self, step: int) -> list[tuple[int, float]]:
        """Drop the points after `step`, whose checkpoint was restored; returns those left."""
        lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines[1:] if line.endswith("\n") and int(line.split(",")[0]) <= step]
        self._path.write_text("".join([HEADER, *kept]), encoding="utf-8", newline="\n")
        return [(int(line.split(",")[0]), float(line.split(",")[1])) for line in kept]
