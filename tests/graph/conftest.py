"""A small regression, trained in a real session."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.checkpoint import Checkpoints
from pipeline.data.prepared import Split
from pipeline.data.scaling import Scaling, fit
from pipeline.graph import devices, training
from pipeline.settings import Settings


def examples(rows: int = 64, columns: int = 3) -> tuple[Split, Scaling]:
    generator = np.random.default_rng(5)
    features = generator.normal(3, 2, (rows, columns)).astype(np.float32)
    label = (features.sum(1, keepdims=True) * 7 + 100).astype(np.float32)
    label += generator.normal(0, 0.5, label.shape).astype(np.float32)
    names = [f"f{i}" for i in range(columns)] + ["y"]
    return Split(features, label, np.arange(rows)), fit(features, label, "standard", names)


Train = Callable[..., tuple[np.ndarray, dict[str, np.ndarray]]]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Train to `train.steps`, or until `stop`, with checkpoints; returns losses and variables."""

    def run(
        settings: Settings, stop: int | None = None, folder: Path | None = None, call: int = 1024
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        folder = folder or tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
        folder.mkdir(exist_ok=True)
        rows, scaling = examples()
        device, _ = devices.choose(settings.device)
        graph = training.build(settings, *rows.features.shape, scaling, device)
        with graph.graph.as_default():
            variables = training.v1.global_variables()
        checkpoints = Checkpoints(graph.graph, settings.train, folder)
        losses = []
        with devices.open_session(graph.graph, settings.device, device) as session:
            if not checkpoints.restore(session):
                training.initialize(graph, session)
            training.load(graph, session, rows)
            for done in training.loop(graph, session, settings, len(rows.label), call):
                losses.append(done.losses)
                if checkpoints.due(done.step):
                    checkpoints.save(session, done.step)
                if stop is not None and done.step >= stop:
                    break
            values = {v.op.name: session.run(v) for v in variables}
        return np.concatenate(losses), values

    return run
