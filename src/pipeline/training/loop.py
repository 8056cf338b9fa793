"""The loop over calls: how many steps each call trains, and what it returns."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.client import timeline

from pipeline.errors import TrainingError
from pipeline.schema.training import TrainSettings
from pipeline.training.graph import TrainedGraph, TrainingGraph
from pipeline.training.rows import Rows
from pipeline.training.xla import explain_compilation

v1 = tf.compat.v1

# The intended duration of a call: short enough for live progress, long enough to cost nothing.
CALL_SECONDS = 0.25
MAX_STEPS = 1024
GROWTH = 4  # times as many steps in the next call, where it stays shorter than intended

WITH_PARTITIONS = v1.RunOptions(output_partition_graphs=True)
WITH_TIMES = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE)


@dataclass(frozen=True)
class Call:
    """What one call trained.

    Attributes:
        recorded: `[steps, columns] float32`, of the steps of this call; the last is that of `step`.
        partitions: the graphs that the session ran, one for each device; of the first call only.
        trace: one step in Chrome's format; of the second call only, with `train.profile`.
    """

    step: int
    recorded: np.ndarray
    partitions: tuple[Any, ...] = ()
    trace: str = ""


class NotFiniteError(TrainingError):
    """A loss or a variable is NaN or infinite: `what`, in words, after `step`.

    `recorded` is of the steps of a call up to that one, or None if all of them are finite.
    """

    def __init__(self, what: str, step: int, recorded: np.ndarray | None = None) -> None:
        self.what, self.step, self.recorded = what, step, recorded
        super().__init__(f"{what}; a smaller optimizer.learning_rate usually helps")


def require_finite(graph: TrainedGraph, session: Any, step: int) -> None:
    """Refuse to keep a network with NaN or infinity in it, with a `NotFiniteError`."""
    wrong = np.flatnonzero(~session.run(graph.finite))
    if len(wrong):
        name = graph.weights[wrong[0]]
        raise NotFiniteError(f"step {step:,} leaves NaN or infinity in {name}", step)


def run_loop(
    graph: TrainingGraph,
    session: Any,
    settings: TrainSettings,
    rows: Rows,
    stops: tuple[int, ...] = (),
    max_steps: int = MAX_STEPS,
) -> Iterator[Call]:
    """Train from the session's global step to `train.steps`.

    Args:
        rows: loaded here, and closed at the end.
        stops: no call crosses a multiple of one of these, so that the caller can act there.
        max_steps: maximum number of steps in a call; it changes no result.

    Raises:
        ConfigError: XLA cannot compile the step.
        NotFiniteError: the loss has become NaN or infinite.
    """
    steps, window = settings.train.steps, rows.window_steps
    stops = (*stops, window) if window else stops
    max_steps = min(max_steps, rows.max_steps or max_steps)
    # XLA compiles for a shape: all calls have the same.
    padded = min(max_steps, steps, *stops) if settings.train.xla is True else 0
    feeds = [*graph.rows.feeds, graph.steps]
    train = session.make_callable(graph.recorded, feed_list=feeds)
    # What the first calls also return.
    observed = iter((WITH_PARTITIONS, WITH_TIMES) if settings.train.profile else (WITH_PARTITIONS,))
    step, wanted = int(session.run(graph.global_step)), 1
    with closing(rows):
        rows.load(graph.rows, session)
        graph.preconditioner.load(session)
        while step < steps:
            options = next(observed, None)
            most = 1 if options is WITH_TIMES else wanted
            count = min(most, steps - step, *(stop - step % stop for stop in stops))
            fed = [*(_pad(array, padded) for array in rows.feeds(step, count)), count]
            metadata = v1.RunMetadata()
            started = time.perf_counter()
            if options is not None:
                feed = dict(zip(feeds, fed, strict=True))
                with explain_compilation(settings.train.xla is True):
                    recorded = session.run(graph.recorded, feed, options, metadata)
            else:
                recorded = train(*fed)
            wanted = _choose_steps(wanted, max_steps, time.perf_counter() - started)
            step += count
            yield describe_call(step, recorded[:count], options, metadata)


def _choose_steps(steps: int, most: int, seconds: float) -> int:
    """Return how many steps the next call trains, where so many took so long."""
    if seconds < CALL_SECONDS / GROWTH:
        return min(steps * GROWTH, most)
    return max(steps // 2, 1) if seconds > CALL_SECONDS else steps


def _pad(array: np.ndarray, length: int) -> np.ndarray:
    """Return at least `length` steps; what is added is not trained."""
    if len(array) >= length:
        return array
    padded = np.zeros((length, *array.shape[1:]), array.dtype)  # pages that nothing fills yet
    padded[: len(array)] = array
    return padded


def describe_call(step: int, recorded: np.ndarray, options: Any, metadata: Any) -> Call:
    """Return the call that ended with `step`; `metadata` is what its `options` asked for."""
    wrong = np.flatnonzero(~np.isfinite(recorded[:, 0]))
    if len(wrong):
        first = step - len(recorded) + int(wrong[0]) + 1
        what = f"the loss is {recorded[wrong[0], 0]} in step {first:,}"
        raise NotFiniteError(what, first, recorded[: wrong[0] + 1])
    if options is WITH_PARTITIONS:
        functions = (graph for each in metadata.function_graphs for graph in each.partition_graphs)
        return Call(step, recorded, (*metadata.partition_graphs, *functions))
    if options is WITH_TIMES:
        trace = timeline.Timeline(metadata.step_stats).generate_chrome_trace_format()
        return Call(step, recorded, trace=trace)
    return Call(step, recorded)
