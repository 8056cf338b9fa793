"""The training graph: many steps in one `Session.run`.

The loop runs inside the graph, so that Python is not asked between two steps. What a step computes
depends on the seed and the step alone; how many steps one call runs changes nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.data.prepared import Dataset, Split
from pipeline.errors import ConfigError, listing
from pipeline.graph.inference import (
    FEATURES,
    LABEL,
    Model,
    add_inference,
    output_of,
    scaled_features,
    scaled_label,
)
from pipeline.graph.layers import Training
from pipeline.graph.losses import Loss, loss, penalty
from pipeline.graph.networks import require_fit
from pipeline.graph.optimizers import clipped, learning_rate, optimizer, require_device
from pipeline.graph.rows import Rows, RowsInGraph
from pipeline.graph.variables import SCOPE, GraphVariables
from pipeline.settings import Settings

v1 = tf.compat.v1

LOSS = "loss"
LEARNING_RATE = "learning_rate"
# Rows that a loss is computed of at once.
ROWS_AT_ONCE = 65_536
# Before the name of a variable: the column of its largest absolute gradient.
GRADIENT = "gradient of "


@dataclass(frozen=True)
class TrainingGraph:
    """The tensors and operations that the loop fetches and feeds.

    Attributes:
        rows: the part that brings rows to the steps.
        steps: how many of the steps that are fed are trained, int32.
        recorded: `[fed, columns] float32`, of which the first `steps` hold something; fetching it
            trains.
        columns: what is recorded of each step: `loss` first, then what else changes.
        weights: names of the network's own variables, in contrast to the optimizer's.
        finite: `[weights] bool`, for each of them in the order of their names.
    """

    graph: tf.Graph
    rows: RowsInGraph
    steps: tf.Tensor
    recorded: tf.Tensor
    columns: tuple[str, ...]
    weights: frozenset[str]
    finite: tf.Tensor
    global_step: tf.Variable


def model_of(settings: Settings, dataset: Dataset) -> Model:
    """Return what the configuration makes of the prepared data.

    Raises:
        ConfigError: network, loss and data do not fit together.
    """
    require_fit(settings.model, dataset.task, dataset.shape)
    if settings.model.name == "transfer" and settings.data.scaling != "none":
        raise ConfigError(
            f"data.scaling={settings.data.scaling}: the frozen graph of model=transfer scales by"
            " itself; give data.scaling=none"
        )
    head = loss(settings.train, dataset.task).head
    outputs = len(dataset.classes) or 1
    return Model(settings.model, dataset.scaling, dataset.shape, outputs, head)


def build(
    settings: Settings,
    model: Model,
    task: str,
    rows: Rows,
    device: str | None,
    watch_gradients: bool = False,
) -> TrainingGraph:
    """Build the training graph.

    It holds the inference graph too (`features:0`, `prediction:0`) and `label:0` with the loss of
    one fed batch (`loss:0`), so that a checkpoint's meta graph can be used without this code.

    Args:
        rows: what it will be trained on.
        device: where variables and computation are placed, such as `/device:CPU:0`.
        watch_gradients: record the largest absolute gradient of each variable, too.
    """
    require_device(settings.optimizer, device or "")
    if settings.train.xla is True and settings.device.placement:
        raise ConfigError("XLA compiles for one device: device.placement needs train.xla=false")
    chosen, graph = loss(settings.train, task), tf.Graph()
    with graph.as_default(), tf.device(device):
        variables = GraphVariables(settings.seed, settings.model.initial, settings.device.placement)
        _add_fed_loss(settings, model, chosen, variables)
        global_step = v1.train.get_or_create_global_step()
        step = _Step(settings, model, chosen, variables, global_step, watch_gradients)
        watched = _scalars() if task == "minimization" else []
        columns = (LOSS, *step.columns, *(_short(variable) for variable in watched))

        given = rows.add_to_graph(settings.train)

        @tf.function(jit_compile=settings.train.xla is True, autograph=False)
        def train_steps(fed: tf.Tensor, x: tf.Tensor, y: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
            def one_step(done: tf.Tensor, history: tf.TensorArray) -> tuple[Any, Any]:
                before = [tf.reshape(variable.read_value(), []) for variable in watched]
                with tf.control_dependencies(before):
                    values, applied = step.take(*given.batch(x, y, done))
                with tf.control_dependencies([applied]):
                    return done + 1, history.write(done, tf.stack([*values, *before]))

            shape = [len(columns)]
            history = tf.TensorArray(tf.float32, size=tf.shape(fed)[0], element_shape=shape)
            _, history = tf.while_loop(
                lambda done, _: done < steps, one_step, [0, history], parallel_iterations=1
            )
            return history.stack()

        weights = {variable.op.name: variable for variable in variables.made.values()}
        steps = v1.placeholder(tf.int32, [], "steps")
        return TrainingGraph(
            graph=graph,
            rows=given,
            steps=steps,
            recorded=train_steps(given.feeds[0], given.features, given.label, steps),
            columns=columns,
            weights=frozenset(weights),
            finite=tf.stack(
                [tf.reduce_all(tf.math.is_finite(weights[name])) for name in sorted(weights)]
            ),
            global_step=global_step,
        )


def build_fed(settings: Settings, model: Model, task: str) -> tf.Graph:
    """Build the training graph for others: `train_step` trains on a batch that is fed.

    Returns:
        The graph with `features:0`, `label:0`, `loss:0`, `prediction:0`.
    """
    graph = tf.Graph()
    with graph.as_default():
        chosen, variables = loss(settings.train, task), GraphVariables()
        features, label = _add_fed_loss(settings, model, chosen, variables)
        global_step = v1.train.get_or_create_global_step()
        step = _Step(settings, model, chosen, variables, global_step)
        scaled = scaled_features(features, model.scaling), scaled_label(label, model.scaling)
        _, applied = step.take(*scaled)
        tf.group(applied, name="train_step")
    return graph


def _add_fed_loss(
    settings: Settings, model: Model, chosen: Loss, variables: GraphVariables
) -> tuple[tf.Tensor, tf.Tensor]:
    """Add the inference graph and the loss of a fed batch; returns features and label."""
    features, output = add_inference(model, variables)
    variables.require_known()
    label = v1.placeholder(tf.float32, [None, 1], LABEL)
    fed = chosen.function(settings.train, output, scaled_label(label, model.scaling))
    tf.identity(fed, LOSS)
    return features, label


class _Step:
    """One step of the optimizer.

    Attributes:
        columns: what `take` returns besides the loss.
    """

    def __init__(
        self,
        settings: Settings,
        model: Model,
        chosen: Loss,
        variables: GraphVariables,
        global_step: tf.Variable,
        watch_gradients: bool = False,
    ) -> None:
        self._settings, self._model, self._chosen = settings, model, chosen
        self._variables, self._global_step = variables, global_step
        self._trainable = v1.trainable_variables()
        self._scheduled = settings.schedule.name != "constant"
        self._watch_gradients = watch_gradients
        watched = [GRADIENT + variable.op.name for variable in self._trainable]
        self.columns = (
            *([LEARNING_RATE] if self._scheduled else []),
            *(watched if watch_gradients else []),
        )

    def take(self, x: tf.Tensor, y: tf.Tensor) -> tuple[list[tf.Tensor], tf.Operation]:
        """Add a step on scaled features and labels.

        Returns:
            The loss before the step and what `columns` says; the operation that takes the step.
        """
        settings, done = self._settings, self._global_step.read_value()
        training = Training(tf.stack([settings.seed, tf.cast(done, tf.int32)]))
        with tf.GradientTape() as tape:
            output = output_of(self._model, x, self._variables, training)
            total = self._chosen.function(settings.train, output, y)
            total += penalty(settings.train, self._trainable)
        gradients = tape.gradient(total, self._trainable)
        idle = [
            variable.op.name
            for variable, gradient in zip(self._trainable, gradients, strict=True)
            if gradient is None
        ]
        if idle or not gradients:
            raise ConfigError(
                f"model={settings.model.name}: the loss does not depend on"
                f" {listing(idle) or 'any variable'}; make what is not trained with trainable=False"
            )
        watched = gradients if self._watch_gradients else []
        largest = [tf.reduce_max(tf.abs(gradient)) for gradient in watched]
        gradients = clipped(settings.train.clipping, gradients)
        rate = learning_rate(settings.optimizer, settings.schedule, done)
        with tf.control_dependencies([done, *training.updates]):
            applied = optimizer(settings.optimizer, rate).apply_gradients(
                zip(gradients, self._trainable, strict=True), global_step=self._global_step
            )
        more = [*([rate] if self._scheduled else []), *largest]
        return [total, *more], applied


def _scalars() -> list[tf.Variable]:
    """Return the trainable variables that are one number."""
    return [variable for variable in v1.trainable_variables() if variable.shape.num_elements() == 1]


def _short(variable: tf.Variable) -> str:
    return str(variable.op.name.removeprefix(f"{SCOPE}/"))


def fed_loss(session: Any, rows: Split) -> float:
    """Return the loss of rows in its inference form, without the penalty for large weights."""
    losses, sizes = [], []
    for first in range(0, len(rows.label), ROWS_AT_ONCE):
        piece = slice(first, first + ROWS_AT_ONCE)
        feed = {f"{FEATURES}:0": rows.features[piece], f"{LABEL}:0": rows.label[piece]}
        losses.append(session.run(f"{LOSS}:0", feed))
        sizes.append(len(rows.label[piece]))
    return float(np.average(losses, weights=sizes))
