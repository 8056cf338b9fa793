"""Training from the first step, or from where an interrupted training ended, to published outs."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from pipeline.graph.devices import explain_lack_of_memory, open_session
from pipeline.models.learning_curve import Progress, read_until
from pipeline.models.metadata import hashes, sidecar
from pipeline.schema.training.device import Arithmetic
from pipeline.schema.training.train import Train

# Importing a module registers its observer.
from pipeline.training import (  # noqa: F401
    learning_curve,
    placement,
    profile,
    repeatability,
    tensorboard,
    validation,
)
from pipeline.training.autosave import Autosave
from pipeline.training.batches import choose_batch_size
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.fed import begin_anew, build_fed_graph, is_fed, run_fed_loop
from pipeline.training.graph import TrainedGraph, TrainingGraph, build_training_graph
from pipeline.training.initialization import Initialization
from pipeline.training.job import TrainingJob
from pipeline.training.loop import Call, require_finite, run_loop
from pipeline.training.observer import Observer, State, registered
from pipeline.training.rows import create_rows
from pipeline.training.timing import CHECKPOINTS, STEPS, Timing
from pipeline.workspace import files

_log = logging.getLogger(__name__)


def fit(job: TrainingJob, reports: Sequence[Callable[[Progress], None]] = ()) -> None:
    """Train a job and publish its checkpoint, learning curve and placement.

    An interrupted training, of which the job's folder has checkpoints, goes on from the latest of
    them and ends with the same bits.

    Args:
        reports: functions that are told of the progress, before the first step and after each call.

    Raises:
        NotFiniteError: a loss or a variable is NaN or infinite.
    """
    settings, timing = job.settings, Timing()
    training, loop = _build(job)
    observers = [kind(job, training) for kind in registered() if kind.is_needed(settings.train)]
    initialization = Initialization(job, training)
    checkpoints = Checkpoints(training.graph, settings.train, job.folder)  # completes the graph
    with (
        explain_lack_of_memory(),
        open_session(training.graph, settings.device, job.device) as session,
        Autosave(training.graph, job.folder) as autosave,
        ExitStack() as entered,
    ):
        for observer in observers:
            entered.enter_context(observer)
        step = checkpoints.resume(session) or initialization.run(session)
        state = State(step, session=session, checkpoints=checkpoints, steps=settings.train.steps)
        state.points = read_until(job.history, step)
        for begin in (*(observer.begin for observer in observers), *reports):
            begin(state)
        for call in timing.over(STEPS, () if state.has_ended else loop(session)):
            _observe(call, state, observers, timing)
            with timing.of("reports"):
                for report in reports:
                    report(state)
            is_checkpoint = checkpoints.is_due(state.step) or state.has_ended
            if is_checkpoint or autosave.is_due():
                with timing.of(CHECKPOINTS):
                    require_finite(training, session, state.step)
                    for observer in observers:
                        observer.save()
                    (checkpoints if is_checkpoint else autosave).save(session, state.step)
            if state.has_ended:
                break
        if not settings.train.steps:
            checkpoints.save(session, 0)
    timing.tell(settings.train)
    _publish(job, state)


def _observe(call: Call, state: State, observers: Sequence[Observer], timing: Timing) -> None:
    """Bring the state to the end of a call, and have the observers see both."""
    state.step, state.loss = call.step, float(call.recorded[-1, 0])
    state.points, state.values = [], {}
    for observer in observers:
        with timing.of(type(observer).__name__):
            observer.after(state, call)


def _build(job: TrainingJob) -> tuple[TrainedGraph, Callable[[Any], Iterator[Call]]]:
    """Build the graph, and return it with the loop that trains in a session."""
    settings, stops = job.settings, list_intervals(job.settings.train)
    if is_fed(settings):
        fed = build_fed_graph(job)
        begin_anew(job, fed)
        return fed, lambda session: run_fed_loop(fed, session, settings, job.split, stops)
    rows = create_rows(job)
    training = build_training_graph(job, rows)
    _tell_choices(job, training)
    return training, lambda session: run_loop(training, session, settings, rows, stops)


def _tell_choices(job: TrainingJob, training: TrainingGraph) -> None:
    """Log what `auto` chose, where it is not what the configuration reads like."""
    train, rows = job.settings.train, len(job.split.label)
    if train.batch_size == "auto" and choose_batch_size(train, rows) == rows:
        _log.info("train.batch_size=auto: a step takes all %s training rows", f"{rows:,}")
    if training.preconditioner.tensors:
        _log.info("optimizer.precondition: the gradient is preconditioned for correlated columns")


def list_intervals(settings: Train) -> tuple[int, ...]:
    """Return the numbers of steps after which something besides training is done."""
    intervals = settings.checkpoint_interval, *(kind.interval(settings) for kind in registered())
    return tuple(filter(None, intervals))


def _publish(job: TrainingJob, state: State) -> None:
    """Publish the best checkpoint, or all that are kept, the learning curve and the placement."""
    workspace, best = job.workspace, state.best_step
    with files.replacing(workspace.checkpoint) as folder:
        folder.mkdir()
        state.checkpoints.copy(folder, best=bool(best))
        arithmetic = Arithmetic.of(job.settings.device, job.device)
        trained = sidecar.describe(job.dataset, job.model, best or state.step, arithmetic)
        sidecar.write(hashes.sign(trained, folder), folder / sidecar.FILE)
    for source, out in ((job.history, workspace.history), (job.placement, workspace.placement)):
        files.write_text(out, source.read_text(encoding="utf-8"))
