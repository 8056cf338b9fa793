"""Stage `train`: data/prepared becomes a checkpoint and the learning curve.

Training works in a folder of its own under `.resume/`, named by all that determines the result.
When it was killed, the same command finds that folder and goes on from its latest checkpoint.
"""

import json
import math
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import files, identity
from pipeline.artifacts import hashes, signature
from pipeline.artifacts.checkpoint import Checkpoints
from pipeline.data import prepared
from pipeline.data.prepared import Dataset, Split
from pipeline.errors import ConfigError
from pipeline.graph import compilation, devices, start, training
from pipeline.graph import rows as training_rows
from pipeline.graph.loop import NotFiniteError, loop, require_finite
from pipeline.graph.summaries import Summaries
from pipeline.graph.training import TrainingGraph
from pipeline.history import VALIDATION_LOSS, History
from pipeline.reporting.progress import TrainingProgress
from pipeline.settings import Settings
from pipeline.stages import diagnosis, process
from pipeline.tracking.live import LiveCurve
from pipeline.validation import Best


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
        settings = _with_xla_decided(settings, device, work)
        try:
            _train_and_publish(settings, device, work)
        except NotFiniteError as error:
            raise diagnosis.explained(error, settings, device, work, _begin) from None
        shutil.rmtree(work)


def _with_xla_decided(settings: Settings, device: str, work: Path) -> Settings:
    """Decide `train.xla=auto`, once for a training and all that go on with it."""
    if settings.train.xla != "auto":
        return settings
    decided = work / "xla.json"
    if not decided.exists():
        dataset, split = prepared.read_dataset(), training_rows.read(settings)
        model = training.model_of(settings, dataset)
        rows = training_rows.of(settings, split, dataset.scaling)
        compiled, why = compilation.choose(
            settings, model, dataset.task, rows, device, _stops(settings)
        )
        print(f"train.xla=auto: {why}")
        files.write_json(decided, compiled)
    return compilation.with_xla(settings, json.loads(decided.read_text(encoding="utf-8")))


def _train_and_publish(settings: Settings, device: str, work: Path) -> None:
    dataset, split = prepared.read_dataset(), training_rows.read(settings)
    model = training.model_of(settings, dataset)
    rows = training_rows.of(settings, split, dataset.scaling)
    graph = training.build(settings, model, dataset.task, rows, device)
    name = work.name[:7]
    summaries = _summaries(settings, graph, dataset, split, name)
    plan = start.plan(graph.graph, graph.weights, settings.train.start)
    checkpoints = Checkpoints(graph.graph, settings.train, work)
    validation = _validation_rows(settings)
    best = Best(settings.train.validation)
    columns = (*graph.columns, *([VALIDATION_LOSS] if validation else []))
    history = History(
        work / files.HISTORY.name, columns, settings.train.log_every, settings.train.steps
    )
    with (
        devices.enough_memory(),
        devices.open_session(graph.graph, settings.device, device) as session,
        LiveCurve(settings) as live,
        summaries or nullcontext(),
    ):
        step = checkpoints.restore(session)
        if step:
            print(f"going on from step {step:,}")
            if step == settings.train.steps:  # killed in its last save, maybe before the meta graph
                checkpoints.save(session, step)
        else:
            step = _begin(plan, graph, session, settings)
        points = history.rewind(step)
        best.replay(points)
        live.add(points)
        if summaries:
            summaries.begin(step)
        calls = iter(()) if best.ended else loop(graph, session, settings, rows, _stops(settings))
        with TrainingProgress(settings.train.steps, start=step) as progress:
            for call in calls:
                step = call.step
                if call.partitions:
                    _keep_placement(call.partitions, settings, device, work / files.PLACEMENT.name)
                found = {}
                if validation and _due(settings, step):
                    loss = training.fed_loss(session, validation)
                    if not math.isfinite(loss):
                        what = f"the loss on the validation rows is {loss} after step {step:,}"
                        raise NotFiniteError(what, step)
                    found[VALIDATION_LOSS] = np.float32(loss)
                    if best.add(step, loss):
                        require_finite(graph, session, step)
                        checkpoints.save_best(session, step)
                points = history.extend(step, call.recorded, found)
                live.add(points)
                if summaries:
                    summaries.add(points)
                    summaries.draw(session, step, step == settings.train.steps or best.ended)
                if call.trace:
                    files.write_text(files.root() / files.TRACE, call.trace)
                    print(f"{files.TRACE}: one step, for https://ui.perfetto.dev")
                progress.update(step, float(call.losses[-1]))
                if checkpoints.due(step) or best.ended:
                    require_finite(graph, session, step)
                    history.save()
                    if summaries:
                        summaries.save()
                    checkpoints.save(session, step)
                if best.ended:
                    print(f"step {step:,}: no better validation since step {best.step:,}; the end")
                    break

    with files.replacing(files.CHECKPOINT) as folder:
        folder.mkdir()
        checkpoints.copy(folder, best=validation is not None)
        trained = signature.of(dataset, model, best.step or step)
        signature.write(hashes.signed(trained, folder), folder / signature.FILE)
    for out in (files.HISTORY, files.PLACEMENT):
        files.write_text(out, (work / out.name).read_text(encoding="utf-8"))


