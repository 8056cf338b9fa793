"""Validation while training: which checkpoint is the best, and whether training ends early."""

import logging
import math
from collections.abc import Sequence

import numpy as np

from pipeline.data.prepared.dataset import Split, read_split
from pipeline.errors import ConfigError
from pipeline.models.learning_curve import VALIDATION_LOSS
from pipeline.schema.training.train import Train
from pipeline.training.graph import TrainedGraph, compute_loss
from pipeline.training.job import TrainingJob
from pipeline.training.loop import Call, NotFiniteError, require_finite
from pipeline.training.observer import Observer, State, Turn, observer

_log = logging.getLogger(__name__)


@observer(Turn.MEASURE)
class EarlyStopping(Observer):
    """Validates, keeps the best checkpoint, and ends a training that no longer gets better.

    Raises:
        ConfigError: the data has no validation rows.
    """

    def __init__(self, job: TrainingJob, graph: TrainedGraph) -> None:
        self._settings, self._graph = job.settings.train, graph
        self._best_loss = math.inf
        self._worse = 0  # validations since the best
        self._rows = read_split("validation", job.workspace.prepared, self._settings.stream)
        if not len(self._rows.label):
            raise ConfigError(
                "train.validation.every asks for validation, and data.validation_share keeps no"
                " rows; give data.validation_share=0.1, or train.validation.every=auto"
            )
        self._weight = weigh(self._rows, job.dataset.class_weights)

    @staticmethod
    def is_needed(settings: Train) -> bool:
        """Tell whether `train.validation.every` is a number."""
        return settings.validation.interval is not None

    @staticmethod
    def interval(settings: Train) -> int | None:
        """Return the number of steps between validations."""
        return settings.validation.interval

    def begin(self, state: State) -> None:
        """Take the validations of an interrupted training."""
        for step, values in state.points:
            if VALIDATION_LOSS in values:
                self._compare(state, step, float(values[VALIDATION_LOSS]))

    def after(self, state: State, call: Call) -> None:
        """Validate if it is due, and keep the checkpoint if it is the best.

        Raises:
            NotFiniteError: the loss on the validation rows, or a variable of the best checkpoint.
        """
        step, every = state.step, self._settings.validation.interval
        if not every or (step % every and step != self._settings.steps):
            return
        loss = compute_loss(state.session, self._rows, self._weight)
        if not math.isfinite(loss):
            what = f"the loss on the validation rows is {loss} after step {step:,}"
            raise NotFiniteError(what, step)
        state.values[VALIDATION_LOSS] = np.float32(loss)
        self._compare(state, step, loss)
        if state.best_step == step:
            require_finite(self._graph, state.session, step)
            state.checkpoints.save_best(state.session, step)
        if state.has_ended:
            _log.info(
                "step %s: no better validation since step %s; training ends",
                f"{step:,}", f"{state.best_step:,}",
            )  # fmt: skip

    def _compare(self, state: State, step: int, loss: float) -> None:
        if loss < self._best_loss - self._settings.validation.min_delta or not state.best_step:
            self._best_loss, self._worse, state.best_step = loss, 0, step
            return
        self._worse += 1
        patience = self._settings.validation.patience
        state.has_ended = patience is not None and self._worse >= patience


def weigh(rows: Split, class_weights: Sequence[float] | None) -> np.ndarray | None:
    """Return the weights of rows in a loss, `[rows, 1] float32` with the mean 1, as in training.

    None where all rows count the same.
    """
    if rows.weight is None and class_weights is None:
        return None
    weight = np.ones((len(rows.label), 1)) if rows.weight is None else np.array(rows.weight)
    if class_weights is not None:
        weight *= np.array(class_weights)[np.asarray(rows.label, np.int64)]
    mean = weight.mean()
    if not mean > 0:
        raise ConfigError(
            "data.class_weight gives all validation rows together no weight; give another"
            " data.class_weight or data.validation_share"
        )
    return np.asarray((weight / mean).astype(np.float32))
