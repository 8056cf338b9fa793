"""The learning curve of a running training, in a file that an interrupted one can continue."""

import os
from collections.abc import Sequence

import numpy as np

from pipeline.models.learning_curve import VALIDATION_LOSS, Point, spread
from pipeline.training.graph import TrainedGraph
from pipeline.training.job import TrainingJob
from pipeline.training.loop import Call
from pipeline.training.observer import Observer, State, Turn, observer
from pipeline.workspace import files


@observer(Turn.RECORD)
class LearningCurve(Observer):
    """Takes points of the steps and keeps them in a file beside the checkpoints."""

    def __init__(self, job: TrainingJob, graph: TrainedGraph) -> None:
        self._path, self._settings = job.history, job.settings.train
        is_validated = self._settings.validation.interval is not None
        self._columns = (*graph.columns, *([VALIDATION_LOSS] if is_validated else []))
        self._unsaved: list[Point] = []

    def begin(self, state: State) -> None:
        """Drop the points of an interrupted training after the step that it goes on from."""
        header = ",".join(["step", *self._columns]) + "\n"
        files.write_text(self._path, "".join([header, *self._lines(state.points)]))

    def after(self, state: State, call: Call) -> None:
        """Take points of the call's steps; the last is one if it has values of its own."""
        step, recorded, more = call.step, call.recorded, state.values
        numbers = np.arange(step - len(recorded) + 1, step + 1)
        keep = self._are_points(numbers)
        keep[-1] |= bool(more) or step == self._settings.steps
        points: list[Point] = [
            (number, dict(zip(self._columns, values, strict=False)))
            for number, values in zip(numbers[keep].tolist(), recorded[keep], strict=True)
        ]
        if more:
            points[-1][1].update(more)
        self._unsaved += points
        state.points = points

    def save(self) -> None:
        """Append the new points to the file; call it before their checkpoint is written."""
        path = self._path
        with files.writing(path), path.open("a", encoding="utf-8", newline="\n") as file:
            file.writelines(self._lines(self._unsaved))
            file.flush()
            os.fsync(file.fileno())
        self._unsaved.clear()

    def _are_points(self, numbers: np.ndarray) -> np.ndarray:
        """Tell which steps are points, whatever the calls that train them."""
        every = self._settings.log_every
        if every == "auto":
            steps, keep = spread(self._settings.steps), np.zeros(len(numbers), bool)
            keep[steps[(steps >= numbers[0]) & (steps <= numbers[-1])] - numbers[0]] = True
            return keep
        return np.asarray((numbers % every == 0) | (numbers == 1))

    def _lines(self, points: Sequence[Point]) -> list[str]:
        return [
            ",".join([str(step), *(str(values.get(name, "")) for name in self._columns)]) + "\n"
            for step, values in points
        ]
