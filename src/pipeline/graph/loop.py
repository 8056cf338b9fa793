"""The loop over calls: how many steps each runs, and what comes back."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.client import timeline

from pipeline.errors import TrainingError
from pipeline.graph.rows import Rows
from pipeline.graph.training import TrainingGraph
from pipeline.settings import Settings

v1 = tf.compat.v1

# A call is to take about this long: short enough for a live progress, long enough to cost nothing.
CALL_SECONDS = 0.25
MOST_STEPS_A_CALL = 1024

WITH_PARTITIONS = v1.RunOptions(output_partition_graphs=True)
WITH_TIMES = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE)


@dataclass(frozen=True)
class Progress:
    """What one call trained.

    Attributes:
        step: steps done so far.
        recorded: `[steps, columns] float32`, of the steps of this call; the last is that of `step`.
        partitions: the graphs that the session made, one for each device; of the first call alone.
        trace: of the second call, where `train.profile` asks for it: one step in Chrome's format.
    """

    step: int
    recorded: np.ndarray
    partitions: tuple[Any, ...] = ()
    trace: str = ""

    @property
    def losses(self) -> np.ndarray:
        """The losses, `[steps]`."""
        return self.recorded[:, 0]


class NotFiniteError(TrainingError):
    """A loss or a variable is NaN or infinite.

    Attributes:
        what: is so, in words.
        step: after which it was found.
        recorded: `[steps, columns]`, of the steps of a call up to that one; None where all of them
            are finite.
    """

    def __init__(self, what: str, step: int, recorded: np.ndarray | None = None) -> None:
        self.what, self.step, self.recorded = what, step, recorded
        super().__init__(f"{what}; a smaller optimizer.learning_rate usually helps")


def require_finite(training: TrainingGraph, session: Any, step: int) -> None:
    """Refuse to keep a network with NaN or infinity in it.

    Raises:
        NotFiniteError: naming the first such variable.
    """
    wrong = np.flatnonzero(~session.run(training.finite))
    if len(wrong):
        name = sorted(training.weights)[wrong[0]]
        raise NotFiniteError(f"step {step:,} leaves NaN or infinity in {name}", step)


def loop(
    training: TrainingGraph,
    session: Any,
    settings: Settings,
    rows: Rows,
    stops: tuple[int, ...] = (),
    most_steps_a_call: int = MOST_STEPS_A_CALL,
) -> Iterator[Progress]:
    """Train from the session's global step to `train.steps`.

    Args:
        session: with variables initialized or restored.
        rows: what is trained on; they are loaded here, and closed at the end.
        stops: a call never crosses a multiple of one of these, so that the caller can act there.
        most_steps_a_call: bounds the length of a call; it changes no result.

    Raises:
        NotFiniteError: the loss is no longer finite.
    """
    if rows.window_steps is not None:
        stops = (*stops, rows.window_steps)
    most_steps_a_call = min(most_steps_a_call, rows.most_steps or most_steps_a_call)
    feeds = [*training.rows.feeds, training.steps]
    train = session.make_callable(training.recorded, feed_list=feeds)
    # XLA compiles for a shape: all calls have the same.
    most = min(most_steps_a_call, settings.train.steps, *stops) if settings.train.xla else 0
    step = int(session.run(training.global_step))
    wanted, first, profile = 1, True, settings.train.profile
    with closing(rows):
        rows.load(training.rows, session)
        while step < settings.train.steps:
            boundaries = (step - step % stop + stop for stop in stops)
            count = min(wanted, *(end - step for end in (*boundaries, settings.train.steps)))
            if profile and not first:
                count = 1
            fed = [*(_padded(array, most) for array in rows.feeds(step, count)), count]
            started = time.perf_counter()
            partitions, trace = (), ""
            if first:
                recorded, metadata = _observed(training, session, feeds, fed, WITH_PARTITIONS)
                partitions = _partitions(metadata)
            elif profile:
                profile = False
                recorded, metadata = _observed(training, session, feeds, fed, WITH_TIMES)
                trace = timeline.Timeline(metadata.step_stats).generate_chrome_trace_format()
            else:
                recorded = train(*fed)
            recorded = recorded[:count]
            if time.perf_counter() - started < CALL_SECONDS:
                wanted = min(wanted * 2, most_steps_a_call)
            else:
                wanted = max(wanted // 2, 1)
            _require_finite_losses(recorded, step)
            step += count
            first = False
            yield Progress(step, recorded, partitions, trace)


def _padded(array: np.ndarray, most: int) -> np.ndarray:
    """Return `[most, …]`, or more; what is added is not trained."""
    added = max(most - len(array), 0)
    return np.pad(array, ((0, added), *[(0, 0)] * (array.ndim - 1))) if added else array


def _observed(
    training: TrainingGraph, session: Any, feeds: list[Any], fed: list[Any], options: Any
) -> tuple[np.ndarray, Any]:
    """Train as any call does, and return also what the session tells of it."""
    metadata, feed = v1.RunMetadata(), dict(zip(feeds, fed, strict=True))
    return session.run(training.recorded, feed, options, metadata), metadata


def _partitions(metadata: Any) -> tuple[Any, ...]:
    functions = (graph for made in metadata.function_graphs for graph in made.partition_graphs)
    return (*metadata.partition_graphs, *functions)


def _require_finite_losses(recorded: np.ndarray, before: int) -> None:
    wrong = np.flatnonzero(~np.isfinite(recorded[:, 0]))
    if len(wrong):
        step = before + int(wrong[0]) + 1
        what = f"the loss is {recorded[wrong[0], 0]} in step {step:,}"
        raise NotFiniteError(what, step, recorded[: wrong[0] + 1])
