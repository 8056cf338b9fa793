"""Calls of the pipeline's models and stages, so that a change of their interface ends here."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import config
from pipeline.data.prepared.dataset import FEATURES
from pipeline.repository import environment
from pipeline.workspace import Workspace

# As the stages do, before TensorFlow is imported.
environment.configure()

# From raw features, `[rows, features]`, to predictions, `[rows, outputs]`.
Predict = Callable[[np.ndarray], np.ndarray]


def open_predict(root: Path, model: str) -> Predict:
    """Open a model as `pipeline predict` opens it.

    Args:
        root: the repository that the model was made in.
        model: path of the model in the repository, such as `artifacts/frozen`.
    """
    from pipeline.models.run.registry import open_model

    return _predict_features(open_model(root / model, Workspace(root)))


def open_eager_predict(root: Path, checkpoint: str = "artifacts/checkpoint") -> Predict:
    """Open the reference of the parity gate: a checkpoint in eager execution."""
    from pipeline.models.run.form import Runtime
    from pipeline.models.run.registry import REFERENCE

    return _predict_features(REFERENCE.open(root / checkpoint, Runtime(Workspace(root))))


def read_variables(root: Path) -> dict[str, np.ndarray]:
    """Return the trained values of the network's variables, by name."""
    from pipeline.models.forms import checkpoint

    values = checkpoint.read_variables(Workspace(root).checkpoint)
    return {name.removeprefix("network/"): value for name, value in values.items()}


def save_mlflow_model(root: Path, folder: Path) -> None:
    """Save the MLflow model that the stage `track` logs."""
    import mlflow

    from pipeline.tracking import mlflow_model

    mlflow.pyfunc.save_model(folder, **mlflow_model.describe(Workspace(root)))


def open_stage(root: Path, name: str) -> Callable[[], None]:
    """Return a function that runs a stage in this process; its imports are already done."""
    import importlib

    stage, workspace = importlib.import_module(f"pipeline.stages.{name}"), Workspace(root)
    settings = config.load(workspace)
    return lambda: stage.run(settings, workspace)


def open_bare_loop(root: Path) -> Callable[[], Iterator[Any]]:
    """Return a function that trains the prepared job of a repository and yields after each call."""
    from pipeline.graph import devices
    from pipeline.training.graph import build_training_graph
    from pipeline.training.initialization import Initialization
    from pipeline.training.job import read_job
    from pipeline.training.loop import run_loop
    from pipeline.training.rows import create_rows
    from pipeline.training.xla import decide_xla

    workspace = Workspace(root)
    settings = config.load(workspace)
    device, _ = devices.choose_device(settings.device)
    devices.configure_process(settings.device, device)
    folder = workspace.resume / "bare"
    folder.mkdir(parents=True, exist_ok=True)
    job = decide_xla(read_job(settings, workspace, device, folder))
    rows = create_rows(job)
    training = build_training_graph(job, rows)
    initialization = Initialization(job, training)

    def loop() -> Iterator[Any]:
        with devices.open_session(training.graph, job.settings.device, device) as session:
            initialization.run(session)
            yield from run_loop(training, session, job.settings, rows)

    return loop


def _predict_features(runner: Any) -> Predict:
    from pipeline.models.run.form import predict_in_pieces

    return lambda features: predict_in_pieces(runner, {FEATURES: features})
