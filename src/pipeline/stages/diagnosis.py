"""Why a loss is no longer finite: divergence, or bad data.

The steps since the last checkpoint are trained again, which gives the same bits, in a graph that
also records the gradients. So a training that goes well pays nothing for it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import files, history
from pipeline.artifacts.checkpoint import Checkpoints
from pipeline.data import prepared
from pipeline.data.prepared import Dataset, Split
from pipeline.errors import TrainingError
from pipeline.graph import devices, start, training
from pipeline.graph import rows as training_rows
from pipeline.graph.batches import Batches
from pipeline.graph.loop import NotFiniteError, loop
from pipeline.graph.training import GRADIENT, LEARNING_RATE, LOSS
from pipeline.settings import Settings

# A loss that has grown so often since its smallest value grows without end.
DIVERGED = 100

# Scaled values are near 1; a square of what is beyond this leaves little of float32.
FAR = 1e6


@dataclass(frozen=True)
class Trace:
    """What was recorded up to the step after which something is not finite.

    Attributes:
        kept: the step of the checkpoint that the training went on from; 0: there is none.
        losses: `(step, loss)`, of all steps since then and those of the learning curve before.
        last: what was recorded of the last step, by column.
    """

    kept: int
    losses: list[tuple[int, float]]
    last: dict[str, float]

    def largest_gradient(self) -> str:
        """Name the largest gradient of the last step."""
        largest = {
            name.removeprefix(GRADIENT): value
            for name, value in self.last.items()
            if name.startswith(GRADIENT)
        }
        name = max(largest, key=lambda name: (math.isnan(largest[name]), largest[name]))
        return f"a largest gradient of {largest[name]:.3g} ({name})"


def explained(
    error: NotFiniteError,
    settings: Settings,
    device: str,
    work: Path,
    begin: Callable[[start.Plan, training.TrainingGraph, Any, Settings], int],
) -> TrainingError:
    """Return the error with its reason.

    Args:
        work: the folder of the training's checkpoints.
        begin: gives the variables of a training their first values.
    """
    dataset, rows = prepared.read_dataset(), training_rows.read(settings)
    trace = _trained_again(error, settings, dataset, rows, device, work, begin)
    if trace is None:
        return TrainingError(f"{error.what}; trained again, it was not so: compare two runs")
    kept = f"the checkpoint of step {trace.kept:,} is kept in {work.relative_to(files.root())}"
    rate = trace.last.get(LEARNING_RATE, settings.optimizer.learning_rate)
    return TrainingError(
        f"{error.what}, with a learning rate of {rate:g} and {trace.largest_gradient()};"
        f" {_reason(settings, dataset, rows, error.step, trace)};"
        f" {kept if trace.kept else 'no checkpoint was written yet'}"
    )


def _trained_again(
    error: NotFiniteError,
    settings: Settings,
    dataset: Dataset,
    rows: Split,
    device: str,
    work: Path,
    begin: Any,
) -> Trace | None:
    """Train from the last checkpoint to the step of the error; None if it does not come back."""
    model = training.model_of(settings, dataset)
    source = training_rows.of(settings, rows, dataset.scaling)
    graph = training.build(settings, model, dataset.task, source, device, watch_gradients=True)
    plan = start.plan(graph.graph, graph.weights, settings.train.start)
    checkpoints = Checkpoints(graph.graph, settings.train, work)
    train = settings.train.model_copy(update={"steps": error.step})
    until = settings.model_copy(update={"train": train})
    recorded, came_back = [], error.recorded is None
    with (
        devices.enough_memory(),
        devices.open_session(graph.graph, settings.device, device) as session,
    ):
        kept = checkpoints.restore(session)
        first = kept or begin(plan, graph, session, settings)
        try:
            for call in loop(graph, session, until, source, (checkpoints.every,)):
                recorded.append(call.recorded)
        except NotFiniteError as again:
            came_back = True
            if again.recorded is not None:
                recorded.append(again.recorded)
    if not came_back or not recorded:
        return None
    table = np.concatenate(recorded)
    curve = work / files.HISTORY.name
    before = history.read(curve) if curve.exists() else []
    losses = [(step, float(values[LOSS])) for step, values in before if step <= first]
    losses += list(enumerate(table[:, 0].tolist(), start=first + 1))
    return Trace(kept, losses, dict(zip(graph.columns, table[-1].tolist(), strict=True)))


def _reason(settings: Settings, dataset: Dataset, rows: Split, step: int, trace: Trace) -> str:
    far = _far_value(settings, dataset, rows, step)
    if far:
        return f"{far}: mend this row of the data, or take data.scaling=standard"
    known = [point for point in trace.losses if math.isfinite(point[1])]
    if not known:
        return (
            "it is so from the start: give smaller initial values (model.weights), or another"
            " train.loss"
        )
    since, smallest = min(known, key=lambda point: abs(point[1]))
    largest = max(abs(loss) for number, loss in known if number >= since)
    if largest > DIVERGED * abs(smallest):
        return (
            f"the loss rose from {smallest:.3g} to {largest:.3g} since step {since:,}, so the"
            " training diverges: give a smaller optimizer.learning_rate, or train.clipping"
        )
    return "give a smaller optimizer.learning_rate, or train.clipping"


def _far_value(settings: Settings, dataset: Dataset, rows: Split, step: int) -> str | None:
    """Name the largest value of a step's batch, if it is too large."""
    size = settings.train.batch_size
    chosen = np.arange(len(rows.label))
    if size is not None:
        window = settings.train.window
        chosen = Batches(len(rows.label), size, settings.seed, window).rows_of(step - 1, 1)[0]
    scaling = dataset.scaling
    scaled = (rows.features[chosen] - scaling.feature_mean) / np.array(scaling.feature_scale)
    label = (rows.label[chosen] - scaling.label_mean) / scaling.label_scale
    table = np.abs(np.column_stack([scaled, label]))
    row, column = np.unravel_index(np.nan_to_num(table, nan=np.inf).argmax(), table.shape)
    if table[row, column] < FAR:
        return None
    value = np.append(rows.features[chosen[row]], rows.label[chosen[row]])[column]
    name = (*dataset.features, dataset.target)[column]
    place = f"{dataset.index_name} {rows.index[chosen[row]]}"
    return f"{name!r} is {value:.3g} at {place}, which is too large to train on"
