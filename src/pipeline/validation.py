"""Which step was the best on the validation rows, and whether training is to end."""

from collections.abc import Iterable

from pipeline.history import VALIDATION_LOSS, Point
from pipeline.settings.train import Validation


class Best:
    """The best validation so far. It is known again from the learning curve after a kill.

    Attributes:
        step: of the best validation; 0 before the first.
        ended: whether patience is at its end.
    """

    def __init__(self, settings: Validation) -> None:
        self._settings = settings
        self._loss = float("inf")
        self._worse = 0
        self.step = 0
        self.ended = False

    def replay(self, points: Iterable[Point]) -> None:
        """Take the validations of an interrupted training."""
        for step, values in points:
            if VALIDATION_LOSS in values:
                self.add(step, float(values[VALIDATION_LOSS]))

    def add(self, step: int, loss: float) -> bool:
        """Take one validation; tells whether it is the best."""
        if loss < self._loss - self._settings.min_delta or not self.step:
            self._loss, self._worse, self.step = loss, 0, step
            return True
        self._worse += 1
        patience = self._settings.patience
        self.ended = patience is not None and self._worse >= patience
        return False
