"""Training by feeding: of a network that has a loss, and maybe a step, of its own.

What a third-party graph does in a step is not put into a loop in the graph: references and old
control flow do not work there. A step is one `Session.run` of a batch.
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.data.prepared.dataset import EncodedRows
from pipeline.errors import ConfigError, TrainingError, listing
from pipeline.graph import own_step
from pipeline.graph.optimizers import require_device
from pipeline.graph.own_step import OwnStep
from pipeline.graph.step import LOSS
from pipeline.graph.variables import SCOPE
from pipeline.schema.training import TrainSettings
from pipeline.schema.training.model import Graph
from pipeline.training.batches import Batches, choose_batch_size
from pipeline.training.graph import TrainedGraph
from pipeline.training.job import TrainingJob
from pipeline.training.loop import CALL_SECONDS, WITH_PARTITIONS, WITH_TIMES, Call, describe_call

v1 = tf.compat.v1

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FedGraph(TrainedGraph):
    """A graph that is fed one batch a step."""

    step: OwnStep


def is_fed(settings: TrainSettings) -> bool:
    """Tell whether the network has a loss of its own."""
    return isinstance(settings.model, Graph) and settings.model.loss is not None


def build_fed_graph(job: TrainingJob) -> FedGraph:
    """Build the graph of a fed batch.

    Raises:
        ArtifactError: the network's graph cannot be used.
        ConfigError: parts of the configuration do not fit together.
        DeviceError: the optimizer cannot run on the job's device.
    """
    settings, graph = job.settings, tf.Graph()
    _require_fit(job)
    with graph.as_default(), tf.device(job.device):
        step = own_step.add(settings, job.workspace, job.model)
        if step is None:
            raise ConfigError(f"model={settings.model.name} has no loss of its own")
        variables = {one.op.name: one for one in v1.global_variables()}
        names = sorted(name for name in variables if name.startswith(f"{SCOPE}/"))
        floats = [name for name in names if variables[name].dtype.base_dtype.is_floating]
        values = [tf.convert_to_tensor(variables[name]) for name in floats]
        finite = tf.stack([tf.reduce_all(tf.math.is_finite(value)) for value in values])
        global_step = v1.train.get_or_create_global_step()
    return FedGraph(graph, (LOSS,), floats, finite, global_step, step)


def run_fed_loop(
    graph: FedGraph,
    session: Any,
    settings: TrainSettings,
    rows: EncodedRows,
    stops: tuple[int, ...] = (),
) -> Iterator[Call]:
    """Train from the session's global step to `train.steps`, as `loop.run_loop` does.

    Raises:
        NotFiniteError: the loss has become NaN or infinite.
    """
    steps, take_step = settings.train.steps, _prepare(graph, session, settings, rows)
    observed = iter((WITH_PARTITIONS, WITH_TIMES) if settings.train.profile else (WITH_PARTITIONS,))
    step = int(session.run(graph.global_step))
    while step < steps:
        options, metadata = next(observed, None), v1.RunMetadata()
        most = min(steps - step, *(stop - step % stop for stop in stops)) if stops else steps - step
        losses: list[float] = []
        started = time.perf_counter()
        while len(losses) < (1 if options else most):
            losses.append(take_step(step + len(losses), options, metadata))
            if time.perf_counter() - started > CALL_SECONDS:
                break
        step += len(losses)
        yield describe_call(step, np.array(losses, np.float32)[:, None], options, metadata)


def _prepare(
    graph: FedGraph, session: Any, settings: TrainSettings, rows: EncodedRows
) -> Callable[[int, Any, Any], float]:
    """Return the function that takes the step after so many."""
    count = len(rows.label)
    size = choose_batch_size(settings.train, count)
    batches = Batches(count, size, settings.seed, settings.train.window) if size else None
    step, everything = graph.step, {} if batches else _feed(graph.step, rows)

    def take_step(done: int, options: Any, metadata: Any) -> float:
        feeds = everything
        if batches:
            feeds = _feed(step, rows.select(batches.rows_of(done, 1)[0]))
        observed = {"options": options, "run_metadata": metadata} if options else {}
        try:
            loss, _ = session.run([step.loss, step.update], feeds, **observed)
        except tf.errors.InvalidArgumentError as error:
            raise TrainingError(
                f"model.graph: a step fails{_hint(step)}: {_cause(error)}"
            ) from None
        return float(loss)

    return take_step


def _hint(step: OwnStep) -> str:
    if step.rows is None:
        return ""
    return f"; the graph is made for {step.rows} rows: set train.batch_size={step.rows}"


def _cause(error: tf.errors.OpError) -> str:
    """Return what an operation says, without where it was created."""
    lines = [line for line in error.message.splitlines() if line.strip()]
    told = [number for number, line in enumerate(lines) if line.startswith("Node:")]
    return " ".join(lines[told[0] :][:2] if told else lines[:1])


def _feed(step: OwnStep, rows: EncodedRows) -> dict[str, Any]:
    fed = {step.features.name: rows.features, step.label.name: rows.label}
    return {**fed, **step.feeds}


def _require_fit(job: TrainingJob) -> None:
    settings = job.settings
    if getattr(settings.model, "train_op", None) is None:
        require_device(settings.optimizer, job.device)
    else:
        _log.info(
            "model.train_op: the graph's own step trains, without optimizer, schedule,"
            " train.regularization and train.clipping"
        )
    if settings.train.xla is True:
        raise ConfigError("XLA compiles a loop in the graph: model.loss needs train.xla=false")
    if settings.device.placement:
        raise ConfigError("model.loss: a graph of other code has no layers for device.placement")
    if job.split.weight is not None:
        raise ConfigError(
            "model.loss takes no weights of rows; leave out data.weight and data.class_weight"
        )
    if settings.model.initial:
        raise ConfigError(
            "model.initial: with model.loss, variables begin with the values of model.graph; give"
            " others by train.start"
        )


def begin_anew(job: TrainingJob, graph: FedGraph) -> None:
    """Remove what a killed training left, if the graph draws random numbers.

    No checkpoint holds the state of the operations that draw them.
    """
    if not graph.step.random:
        return
    left = list(job.folder.iterdir())
    _log.info(
        "the graph draws random numbers (%s), whose state no checkpoint holds: %s",
        listing(graph.step.random),
        "the killed training begins anew" if left else "a training that is killed begins anew",
    )
    for path in left:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
