"""The forms of a model and how each is restored."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import config_pb2

from pipeline.artifacts import assets, checkpoint, frozen, hashes, saved_model, signature
from pipeline.artifacts.saved_model import SERVE, SERVING_DEFAULT, TRAIN
from pipeline.artifacts.signature import Signature
from pipeline.errors import ArtifactError, one_line
from pipeline.graph.devices import plain_session
from pipeline.graph.inference import FEATURES, PREDICTION, predict
from pipeline.graph.variables import GivenVariables

v1 = tf.compat.v1

# Rows that are computed at once; every form cuts its input alike. Measured: with fewer, the calls
# cost; with more, memory that no longer fits the caches does.
ROWS_AT_ONCE = 32_768

IN_THE_CALLERS_THREAD = -1  # of RunOptions.inter_op_thread_pool

# What TensorFlow raises for graphs that are damaged, though their hashes fit.
UNREADABLE = (tf.errors.OpError, OSError, ValueError, RuntimeError, LookupError, DecodeError)

OpenSession = Callable[[tf.Graph], Any]


class Runtime(Protocol):
    """A restored model."""

    signature: Signature

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Predict from raw features: `[rows, features]` → `[rows, outputs]`, float32."""

    def close(self) -> None:
        """Free the model's memory."""

    def __enter__(self) -> Self:
        """Return the model itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the model."""


class _Closing:
    """A runtime closes at the end of its `with` block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the model's memory."""


class _InSession(_Closing):
    """A graph in a session: feeds `features:0`, fetches `prediction:0`."""

    def __init__(
        self,
        session: Any,
        signature: Signature,
        where: Path,
        feed: str = f"{FEATURES}:0",
        fetch: str = f"{PREDICTION}:0",
    ) -> None:
        self.signature = signature
        self._session = session
        for name in (feed, fetch):
            frozen.tensor(session.graph, name, where)
        self._run = _callable(session, feed, fetch)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Predict from raw features: `[rows, features]` → `[rows, outputs]`, float32."""
        return _in_pieces(self._run, features, self.signature)

    def close(self) -> None:
        """Close the session."""
        self._session.close()


def _callable(session: Any, feed: str, fetch: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that runs the graph in the thread of the caller.

    `Session.make_callable` hands each call to a pool of threads and back, and prepares its feeds
    and fetches in Python: for one row, both take ten times as long as the graph itself. Kernels
    still use the session's threads for large inputs.
    """
    options = config_pb2.CallableOptions(feed=[feed], fetch=[fetch])
    options.run_options.inter_op_thread_pool = IN_THE_CALLERS_THREAD
    run = session._make_callable_from_options(options)  # what Keras 2 ran its graphs with
    return lambda features: run(features)[0]


