"""Trainings by the pipeline itself, through its own functions."""

from collections.abc import Sequence

import numpy as np

from benchmarks.workload import Job
from pipeline import composition, memory
from pipeline.data.prepared import Split
from pipeline.data.scaling import Scaling
from pipeline.graph import devices, rows, start, training
from pipeline.graph.inference import Model
from pipeline.graph.loop import loop

# Rows of which the final loss is taken.
JUDGED = 10_000


def training_job(
    overrides: Sequence[str],
    data: tuple[np.ndarray, np.ndarray],
    shape: tuple[int, ...],
    steps: int,
    classes: int = 0,
    repeats: int = 3,
) -> Job:
    """Build the training graph; the job is the loop, from the first step.

    The first pass, which is the warm-up, also puts the rows on the device.

    Args:
        overrides: of conf/.
        data: `[rows, features] float32` and the label, `[rows, 1] float32`.
        shape: of an example.
        classes: 0 for a regression.
    """
    memory.keep_freed()
    features, label = data
    settings, _ = composition.composed([*overrides, "device=cpu", f"train.steps={steps}"])
    task, head = ("classification", "softmax") if classes else ("regression", "values")
    model = Model(settings.model, unscaled(features.shape[1]), shape, classes or 1, head)
    held = rows.of(settings, Split(features, label, np.arange(len(label))), model.scaling)
    graph = training.build(settings, model, task, held, "/device:CPU:0")
    plan = start.plan(graph.graph, graph.weights, settings.train.start)
    session = devices.open_session(graph.graph, settings.device, "/device:CPU:0")

    def work() -> None:
        plan.run(session)
        for _ in loop(graph, session, settings, held):
            pass

    judged = Split(features[:JUDGED], label[:JUDGED], np.arange(JUDGED))
    return Job(work, steps, lambda: training.fed_loss(session, judged), repeats)


def unscaled(columns: int) -> Scaling:
    """Return the scaling that changes nothing."""
    return Scaling((0.0,) * columns, (1.0,) * columns, 0.0, 1.0)
