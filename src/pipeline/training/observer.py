"""What an observer of a training is, and the state that observers share."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.models.learning_curve import Progress
from pipeline.schema.training.train import Train
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.graph import TrainingGraph
from pipeline.training.job import TrainingJob
from pipeline.training.loop import Call


@dataclass(kw_only=True)
class State(Progress):
    """The state of a running training. Observers read it and, in their order, add to it.

    Attributes:
        steps: number of the last step.
        values: values of `step` alone, besides those that are recorded of every step.
        best_step: the step of the best validation; 0 before the first.
        has_ended: whether training ends before `steps`.
    """

    session: Any
    checkpoints: Checkpoints
    steps: int
    values: dict[str, np.float32] = field(default_factory=dict)
    best_step: int = 0
    has_ended: bool = False

    @property
    def is_last(self) -> bool:
        """Whether no step follows."""
        return self.has_ended or self.step == self.steps


class Observer(AbstractContextManager[Any]):
    """Watches a training, from before it begins until it ends. It does nothing by default."""

    def __init__(self, job: TrainingJob, graph: TrainingGraph) -> None:
        """Prepare to watch a job; the graph is not finalized yet."""

    @staticmethod
    def is_needed(settings: Train) -> bool:
        """Tell whether a training has the observer."""
        return True

    @staticmethod
    def interval(settings: Train) -> int | None:
        """Return the number of steps after which the observer acts; None: after any call."""

    def begin(self, state: State) -> None:
        """Observe the first step: `points` holds the learning curve of an interrupted training."""

    def after(self, state: State, call: Call) -> None:
        """Observe a call of the loop."""

    def save(self) -> None:
        """Write what is buffered, before a checkpoint that training can go on from."""

    def __exit__(self, *_: object) -> None: ...
