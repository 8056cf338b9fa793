"""What an observer of a training is, the state that observers share, and their registry."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np

from pipeline.models.learning_curve import Progress
from pipeline.schema.training.train import Train
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.graph import TrainedGraph
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


class Turn(IntEnum):
    """When an observer is called, among the others."""

    CHECK = 1  # refuses a training, as on the wrong device
    MEASURE = 2  # adds values to the step
    RECORD = 3  # takes the points of the learning curve
    SHOW = 4  # shows these points


class Observer(AbstractContextManager[Any]):
    """Watches a training, from before it begins until it ends. It does nothing by default."""

    def __init__(self, job: TrainingJob, graph: TrainedGraph) -> None:
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


_REGISTERED: list[tuple[Turn, type[Observer]]] = []


def observer(turn: Turn) -> Callable[[type[Observer]], type[Observer]]:
    """Register a class of observers, which is called in its turn."""

    def register(kind: type[Observer]) -> type[Observer]:
        _REGISTERED.append((turn, kind))
        return kind

    return register


def registered() -> list[type[Observer]]:
    """Return the registered classes in the order in which they are called."""
    return [kind for _, kind in sorted(_REGISTERED, key=lambda pair: pair[0])]