class Eager(_Closing):
    """The network's function, executed at once on the values of the checkpoint."""

    def __init__(self, folder: Path, open_session: OpenSession, device: str | None = None) -> None:
        self.signature = signature.read(folder / signature.FILE)
        self._variables = GivenVariables(checkpoint.values(folder))
        self._device = device

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Predict from raw features: `[rows, features]` → `[rows, outputs]`, float32."""
        return _in_pieces(self._run, features, self.signature)

    def _run(self, features: np.ndarray) -> np.ndarray:
        with tf.device(self._device):
            output = predict(self.signature.model, tf.constant(features), self._variables)
        return np.asarray(output.numpy())


class CheckpointByCode(_InSession):
    """The checkpoint, restored into an inference graph that is rebuilt in code."""

    def __init__(self, folder: Path, open_session: OpenSession, device: str | None = None) -> None:
        found = signature.read(folder / signature.FILE)
        super().__init__(frozen.restored(found, folder, open_session, device), found, folder)


class CheckpointByMetaGraph(_InSession):
    """The checkpoint, restored into the training graph that its `.meta` file holds."""

    def __init__(self, folder: Path, open_session: OpenSession, device: str | None = None) -> None:
        path = checkpoint.latest(folder)
        graph = tf.Graph()
        try:
            with graph.as_default(), tf.device(device):
                saver = v1.train.import_meta_graph(f"{path}.meta", clear_devices=True)
                if saver is None:
                    raise ValueError("it names no variables")
                session = open_session(graph)
                saver.restore(session, path)
        except UNREADABLE as error:
            raise ArtifactError(f"{path}.meta cannot be restored: {one_line(error)}") from None
        super().__init__(session, signature.read(folder / signature.FILE), folder)


class FrozenGraph(_InSession):
    """The frozen graph, known to be the one its signature describes."""

    def __init__(
        self,
        folder: Path,
        open_session: OpenSession,
        device: str | None = None,
        name: str = frozen.FILE,
    ) -> None:
        file = folder / name
        found = signature.read(folder / signature.FILE)
        hashes.require_file(file, found.hashes.get(frozen.FILE))
        super().__init__(open_session(frozen.read(file, device)), found, file)


class SavedModel(_InSession):
    """One graph of the SavedModel, loaded by its tags; tensors by its `serving_default`."""

    def __init__(
        self,
        folder: Path,
        open_session: OpenSession,
        device: str | None = None,
        tags: Sequence[str] = (SERVE,),
    ) -> None:
        found = signature.read(folder / saved_model.SIGNATURE)
        hashes.require(found, folder)
        assets.require_inside(folder)
        session = open_session(tf.Graph())
        try:
            with session.graph.as_default(), tf.device(device):
                loaded = v1.saved_model.load(session, list(tags), str(folder))
        except UNREADABLE as error:
            raise ArtifactError(f"{folder} cannot be loaded: {one_line(error)}") from None
        serving = loaded.signature_def[SERVING_DEFAULT]  # empty where there is none
        names = serving.inputs[FEATURES].name, serving.outputs[PREDICTION].name
        if not all(names):
            raise ArtifactError(
                f"{folder} has no signature {SERVING_DEFAULT} from {FEATURES} to {PREDICTION}"
            )
        super().__init__(session, found, folder, *names)


REFERENCE = "eager"

# Name in the reports → how it is restored, for people → the class.
_FORMS: dict[str, tuple[str, Callable[..., Runtime]]] = {
    "eager": ("checkpoint values, executed eagerly", Eager),
    "checkpoint_code": ("checkpoint, graph rebuilt in code", CheckpointByCode),
    "checkpoint_meta_graph": ("checkpoint, import_meta_graph", CheckpointByMetaGraph),
    "frozen_graph": ("frozen graph, import_graph_def", FrozenGraph),
    "saved_model": ("SavedModel, tag serve", SavedModel),
    "saved_model_train": ("SavedModel, tag train", partial(SavedModel, tags=(TRAIN,))),
}


def forms(devices: Sequence[str]) -> dict[str, tuple[str, Callable[..., Runtime]]]:
    """Return the forms that a model must have.

    Args:
        devices: kinds of devices that the SavedModel has a graph of its own for.
    """
    bound = {
        f"saved_model_{kind}": (
            f"SavedModel, tags serve,{kind}",
            partial(SavedModel, tags=(SERVE, kind)),
        )
        for kind in devices
    }
    return {**_FORMS, **bound}


def open_model(path: Path) -> Runtime:
    """Open whatever form of a model lies at a path: a checkpoint, a frozen graph, a SavedModel.

    Raises:
        ArtifactError: there is none, or it is damaged.
    """
    if path.suffix == ".pb" and (path.is_file() or (path.parent / signature.FILE).is_file()):
        return FrozenGraph(path.parent, plain_session, name=path.name)
    if (path / saved_model.FILE).is_file() or (path / saved_model.SIGNATURE).is_file():
        return SavedModel(path, plain_session)
    if (path / frozen.FILE).is_file() or frozen.FILE in _described(path):
        return FrozenGraph(path, plain_session)
    if (path / checkpoint.STATE).is_file() or checkpoint.STATE in _described(path):
        return CheckpointByCode(path, plain_session)
    raise ArtifactError(
        f"{path} is no model; give a frozen graph (artifacts/frozen/model.pb), a SavedModel"
        " folder (artifacts/saved_model) or a checkpoint folder (artifacts/checkpoint)"
    )


def _described(folder: Path) -> Collection[str]:
    """Return the names of a form's files as its signature has them; some may be missing."""
    file = folder / signature.FILE
    return signature.read(file).hashes if file.is_file() else ()


def _in_pieces(
    run: Callable[[np.ndarray], np.ndarray], features: np.ndarray, of: Signature
) -> np.ndarray:
    """Run a model on pieces of its input.

    The pieces are copied together also when there is one: what a graph returns may be its own.

    Raises:
        ArtifactError: the graph cannot be run, for example for lack of memory, or takes another
            number of features.
    """
    if features.shape[1] != of.model.columns:
        raise ArtifactError(
            f"the model takes {of.model.columns} features, and is given {features.shape[1]}"
        )
    features = np.asarray(features, np.float32)
    if not len(features):  # convolutions refuse no rows
        return _in_pieces(run, np.zeros((1, features.shape[1]), np.float32), of)[:0]
    try:
        pieces = [
            run(features[first : first + ROWS_AT_ONCE])
            for first in range(0, len(features), ROWS_AT_ONCE)
        ]
    except tf.errors.OpError as error:
        raise ArtifactError(f"the model cannot be run: {one_line(error)}") from None
    return np.concatenate(pieces)
