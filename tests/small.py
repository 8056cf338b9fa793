"""Small examples of each task, and a training of them in a real session."""

from pathlib import Path

import numpy as np

from pipeline.data.examples import NO_TEXT, Examples, TextCells
from pipeline.data.fitting import fit_encoding
from pipeline.data.prepared.dataset import Dataset, EncodedRows, Split
from pipeline.graph import devices, tf
from pipeline.schema.settings import Settings
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.graph import build_training_graph
from pipeline.training.initialization import Initialization
from pipeline.training.job import TrainingJob, decide_penalty, specify_inference
from pipeline.training.loop import run_loop
from pipeline.training.rows import create_rows
from pipeline.workspace import Workspace


def examples(
    rows: int = 64,
    shape: tuple[int, ...] = (3,),
    task: str = "regression",
    scaling: str = "standard",
    text: TextCells = NO_TEXT,
) -> tuple[Dataset, Split]:
    """Return a data set and its raw training rows."""
    generator = np.random.default_rng(5)
    features = generator.normal(3, 2, (rows, int(np.prod(shape))))
    score = features.sum(1, keepdims=True)
    if task == "regression":
        label = score * 7 + 100 + generator.normal(0, 0.5, score.shape)
    elif task == "minimization":
        features, label = np.zeros((1, 1)), np.zeros((1, 1))
    else:
        label = (score > np.median(score)) + (score > np.quantile(score, 0.8)) * (
            task == "classification"
        )
    return prepare(features, label, task, shape, scaling, text)


def prepare(
    features: np.ndarray,
    label: np.ndarray,
    task: str = "regression",
    shape: tuple[int, ...] = (),
    scaling: str = "standard",
    text: TextCells = NO_TEXT,
) -> tuple[Dataset, Split]:
    """Return a data set of arrays, and all of their rows, raw."""
    names = tuple(f"f{i}" for i in range(features.shape[1]))
    classes = ("low", "middle", "high") if task == "classification" else ()
    made = Examples(features, label, names, "y", task, classes, shape or (len(names),), text=text)
    every = np.arange(len(label))
    made, encoding, _ = fit_encoding(made, every, scaling, "the examples")
    dataset = Dataset(
        source="csv",
        task=task,
        features=made.feature_names,
        text=made.text.names,
        shape=made.shape,
        targets=made.targets,
        classes=classes,
        index_name="row",
        today=None,
        horizon=0,
        encoding=encoding,
        source_sha256="",
    )
    label = label.astype(made.dtype if made.kind.scales_label else "float32")
    return dataset, Split(features.astype(made.dtype), label, every, made.text_of(slice(None)))


def job_of(
    settings: Settings, folder: Path, given: tuple[Dataset, Split | EncodedRows] | None = None
) -> TrainingJob:
    """Return the job of small examples, in the current folder as its workspace."""
    dataset, rows = given or examples()
    device, _ = devices.choose_device(settings.device)
    model = specify_inference(settings, dataset)
    encoded = rows if isinstance(rows, EncodedRows) else rows.encode(dataset.encoding)
    settings = decide_penalty(settings, dataset, len(encoded.label))
    return TrainingJob(settings, Workspace.here(), device, folder, dataset, encoded, model)


def train(
    home: Path,
    settings: Settings,
    stop: int | None = None,
    folder: Path | None = None,
    call: int = 1024,
    given: tuple[Dataset, Split | EncodedRows] | None = None,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Train to `train.steps`, or until `stop`, with checkpoints; returns records and variables.

    Args:
        home: where a folder for the checkpoints is made, if `folder` is not given.
        call: most steps a call.
    """
    folder = folder or home / f"run-{len(list(home.iterdir()))}"
    folder.mkdir(exist_ok=True)
    job = job_of(settings, folder, given)
    source = create_rows(job)
    graph = build_training_graph(job, source)
    initialization = Initialization(job, graph)
    with graph.graph.as_default():
        variables = tf.compat.v1.global_variables()
    checkpoints = Checkpoints(graph.graph, settings.train, folder)
    stops = (settings.train.checkpoint_interval,)
    recorded = [np.empty((0, len(graph.columns)), np.float32)]
    with devices.open_session(graph.graph, settings.device, job.device) as session:
        if not checkpoints.restore(session):
            initialization.run(session)
        for done in run_loop(graph, session, settings, source, stops, call):
            recorded.append(done.recorded)
            if checkpoints.is_due(done.step):
                checkpoints.save(session, done.step)
            if stop is not None and done.step >= stop:
                break
        values = {v.op.name: session.run(v) for v in variables}
    return np.concatenate(recorded).squeeze(), values
