"""`train.xla=auto`: does the training end sooner when XLA compiles it?"""

import json
import logging
import time

import tensorflow as tf

from pipeline.errors import ConfigError
from pipeline.graph.devices import open_session
from pipeline.training.fed import is_fed
from pipeline.training.fit import list_intervals
from pipeline.training.graph import build_training_graph
from pipeline.training.job import TrainingJob
from pipeline.training.loop import NotFiniteError, run_loop
from pipeline.training.rows import create_rows
from pipeline.workspace import files

v1 = tf.compat.v1

_log = logging.getLogger(__name__)

# How long each way is measured, after its first call.
MEASURED_SECONDS = 0.5
# Compiling takes a second or more: it does not pay for shorter trainings.
SHORT_SECONDS = 2.0
# Compiled training must take at most this share of the time: measurements are noisy.
MARGIN = 0.9


def decide_xla(job: TrainingJob) -> TrainingJob:
    """Return the job with `train.xla=auto` decided, once for a training and its continuations."""
    if job.settings.train.xla != "auto":
        return job
    if is_fed(job.settings):
        return job.replace(xla=False)  # there is no loop in the graph
    file = job.folder / "xla.json"
    if not file.exists():
        compiled, reason = measure_xla(job)
        _log.info("train.xla=auto: %s", reason)
        files.write_json(file, compiled)
    return job.replace(xla=json.loads(file.read_text(encoding="utf-8")))


def measure_xla(job: TrainingJob) -> tuple[bool, str]:
    """Measure the plain loop and the compiled one; returns whether to compile, and why."""
    steps = job.settings.train.steps
    try:
        _, plain = _measure(job.replace(xla=False, profile=False))
        if plain * steps < SHORT_SECONDS:
            return False, f"no: the training takes {plain * steps:.1f} s without it"
        first, compiled = _measure(job.replace(xla=True, profile=False))
    except (NotFiniteError, ConfigError) as error:
        return False, f"no: it cannot be measured ({error})"
    is_sooner = first + compiled * steps < MARGIN * plain * steps
    return is_sooner, (
        f"{'yes' if is_sooner else 'no'}: {compiled * 1e3:.3g} ms a step after {first:.1f} s to"
        f" compile, against {plain * 1e3:.3g} ms"
    )


def _measure(job: TrainingJob) -> tuple[float, float]:
    """Return the seconds of the first call, which compiles, and those of a step after it."""
    settings, rows = job.settings, create_rows(job)
    training = build_training_graph(job, rows)
    with training.graph.as_default():
        initializer = v1.global_variables_initializer()
    stops = list_intervals(settings.train)
    with open_session(training.graph, settings.device, job.device) as session:
        session.run(initializer)
        steps, times = [0], [time.perf_counter()]
        for call in run_loop(training, session, settings, rows, stops):
            steps.append(call.step)
            times.append(time.perf_counter())
            if times[-1] - times[1] > MEASURED_SECONDS:
                break
    return times[1] - times[0], (times[-1] - times[-2]) / (steps[-1] - steps[-2])
