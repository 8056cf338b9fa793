"""States of a running training, from which a killed one goes on.

Checkpoints are at steps that the parameters determine, maybe an hour apart. A state is saved by the
clock: it is fetched between two calls, and a thread writes it in the format of a checkpoint.
"""

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.errors import PipelineError
from pipeline.graph.devices import plain_session, writing

v1 = tf.compat.v1

_log = logging.getLogger(__name__)

# Seconds before the first state; they double until they are at the most. A young training is saved
# soon, and a long one seldom.
FIRST_SECONDS, MOST_SECONDS = 1.0, 30.0
# A training waits for at least so many times what fetching a state takes.
LEAST_WAIT = 100

FOLDER, PREFIX = "autosave", "model.ckpt"


class Autosave(AbstractContextManager[Any]):
    """Saves all variables of a graph, one state at a time; the one before is then removed."""

    def __init__(self, graph: tf.Graph, folder: Path) -> None:
        self._folder = folder / FOLDER
        with graph.as_default():
            self._variables = {variable.op.name: variable for variable in v1.global_variables()}
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._writer: _Writer | None = None
        self._writing: Future[None] | None = None
        self._wait = FIRST_SECONDS
        self._next = time.monotonic() + self._wait

    def is_due(self) -> bool:
        """Tell whether it is time for a state, and the one before is written."""
        is_free = self._writing is None or self._writing.done()
        return is_free and time.monotonic() >= self._next

    def save(self, session: Any, step: int) -> None:
        """Fetch the variables, and return while a thread writes them."""
        begun = time.monotonic()
        values = session.run(self._variables)
        now = time.monotonic()
        self._wait = max(min(2 * self._wait, MOST_SECONDS), LEAST_WAIT * (now - begun))
        self._next = now + self._wait
        self._writing = self._thread.submit(self._write, values, step)

    def _write(self, values: dict[str, Any], step: int) -> None:
        self._writer = self._writer or _Writer(values)
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"{PREFIX}-{step}"
        try:
            with writing(path):
                self._writer.write(values, path)
        except PipelineError as error:
            _log.warning("%s\na killed training goes on from the state before", error)
            return
        for file in self._folder.iterdir():
            if not file.name.startswith(f"{path.name}."):
                file.unlink()

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()


class _Writer:
    """Writes values in the format of a checkpoint, in a graph and a session of its own."""

    def __init__(self, values: dict[str, Any]) -> None:
        with tf.Graph().as_default() as graph:
            self._path = v1.placeholder(tf.string, [])
            self._feeds = {name: v1.placeholder(value.dtype) for name, value in values.items()}
            names, tensors = list(self._feeds), list(self._feeds.values())
            self._save = tf.raw_ops.SaveV2(
                prefix=self._path,
                tensor_names=names,
                shape_and_slices=[""] * len(names),
                tensors=tensors,
            )
        self._session = plain_session(graph)

    def write(self, values: dict[str, Any], path: Path) -> None:
        feeds = {self._feeds[name]: value for name, value in values.items()}
        self._session.run(self._save, feeds | {self._path: str(path)})


def find(folder: Path) -> list[str]:
    """Return the prefixes of complete states of the training in a folder."""
    return [str(file.with_suffix("")) for file in (folder / FOLDER).glob(f"{PREFIX}-*.index")]
