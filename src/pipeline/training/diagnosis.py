"""Why a loss became NaN or infinite: divergence, or bad data.

The steps since the last checkpoint are trained again, which gives the same bits, in a graph that
also records gradients. So diagnosis costs nothing while a training goes well.
"""

import math

import numpy as np

from pipeline.errors import TrainingError
from pipeline.graph.devices import explain_lack_of_memory, open_session
from pipeline.graph.step import GRADIENT, LEARNING_RATE, LOSS
from pipeline.models.learning_curve import read_until
from pipeline.training.batches import Batches, choose_batch_size
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.fed import is_fed
from pipeline.training.graph import build_training_graph
from pipeline.training.initialization import Initialization
from pipeline.training.job import TrainingJob
from pipeline.training.loop import NotFiniteError, run_loop
from pipeline.training.rows import create_rows

# A loss that is this many times its smallest value before grows without bound.
DIVERGED = 100

# Scaled values are near 1; the square of a larger value exceeds the precision of float32.
EXTREME = 1e6


def explain(error: NotFiniteError, job: TrainingJob) -> TrainingError:
    """Return the error with its reason; the job's folder holds the training's checkpoints."""
    if is_fed(job.settings):  # gradients of a third-party step cannot be recorded
        what = "give a model.train_op with a smaller step, or features in the units that it expects"
        return TrainingError(f"{error.what}; {what}")
    kept, first, recorded = _train_again(error, job)
    if not recorded:
        return TrainingError(
            f"{error.what}; trained again, it was finite: two runs differ on this machine"
        )
    losses = [(step, float(values[LOSS])) for step, values in read_until(job.history, first)]
    losses += [(first + number, row[LOSS]) for number, row in enumerate(recorded, start=1)]
    last = recorded[-1]
    gradients = {name: value for name, value in last.items() if name.startswith(GRADIENT)}
    largest = max(gradients, key=lambda name: (math.isnan(last[name]), last[name]))
    rate = last.get(LEARNING_RATE, job.settings.optimizer.learning_rate)
    checkpoint = "no checkpoint was written yet"
    if kept:
        folder = job.folder.relative_to(job.workspace.home)
        checkpoint = f"the checkpoint of step {kept:,} is kept in {folder}"
    return TrainingError(
        f"{error.what}, with a learning rate of {rate:g} and a largest gradient of"
        f" {last[largest]:.3g} ({largest.removeprefix(GRADIENT)});"
        f" {_find_reason(job, error.step, losses)}; {checkpoint}"
    )


def _train_again(
    error: NotFiniteError, job: TrainingJob
) -> tuple[int, int, list[dict[str, float]]]:
    """Train from the last checkpoint to the step of the error.

    Returns the step of the checkpoint, 0 if there is none; the step that training began from; what
    was recorded of each step since then, by column, or nothing if the error does not recur.
    """
    rows, train = create_rows(job), job.settings.train
    training = build_training_graph(job, rows, record_gradients=True)
    initialization = Initialization(job, training)
    checkpoints = Checkpoints(training.graph, train, job.folder)
    settings = job.replace(steps=error.step, profile=False).settings
    recorded, recurs = [], error.recorded is None
    with (
        explain_lack_of_memory(),
        open_session(training.graph, settings.device, job.device) as session,
    ):
        kept = checkpoints.restore(session)
        first = kept or initialization.run(session)
        try:
            for call in run_loop(training, session, settings, rows, (train.checkpoint_interval,)):
                recorded += call.recorded.tolist()
        except NotFiniteError as again:
            recurs = True
            recorded += [] if again.recorded is None else again.recorded.tolist()
    steps = recorded if recurs else []
    return kept, first, [dict(zip(training.columns, row, strict=True)) for row in steps]


def _find_reason(job: TrainingJob, step: int, losses: list[tuple[int, float]]) -> str:
    value = _find_extreme_value(job, step)
    if value:
        return f"{value}: fix this row of the data, or set data.scaling=standard"
    finite = [(number, loss) for number, loss in losses if math.isfinite(loss)]
    if not finite:
        return (
            "it is so from the start: give smaller initial values (model.weights), or another"
            " train.loss"
        )
    since, smallest = min(finite, key=lambda point: abs(point[1]))
    largest = max(abs(loss) for number, loss in finite if number >= since)
    if largest > DIVERGED * abs(smallest):
        return (
            f"the loss rose from {smallest:.3g} to {largest:.3g} since step {since:,}, so the"
            " training diverges: give a smaller optimizer.learning_rate, or train.clipping"
        )
    return "give a smaller optimizer.learning_rate, or train.clipping"


def _find_extreme_value(job: TrainingJob, step: int) -> str | None:
    """Name the largest value of a step's batch, if it is too large to train on."""
    train, rows, scaling = job.settings.train, job.split, job.model.encoding.scaling
    batch, size = np.arange(len(rows.label)), choose_batch_size(train, len(rows.label))
    if size is not None:
        batches = Batches(len(rows.label), size, job.settings.seed, train.window)
        batch = batches.rows_of(step - 1, 1)[0]
    table = np.column_stack([rows.features[batch], rows.label[batch]]).astype(np.float64)
    largest = np.nan_to_num(np.abs(table), nan=np.inf)
    row, column = np.unravel_index(largest.argmax(), table.shape)
    if largest[row, column] < EXTREME:
        return None
    mean = (*scaling.feature_mean, *scaling.label_mean)[column]
    value = table[row, column] * (*scaling.feature_scale, *scaling.label_scale)[column] + mean
    name = (*job.dataset.features, *job.dataset.targets)[column]
    where = f"{job.dataset.index_name} {rows.index[batch[row]]}"
    return f"{name!r} is {value:.3g} at {where}, which is too large to train on"
