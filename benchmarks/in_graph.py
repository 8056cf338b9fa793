"""Trainings by the pipeline itself, with the loop in the graph."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

import benchmarks.pipeline_calls  # noqa: F401 - configures the process before TensorFlow's import
from benchmarks.workload import LOSS_ROWS, Job
from pipeline.config import composing
from pipeline.data.prepared.dataset import Dataset, Split
from pipeline.data.prepared.encoding import Encoding
from pipeline.data.prepared.scaling import Scaling
from pipeline.graph import devices
from pipeline.training.graph import build_training_graph, compute_loss
from pipeline.training.initialization import Initialization
from pipeline.training.job import TrainingJob, specify_inference
from pipeline.training.loop import run_loop
from pipeline.training.rows import create_rows
from pipeline.training.xla import decide_xla
from pipeline.workspace import Workspace


def configure(*overrides: str) -> str:
    """Configure this process as that of a stage, with deterministic operations.

    Returns the device in words.
    """
    settings, _ = composing.compose(Workspace.here(), overrides)
    device, words = devices.choose_device(settings.device)
    devices.configure_process(settings.device, device)
    return words


def training_job(
    overrides: Sequence[str],
    data: tuple[np.ndarray, np.ndarray],
    shape: tuple[int, ...],
    steps: int,
    classes: int = 0,
    repeats: int = 3,
) -> Job:
    """Build the training graph; the job is the loop, from the first step.

    The warm-up also copies the rows to the device.

    Args:
        overrides: of conf/.
        data: features, `[rows, features] float32`, and label, `[rows, 1] float32`.
        shape: shape of an example.
        steps: number of training steps.
        classes: number of classes; 0 for a regression.
        repeats: number of timed repetitions.
    """
    job, split = describe_job(overrides, data, shape, steps, classes)
    job = decide_xla(job)
    rows = create_rows(job)
    graph = build_training_graph(job, rows)
    initialization = Initialization(job, graph)
    session = devices.open_session(graph.graph, job.settings.device, job.device)

    def train() -> None:
        initialization.run(session)
        for _ in run_loop(graph, session, job.settings, rows):
            pass

    sample = split.select(slice(LOSS_ROWS))
    return Job(train, steps, lambda: compute_loss(session, sample), repeats)


def describe_job(
    overrides: Sequence[str],
    data: tuple[np.ndarray, np.ndarray],
    shape: tuple[int, ...],
    steps: int,
    classes: int = 0,
) -> tuple[TrainingJob, Split]:
    """Return a training as conf/ and the overrides have it, by default on the CPU, and its rows."""
    workspace, split = Workspace.here(), _split(data, shape, classes)
    device = () if any(word.startswith("device=") for word in overrides) else ("device=cpu",)
    settings, _ = composing.compose(workspace, [*overrides, *device, f"train.steps={steps}"])
    dataset = _describe(split, shape, classes)
    model, encoded = specify_inference(settings, dataset), split.encode(dataset.encoding)
    name, _ = devices.choose_device(settings.device)
    job = TrainingJob(settings, workspace, name, Path(), dataset, encoded, model)
    return job, split


def _split(data: tuple[np.ndarray, np.ndarray], shape: tuple[int, ...], classes: int) -> Split:
    dtype = "float64" if len(shape) < 2 else "float32"
    features, label = data[0].astype(dtype), data[1].astype("float32" if classes else dtype)
    return Split(features, label, np.arange(len(label)), np.empty((len(label), 0), object))


def _describe(split: Split, shape: tuple[int, ...], classes: int) -> Dataset:
    columns = split.features.shape[1]
    scaling = Scaling((0.0,) * columns, (1.0,) * columns, (0.0,), (1.0,))
    return Dataset(
        source="synthetic",
        task="classification" if classes else "regression",
        features=tuple(f"f{column}" for column in range(columns)),
        text=(),
        shape=shape,
        targets=("y",),
        classes=tuple(map(str, range(classes))),
        index_name="row",
        today=None,
        horizon=0,
        encoding=Encoding(scaling, dtype=split.features.dtype.name),
        source_sha256="",
    )
