"""Stage `train`: data/prepared becomes a checkpoint and the learning curve.

Training works in a folder of its own under `.resume/`, named by all that determines the result.
When it was killed, the same command finds that folder and goes on from its latest checkpoint.
"""

import shutil
from pathlib import Path

from pipeline import files, identity
from pipeline.artifacts import signature
from pipeline.artifacts.checkpoint import Checkpoints
from pipeline.data import prepared
from pipeline.graph import devices, training
from pipeline.history import History
from pipeline.reporting.progress import TrainingProgress
from pipeline.settings import Settings
from pipeline.stages import process
from pipeline.tracking.live import LiveCurve


def run(settings: Settings) -> None:
    """Train on the chosen device and publish checkpoint, learning curve and placement."""
    device, choice = devices.choose(settings.device)
    print(f"device: {choice}")
    devices.prepare_process(settings.device, device)
    name = identity.of_training(settings, device)[:16]
    # Two experiments may train the same at once; the second waits, and finds what a kill left.
    with process.alone(f"training {name}", files.root() / f".dvc/tmp/{name}.lock", wait=-1):
        work = files.root() / ".resume" / name
        work.mkdir(parents=True, exist_ok=True)
        _train_and_publish(settings, device, work)
        shutil.rmtree(work)


def _train_and_publish(settings: Settings, device: str, work: Path) -> None:
    dataset, rows = prepared.read_dataset(), prepared.read_split("train")
    history = History(work / files.HISTORY.name, settings.train.log_every, settings.train.steps)
    count, columns = rows.features.shape
    graph = training.build(settings, count, columns, dataset.scaling, device)
    checkpoints = Checkpoints(graph.graph, settings.train, work)
    with (
        devices.open_session(graph.graph, settings.device, device) as session,
        LiveCurve(settings) as live,
    ):
        step = checkpoints.restore(session)
        if step:
            print(f"going on from step {step:,}")
            if step == settings.train.steps:  # killed in its last save, maybe before the meta graph
                checkpoints.save(session, step)
        else:
            training.initialize(graph, session)
        live.add(history.rewind(step))
        training.load(graph, session, rows)
        with TrainingProgress(settings.train.steps, start=step) as progress:
            for call in training.loop(graph, session, settings, count):
                if call.partitions:
                    _publish_placement(devices.placement(call.partitions), device)
                live.add(history.extend(call.step, call.losses))
                progress.update(call.step, float(call.losses[-1]))
                if checkpoints.due(call.step):
                    history.save()
                    checkpoints.save(session, call.step)

    trained = signature.of(dataset, settings.model, settings.train.steps)
    with files.replacing(files.CHECKPOINT) as folder:
        folder.mkdir()
        checkpoints.copy(folder)
        signature.write(trained, folder / signature.FILE)
    files.write_text(files.HISTORY, (work / files.HISTORY.name).read_text(encoding="utf-8"))


def _publish_placement(placement: dict[str, dict[str, int]], device: str) -> None:
    """Say where operations ran, and refuse a training that does not run where it was to.

    Raises:
        DeviceError: variables or matrix products are elsewhere.
    """
    summary = ", ".join(f"{sum(counts.values())} on {place}" for place, counts in placement.items())
    print(f"operations placed: {summary}")
    devices.require_placement(placement, device)
    files.write_json(files.PLACEMENT, {"device": device, "operations": placement})
