"""The training graph and its loop: build, initialize or restore, then many steps a `Session.run`.

The loop runs inside the graph, so that Python is not asked between two steps. What a step computes
depends on the seed and the step alone; how many steps one call runs changes nothing.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.data.prepared import Split
from pipeline.data.scaling import Scaling
from pipeline.errors import ConfigError, TrainingError
from pipeline.graph.batches import Batches
from pipeline.graph.inference import LABEL, add_inference, scaled_features, scaled_label
from pipeline.graph.losses import LOSSES
from pipeline.graph.networks import Training, network
from pipeline.graph.optimizers import optimizer
from pipeline.graph.variables import GraphVariables
from pipeline.settings import Settings

v1 = tf.compat.v1

# A call is to take about this long: short enough for a live progress, long enough to cost nothing.
CALL_SECONDS = 0.25
MOST_STEPS_A_CALL = 1024


@dataclass(frozen=True)
class TrainingGraph:
    """The tensors and operations that the loop fetches and feeds.

    Attributes:
        feed_features, feed_label: placeholders for all training rows, fed once by `load`.
        batches: `[steps, batch] int32`, the rows of each step; `[steps, 0]` for the full batch.
        losses: `[steps] float32`; fetching it trains that many steps.
    """

    graph: tf.Graph
    initialize: tf.Operation
    feed_features: tf.Tensor
    feed_label: tf.Tensor
    load: tf.Operation
    batches: tf.Tensor
    losses: tf.Tensor
    global_step: tf.Variable


def build(
    settings: Settings, rows: int, columns: int, scaling: Scaling, device: str
) -> TrainingGraph:
    """Build the training graph.

    It holds the inference graph too (`features:0`, `prediction:0`) and `label:0` with the loss of
    one fed batch (`loss:0`), so that a checkpoint's meta graph can be used without this code.

    Args:
        rows, columns: number of training rows and of features.
        device: where variables and computation are placed, such as `/device:CPU:0`.
    """
    loss_of = LOSSES[settings.train.loss]
    graph = tf.Graph()
    with graph.as_default(), tf.device(device):
        variables = GraphVariables(settings.seed)
        _, prediction = add_inference(settings.model, columns, scaling, variables)
        label = v1.placeholder(tf.float32, [None, 1], LABEL)
        tf.identity(
            loss_of(scaled_label(prediction, scaling), scaled_label(label, scaling)), "loss"
        )
        global_step = v1.train.get_or_create_global_step()
        trainable = v1.trainable_variables()
        apply = optimizer(settings.optimizer, device)

        feed_features = v1.placeholder(tf.float32, [rows, columns], "training_features")
        feed_label = v1.placeholder(tf.float32, [rows, 1], "training_label")
        features = _held(scaled_features(feed_features, scaling), "features_of_all_rows")
        labels = _held(scaled_label(feed_label, scaling), "label_of_all_rows")
        full_batch = settings.train.batch_size is None

        @tf.function(jit_compile=settings.train.xla, autograph=False)
        def train_steps(batches: tf.Tensor) -> tf.Tensor:
            count = tf.shape(batches)[0]

            def one_step(done: tf.Tensor, losses: tf.TensorArray) -> tuple[Any, Any]:
                x, y = features.read_value(), labels.read_value()
                if not full_batch:
                    x, y = tf.gather(x, batches[done]), tf.gather(y, batches[done])
                seed = tf.stack([settings.seed, tf.cast(global_step.read_value(), tf.int32)])
                with tf.GradientTape() as tape:
                    loss = loss_of(network(settings.model, x, variables, Training(seed)), y)
                gradients = tape.gradient(loss, trainable)
                applied = apply.apply_gradients(
                    zip(gradients, trainable, strict=True), global_step=global_step
                )
                with tf.control_dependencies([applied]):
                    return done + 1, losses.write(done, loss)

            history = tf.TensorArray(tf.float32, size=count, element_shape=[])
            _, history = tf.while_loop(
                lambda done, _: done < count, one_step, [0, history], parallel_iterations=1
            )
            return history.stack()

        batches = v1.placeholder(tf.int32, [None, None], "batches")
        losses = train_steps(batches)
        return TrainingGraph(
            graph=graph,
            initialize=v1.global_variables_initializer(),
            feed_features=feed_features,
            feed_label=feed_label,
            load=tf.group(features.initializer, labels.initializer),
            batches=batches,
            losses=losses,
            global_step=global_step,
        )


def _held(value: tf.Tensor, name: str) -> tf.Variable:
    """Make a variable for data that stays on the device; no checkpoint holds it."""
    return v1.Variable(value, name=name, trainable=False, collections=["data"], use_resource=True)


def initialize(training: TrainingGraph, session: Any) -> None:
    """Give all variables their initial values."""
    session.run(training.initialize)


def load(training: TrainingGraph, session: Any, rows: Split) -> None:
    """Put the training rows on the device, scaled, for the life of the session."""
    session.run(
        training.load, {training.feed_features: rows.features, training.feed_label: rows.label}
    )


@dataclass(frozen=True)
class Progress:
    """What one call trained.

    Attributes:
        step: steps done so far.
        losses: of the steps of this call, `[steps] float32`; the last one is that of `step`.
        partitions: the graphs that the session made, one for each device; of the first call alone.
    """

    step: int
    losses: np.ndarray
    partitions: tuple[Any, ...] = ()


def loop(
    training: TrainingGraph,
    session: Any,
    settings: Settings,
    rows: int,
    most_steps_a_call: int = MOST_STEPS_A_CALL,
) -> Iterator[Progress]:
    """Train from the session's global step to `train.steps`.

    A call never crosses a multiple of `train.checkpoint_every`, so that the caller can save there.

    Args:
        session: with variables initialized or restored, and the data loaded.
        rows: number of training rows.
        most_steps_a_call: bounds the length of a call; it changes no result.

    Raises:
        ConfigError: the batch is larger than the training split.
        TrainingError: the loss is no longer finite, or memory does not suffice.
    """
    batch_size = settings.train.batch_size
    if batch_size is not None and batch_size > rows:
        raise ConfigError(
            f"train.batch_size={batch_size} is more than the {rows} training rows; give a smaller"
            " one, or null for all rows"
        )
    source = None if batch_size is None else Batches(rows, batch_size, settings.seed)
    train = session.make_callable(training.losses, feed_list=[training.batches])
    step = int(session.run(training.global_step))
    wanted, partitions = 1, ()
    while step < settings.train.steps:
        boundary = step - step % settings.train.checkpoint_every + settings.train.checkpoint_every
        count = min(wanted, boundary - step, settings.train.steps - step)
        batches = np.empty((count, 0), np.int32) if source is None else source.rows_of(step, count)
        started = time.perf_counter()
        try:
            if partitions:
                losses, traced = train(batches), ()
            else:
                losses, partitions = _traced(training, session, batches)
                traced = partitions
        except tf.errors.ResourceExhaustedError:
            raise TrainingError(
                "the device has too little memory for a step; give a smaller train.batch_size or"
                " a smaller model, or choose device=cpu"
            ) from None
        if time.perf_counter() - started < CALL_SECONDS:
            wanted = min(wanted * 2, most_steps_a_call)
        else:
            wanted = max(wanted // 2, 1)
        _require_finite(losses, step, settings)
        step += count
        yield Progress(step, losses, traced)


def _traced(
    training: TrainingGraph, session: Any, batches: np.ndarray
) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Train as any call does, and return also the graphs that the session made of the loop."""
    metadata = v1.RunMetadata()
    losses = session.run(
        training.losses,
        {training.batches: batches},
        options=v1.RunOptions(output_partition_graphs=True),
        run_metadata=metadata,
    )
    functions = (graph for made in metadata.function_graphs for graph in made.partition_graphs)
    return losses, (*metadata.partition_graphs, *functions)


def _require_finite(losses: np.ndarray, before: int, settings: Settings) -> None:
    wrong = np.flatnonzero(~np.isfinite(losses))
    if len(wrong):
        raise TrainingError(
            f"the loss is {losses[wrong[0]]} in step {before + wrong[0] + 1} with"
            f" optimizer.learning_rate={settings.optimizer.learning_rate:g}; a smaller learning"
            " rate usually helps"
        )
