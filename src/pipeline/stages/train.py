"""Stage `train`: data/prepared becomes a checkpoint and the learning curve.

A training has a folder of its own under `.resume/`, named by all that determines the result. When
it was killed, the same command finds that folder and goes on from its latest checkpoint.
"""

import logging
from typing import TYPE_CHECKING

from pipeline.graph import devices
from pipeline.reporting.live_curve import LiveCurve
from pipeline.reporting.progress import TrainingProgress
from pipeline.repository import known_digests, locks
from pipeline.training import checkpoints, diagnosis
from pipeline.training.fit import fit
from pipeline.training.job import read_job
from pipeline.training.loop import NotFiniteError
from pipeline.training.xla import decide_xla
from pipeline.workspace import Workspace, digests

if TYPE_CHECKING:
    from pipeline.schema.settings import Settings

_log = logging.getLogger(__name__)


def run(settings: "Settings", workspace: Workspace) -> None:
    """Train on the chosen device and publish checkpoint, learning curve and placement."""
    device, reason = devices.choose_device(settings.device)
    _log.info("device: %s", reason)
    devices.configure_process(settings.device, device)
    name = identity(settings, workspace, device)[:16]
    folder = workspace.resume / name
    # Two experiments may train the same at once; the second waits, and finds what a kill left.
    with locks.alone(f"training {name}", workspace.temporary / f"{name}.lock", wait=-1):
        folder.mkdir(parents=True, exist_ok=True)
        job, steps = decide_xla(read_job(settings, workspace, device, folder)), settings.train.steps
        try:
            with LiveCurve(settings, workspace) as curve, TrainingProgress(steps) as bar:
                fit(job, (lambda progress: curve.add(progress.points), bar.show))
        except NotFiniteError as error:
            raise diagnosis.explain(error, job) from None
        checkpoints.discard(folder)


def identity(settings: "Settings", workspace: Workspace, device: str) -> str:
    """Identify a training: its parameters, data, code, and the device that `auto` chose."""
    relevant = settings.model_dump(exclude={"tracking", "evaluation", "export"})
    data = known_digests.sha256(workspace.prepared, workspace)
    code = digests.code_sha256(workspace, ["train"])
    return digests.of_values(relevant, device, data, code, digests.versions())
