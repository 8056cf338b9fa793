"""A Chrome trace of one training step."""

import logging

from pipeline.schema.training.train import Train
from pipeline.training.graph import TrainedGraph
from pipeline.training.job import TrainingJob
from pipeline.training.loop import Call
from pipeline.training.observer import Observer, State, Turn, observer
from pipeline.workspace import files

_log = logging.getLogger(__name__)


@observer(Turn.SHOW)
class Profile(Observer):
    """Writes the trace that the loop takes with `train.profile`."""

    def __init__(self, job: TrainingJob, _: TrainedGraph) -> None:
        self._file = job.workspace.trace

    @staticmethod
    def is_needed(settings: Train) -> bool:
        """Tell whether `train.profile` is set."""
        return settings.profile

    def after(self, state: State, call: Call) -> None:
        """Write the trace of the call, if it has one."""
        if call.trace:
            files.write_text(self._file, call.trace)
            _log.info("%s: one step, for https://ui.perfetto.dev", self._file.name)
