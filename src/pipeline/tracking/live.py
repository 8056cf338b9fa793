"""The loss curve in MLflow while a training runs, without slowing it down.

Points are buffered and sent by a thread of their own, which imports MLflow only when a training
has taken longer than `tracking.live_after`. A store that is away costs a warning: the stage
`track` sends what is missing when the training is done.
"""

import sys
import threading
from collections.abc import Sequence
from types import ModuleType, TracebackType
from typing import Any, Self

from pipeline.errors import PipelineError
from pipeline.history import Point
from pipeline.settings import Settings
from pipeline.tracking.execution import Execution

# An ending training waits for a request under way this long at most.
LAST_REQUEST_SECONDS = 10


class LiveCurve:
    """Sends the points that are added, in order, until the block ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._points: list[Point] = []
        self._failed = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send_until_ended, daemon=True)

    def add(self, points: Sequence[Point]) -> None:
        """Add points, later than those added before."""
        self._points.extend(points)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._failed = kind is not None
        self._ended.set()
        self._thread.join(LAST_REQUEST_SECONDS)

    def _send_until_ended(self) -> None:
        if self._ended.wait(self._settings.tracking.live_after):
            return
        from pipeline.tracking import store  # two seconds of imports, for long trainings only

        if self._ended.is_set():  # meanwhile; the stage `track` sends all
            return
        try:
            with store.reachable():
                client, experiment = store.connect(self._settings.tracking.experiment)
                execution = Execution.current(self._settings)
                run = store.find_or_create_run(client, experiment, execution)
                if not store.is_complete(run):
                    self._send(store, client, run.info.run_id)
        except PipelineError as problem:
            print(f"warning: the live curve ends here: {problem}", file=sys.stderr)

    def _send(self, store: ModuleType, client: Any, run: str) -> None:
        client.update_run(run, "RUNNING")
        last = store.last_step(client, run)
        while not self._ended.wait(self._settings.tracking.flush_every):
            count = len(self._points)
            store.send_curve(client, run, [p for p in self._points[:count] if p[0] > last])
            del self._points[:count]
        if self._failed:
            client.update_run(run, "FAILED")
