"""The runner of a restored model, predictions by it, and the form as the registry lists it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.data.prepared.dataset import FEATURES
from pipeline.errors import ArtifactError
from pipeline.graph.devices import plain_session
from pipeline.graph.inference import PREDICTION
from pipeline.graph.runner import Arrays, Runner
from pipeline.models.metadata.sidecar import Sidecar
from pipeline.workspace import Workspace

# Rows in a piece. The last bits of a prediction depend on it, so all forms use the same number.
# Measured: with fewer rows, the calls take time; with more, the memory no longer fits the caches.
ROWS_AT_ONCE = 32_768


def predict_in_pieces(runner: Runner, inputs: Arrays) -> np.ndarray:
    """Predict from raw inputs by name, `[rows, …]` each → `[rows, outputs]`, a copy.

    Raises:
        ArtifactError: the model takes other inputs or columns, or cannot be run.
    """
    runner.require_inputs(inputs)
    for spec in runner.interface.inputs:
        columns = spec.shape[-1] if spec.shape else None
        if inputs[spec.name].shape[1] != columns:
            given = inputs[spec.name].shape[1]
            raise ArtifactError(
                f"the model takes {columns} {spec.name}, and is given {given}; give it the columns"
                " that its model.json names"
            )
    rows = len(inputs[FEATURES])
    if not rows:  # convolutions refuse no rows
        empty = {name: np.full((1, array.shape[1]), "" if array.dtype == object else 0, array.dtype)
                 for name, array in inputs.items()}  # fmt: skip
        return predict_in_pieces(runner, empty)[:0]
    firsts = range(0, rows, ROWS_AT_ONCE)
    pieces = (_slice(inputs, first, first + ROWS_AT_ONCE) for first in firsts)
    return np.concatenate([runner.run(piece)[PREDICTION] for piece in pieces])


def _slice(inputs: Arrays, begin: int, end: int) -> dict[str, np.ndarray]:
    return {name: array[begin:end] for name, array in inputs.items()}


@dataclass(frozen=True)
class Runtime:
    """Where graphs run."""

    workspace: Workspace  # it has the code of networks that the user wrote
    open_session: Callable[[tf.Graph], Any] = plain_session
    device: str | None = None  # the device that operations are put on; None for any


@dataclass(frozen=True)
class Form:
    """A way to restore a model."""

    name: str
    restored_by: str  # how it is restored, for people
    reads: str  # name of the folder under artifacts/ that it is restored from
    open: Callable[[Path, Runtime], Runner]
    read_sidecar: Callable[[Path], Sidecar]
    # Tells whether a path is one of this form; False where another form is preferred.
    matches: Callable[[Path], bool] = lambda _: False
    tolerance: str = "tolerance"  # the setting of `evaluation.parity` that limits its differences

    def folder(self, workspace: Workspace) -> Path:
        """Return where the form lies in a workspace."""
        return workspace.artifacts / self.reads