def _summaries(
    settings: Settings, graph: TrainingGraph, dataset: Dataset, rows: Split, name: str
) -> Summaries | None:
    if not settings.train.tensorboard:
        return None
    run = f"{settings.model.name}-{settings.optimizer.name}-{name}"
    folder = files.root() / files.TENSORBOARD / run
    print(f"{files.TENSORBOARD / run}: event files; `make tensorboard` shows them")
    return Summaries(graph, dataset, rows, folder, settings.train.tensorboard_every)


def _stops(settings: Settings) -> tuple[int, ...]:
    """Return after how many steps each something is to be done besides training."""
    train = settings.train
    drawn_every = train.tensorboard_every if train.tensorboard else None
    every = train.checkpoint_every, train.validation.every, drawn_every
    return tuple(steps for steps in every if steps is not None)


def _validation_rows(settings: Settings) -> Split | None:
    """Return the validation rows, if training looks at them.

    Raises:
        ConfigError: it is to, and there are none.
    """
    if settings.train.validation.every is None:
        return None
    rows = prepared.read_split("validation", mapped=settings.train.stream)
    if not len(rows.label):
        raise ConfigError(
            "train.validation.every asks for validation, and data.validation_share keeps no rows;"
            " give data.validation_share=0.1, or train.validation.every=null"
        )
    return rows


def _due(settings: Settings, step: int) -> bool:
    """Tell whether to validate after a step: every so often, and after the last."""
    every = settings.train.validation.every
    return every is not None and (step % every == 0 or step == settings.train.steps)


def _begin(plan: start.Plan, graph: TrainingGraph, session: Any, settings: Settings) -> int:
    """Give the variables their first values; returns the step, which a checkpoint may bring.

    Raises:
        ConfigError: that step is not before the last.
    """
    plan.run(session)
    if settings.train.start.checkpoint is None:
        return 0
    print(f"where variables begin:\n{plan}")
    step = int(session.run(graph.global_step))
    if step >= settings.train.steps:
        raise ConfigError(
            f"train.start.checkpoint is of step {step}, and train.steps={settings.train.steps};"
            " give more steps, or train.start.take=weights"
        )
    return step


def _keep_placement(
    partitions: tuple[Any, ...], settings: Settings, device: str, file: Path
) -> None:
    """Say where operations ran, and refuse a training that does not run where it was to.

    Raises:
        DeviceError: variables or matrix products are elsewhere.
    """
    placement = devices.placement(partitions)
    summary = ", ".join(f"{sum(counts.values())} on {place}" for place, counts in placement.items())
    print(f"operations placed: {summary}")
    devices.require_placement(placement, device, set(settings.device.placement.values()))
    compiled = settings.train.xla
    files.write_json(file, {"device": device, "xla": compiled, "operations": placement})
