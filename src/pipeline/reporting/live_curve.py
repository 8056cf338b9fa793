"""The loss curve in MLflow while a training runs, without slowing it down.

Points are buffered and sent by a thread, which imports MLflow only when a training has taken longer
than `tracking.live_after`. A store that cannot be reached costs a warning: the stage `track` sends
what is missing when the training has ended.
"""

import logging
import os
import sys
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Self

from pipeline.errors import PipelineError
from pipeline.models.learning_curve import VALIDATION_LOSS, Point, spread
from pipeline.schema.settings import Settings
from pipeline.tracking.execution import Execution
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from mlflow import MlflowClient

_log = logging.getLogger(__name__)

# Maximum time that a training waits at its end for a pending request.
LAST_REQUEST_SECONDS = 10

NICENESS = 10


class LiveCurve:
    """Sends points of a training, in their order: about 1,000, however many it keeps."""

    def __init__(self, settings: Settings, workspace: Workspace) -> None:
        self._settings, self._workspace = settings, workspace
        self._points: list[Point] = []
        self._steps = frozenset(spread(settings.train.steps).tolist())
        self._failed = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send_until_ended, daemon=True)

    def add(self, points: Sequence[Point]) -> None:
        """Add points, later than those added before."""
        self._points += [p for p in points if p[0] in self._steps or VALIDATION_LOSS in p[1]]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._failed = kind is not None
        self._ended.set()
        self._thread.join(LAST_REQUEST_SECONDS)

    def _send_until_ended(self) -> None:
        if self._ended.wait(self._settings.tracking.live_after):
            return
        _yield_processor()
        from pipeline.tracking import store  # two seconds of imports, for long trainings only

        if self._ended.is_set():  # while importing; the stage `track` sends all points
            return
        try:
            with store.reachable(self._workspace):
                name = self._settings.tracking.experiment
                client, experiment = store.connect(name, self._workspace)
                execution = Execution.current(self._settings, self._workspace)
                run = store.find_or_create_run(client, experiment, execution)
                if not store.is_complete(run):
                    self._send(store, client, run.info.run_id)
        except PipelineError as problem:
            _log.warning("the live curve ends here: %s", problem)

    def _send(self, store: ModuleType, client: "MlflowClient", run: str) -> None:
        client.update_run(run, "RUNNING")
        last = max(store.list_steps(client, run), default=0)
        while not self._ended.wait(self._settings.tracking.flush_every):
            count = len(self._points)
            store.send_curve(client, run, [p for p in self._points[:count] if p[0] > last])
            del self._points[:count]
        if self._failed:
            client.update_run(run, "FAILED")


def _yield_processor() -> None:
    """Let the training go first: the imports alone would take a core for two seconds."""
    if sys.platform == "linux":  # where priorities are those of threads
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
