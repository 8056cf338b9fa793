"""Whether a graph of other code predicts the same twice; one with dropout left on is refused."""

import numpy as np

from pipeline.data.prepared.dataset import read_split
from pipeline.errors import ConfigError, listing
from pipeline.graph.adopted import read_inference
from pipeline.graph.inference import PREDICTION
from pipeline.schema.training.model import Graph
from pipeline.training.graph import TrainedGraph, feed
from pipeline.training.job import TrainingJob
from pipeline.training.observer import Observer, State, Turn, observer

ROWS = 32


@observer(Turn.CHECK)
class Repeatability(Observer):
    """Predicts twice before the first step, where the output needs random numbers."""

    def __init__(self, job: TrainingJob, _: TrainedGraph) -> None:
        model, self._prepared = job.settings.model, job.workspace.prepared
        self._random: tuple[str, ...] = ()
        if isinstance(model, Graph):
            self._random = read_inference(model, job.workspace).random

    def begin(self, state: State) -> None:
        """Refuse an output that differs, with a `ConfigError`."""
        if not self._random:
            return
        rows = feed(read_split("sample", self._prepared).select(slice(ROWS)))
        one, other = (state.session.run(f"{PREDICTION}:0", rows) for _ in range(2))
        if not np.array_equal(one, other, equal_nan=True):
            raise ConfigError(
                f"model.output draws random numbers (node {listing(self._random)}): the same rows"
                " give other predictions each time; feed it what switches this off, such as"
                " 'model.feeds={keep_prob: 1.0}', or name another output"
            )
