"""The training graph: many steps in one `Session.run`.

The loop runs inside the graph, so that Python does nothing between two steps. What a step computes
depends on the seed and the step alone, not on the number of steps in a call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.data.prepared.dataset import Split
from pipeline.errors import ConfigError
from pipeline.graph.losses import choose_loss
from pipeline.graph.optimizers import Preconditioner, require_device
from pipeline.graph.step import FED_LABEL, FED_LOSS, FED_WEIGHT, LOSS, TrainingStep, add_fed_loss
from pipeline.graph.variables import SCOPE, GraphVariables
from pipeline.training.job import TrainingJob
from pipeline.training.preconditioning import compute_preconditioner
from pipeline.training.rows import Rows, RowsInGraph, RowTensors

v1 = tf.compat.v1

# Rows of which a loss is computed at once.
ROWS_AT_ONCE = 65_536


@dataclass(frozen=True)
class TrainedGraph:
    """What is known of every graph that trains.

    Attributes:
        columns: what is recorded of each step: `loss` first, then what else changes.
        weights: names of the network's own variables, without those of the optimizer, sorted.
        finite: `[weights] bool`, for each of them.
    """

    graph: tf.Graph
    columns: tuple[str, ...]
    weights: list[str]
    finite: tf.Tensor
    global_step: tf.Variable


@dataclass(frozen=True)
class TrainingGraph(TrainedGraph):
    """The tensors and operations that the loop fetches and feeds.

    Attributes:
        steps: how many of the fed steps are trained, int32.
        recorded: `[fed, columns] float32`, of which the first `steps` are set; fetching it trains.
    """

    rows: RowsInGraph
    steps: tf.Tensor
    recorded: tf.Tensor
    preconditioner: "LoadedPreconditioner"


class LoadedPreconditioner:
    """The arrays of a preconditioner, on the device. No checkpoint holds them.

    Attributes:
        tensors: what steps read; None for the plain gradient.
    """

    def __init__(self, arrays: Preconditioner | None) -> None:
        """Add the variables to the default graph, if there are arrays."""
        self._given = [array for array in arrays or () if array is not None]
        self._feeds = [
            v1.placeholder(array.dtype, array.shape, "preconditioner_feed") for array in self._given
        ]
        self._variables = [
            v1.Variable(
                feed,
                name="preconditioner",
                trainable=False,
                collections=["data"],
                use_resource=True,
            )
            for feed in self._feeds
        ]
        read = (variable.read_value() for variable in self._variables)
        self.tensors = Preconditioner(*read) if arrays else None

    def load(self, session: Any) -> None:
        """Set the variables in a session."""
        for variable, feed, array in zip(self._variables, self._feeds, self._given, strict=True):
            session.run(variable.initializer, {feed: array})


def build_training_graph(
    job: TrainingJob, rows: Rows, record_gradients: bool = False
) -> TrainingGraph:
    """Build the training graph.

    It holds the inference graph too (`features:0`, `prediction:0`) and `label:0` with the loss of
    one fed batch (`loss:0`), so that a checkpoint's meta graph can be used without this code.

    Raises:
        ConfigError: parts of the configuration do not fit together.
        DeviceError: the optimizer cannot run on the job's device.
    """
    settings, graph = job.settings, tf.Graph()
    require_device(settings.optimizer, job.device)
    if settings.train.xla is True and settings.device.placement:
        raise ConfigError(
            "XLA compiles for one device; set train.xla=false, or leave out device.placement"
        )
    weighted = job.split.weight is not None
    loss_function = choose_loss(settings.train, job.dataset.task, weighted=weighted)
    with graph.as_default(), tf.device(job.device):
        variables = GraphVariables(
            job.workspace, settings.seed, settings.model.initial, settings.device.placement
        )
        add_fed_loss(settings, job.model, loss_function, variables, weighted=weighted)
        global_step = v1.train.get_or_create_global_step()
        preconditioner = LoadedPreconditioner(compute_preconditioner(job))
        step = TrainingStep(
            settings,
            job.model,
            loss_function,
            variables,
            global_step,
            record_gradients,
            preconditioner.tensors,
        )
        shown_variables = v1.trainable_variables() if loss_function.records_variables else []
        scalars = [one for one in shown_variables if one.shape.num_elements() == 1]
        shown = (variable.op.name.removeprefix(f"{SCOPE}/") for variable in scalars)
        columns = (LOSS, *step.columns, *shown)
        source = rows.add_to_graph()
        train_steps = _define_loop(step, source, scalars, len(columns), settings.train.xla is True)
        weights = {variable.op.name: variable for variable in variables.by_name.values()}
        names = sorted(weights)
        steps = v1.placeholder(tf.int32, [], "steps")
        recorded = train_steps(source.feeds[0], source.rows, steps)
        finite = tf.stack([tf.reduce_all(tf.math.is_finite(weights[name])) for name in names])
    return TrainingGraph(
        graph, columns, names, finite, global_step, source, steps, recorded, preconditioner
    )


def _define_loop(
    step: TrainingStep, source: RowsInGraph, scalars: list[Any], columns: int, compiled: bool
) -> Callable[..., tf.Tensor]:
    """Return the function that trains many steps and returns `[fed, columns]`.

    Its name and those of its arguments are part of every meta graph.
    """

    @tf.function(jit_compile=compiled, autograph=False)
    def train_steps(fed: tf.Tensor, rows: RowTensors, steps: tf.Tensor) -> tf.Tensor:
        def one_step(done: tf.Tensor, history: tf.TensorArray) -> tuple[Any, Any]:
            before = [tf.reshape(variable.read_value(), []) for variable in scalars]
            with tf.control_dependencies(before):
                taken = source.take(rows, done)
                values, update = step.add(taken.encoded(), taken.label, taken.weight)
            with tf.control_dependencies([update]):
                return done + 1, history.write(done, tf.stack([*values, *before]))

        history = tf.TensorArray(tf.float32, size=tf.shape(fed)[0], element_shape=[columns])
        _, history = tf.while_loop(
            lambda done, _: done < steps, one_step, [0, history], parallel_iterations=1
        )
        return history.stack()

    return train_steps  # type: ignore[no-any-return]


def feed(rows: Split) -> dict[str, np.ndarray]:
    """Return raw rows by the names of the tensors that are fed with them; weights are not."""
    return {f"{name}:0": array for name, array in rows.inputs().items()} | {FED_LABEL: rows.label}


def compute_loss(session: Any, rows: Split, weight: np.ndarray | None = None) -> float:
    """Return the loss of rows in inference form, without the penalty for large weights.

    Args:
        weight: of the rows, `[rows, 1] float32`, whose mean is 1; None: all are 1.
    """
    losses, sizes = [], []
    for first in range(0, len(rows.label), ROWS_AT_ONCE):
        block = slice(first, first + ROWS_AT_ONCE)
        piece = rows.select(block)
        weights = {} if weight is None else {FED_WEIGHT: weight[block]}
        losses.append(session.run(FED_LOSS, feed(piece) | weights))
        sizes.append(len(piece.label))
    return float(np.average(losses, weights=sizes))
