"""One graph of a SavedModel in a session, chosen by its tags."""

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.errors import ArtifactError, one_line
from pipeline.graph.inference import PREDICTION
from pipeline.graph.runner import Runner
from pipeline.graph.tensors import UNREADABLE
from pipeline.graphdef.interface import Interface, TensorSpec
from pipeline.graphdef.reading import read_saved_model
from pipeline.graphdef.saved_model import find_assets
from pipeline.models.forms import saved_model
from pipeline.models.metadata import hashes
from pipeline.models.metadata.sidecar import REMEDY
from pipeline.models.run.form import Form, Runtime
from pipeline.models.run.session import SessionRunner

v1 = tf.compat.v1


def open_saved_model(folder: Path, runtime: Runtime, tags: Sequence[str]) -> Runner:
    """Open a graph of a SavedModel, after checking its hashes; `serving_default` names tensors."""
    found = saved_model.read_sidecar(folder)
    hashes.require_files(found, folder)
    for meta in read_saved_model(folder / saved_model.FILE).meta_graphs:
        list(find_assets(meta, folder))  # refuses those outside of the folder
    session = runtime.open_session(tf.Graph())
    try:
        with session.graph.as_default(), tf.device(runtime.device):
            loaded = v1.saved_model.load(session, list(tags), str(folder))
    except UNREADABLE as error:
        raise ArtifactError(f"{folder} cannot be loaded: {one_line(error)}; {REMEDY}") from None
    serving = loaded.signature_def[saved_model.SERVING_DEFAULT]  # empty where there is none
    inputs = _rename(found.interface.inputs, serving.inputs)
    outputs = _rename(found.interface.outputs, serving.outputs)
    if not all(spec.tensor for spec in (*inputs, *outputs)):
        names = ", ".join(spec.name for spec in inputs)
        signature = f"{saved_model.SERVING_DEFAULT} from {names} to {PREDICTION}"
        raise ArtifactError(f"{folder} has no signature {signature}; {REMEDY}")
    return SessionRunner(session, Interface(inputs, outputs), folder)


def _rename(specs: Sequence[TensorSpec], tensors: Any) -> tuple[TensorSpec, ...]:
    return tuple(dataclasses.replace(spec, tensor=tensors[spec.name].name) for spec in specs)


def _tagged(name: str, *tags: str) -> Form:
    return Form(
        name=name,
        restored_by=f"tagged SavedModel, {'tags' if len(tags) > 1 else 'tag'} {','.join(tags)}",
        reads="saved_model_tagged",
        open=partial(open_saved_model, tags=tags),
        read_sidecar=saved_model.read_sidecar,
    )


def bound_to(kind: str) -> Form:
    """Return the form of the graph that is bound to a kind of device, such as `gpu`."""
    return _tagged(f"saved_model_{kind}", saved_model.SERVE, kind)


def _matches(path: Path) -> bool:
    return (path / saved_model.FILE).is_file() or (path / saved_model.SIDECAR).is_file()


SERVE = Form(
    name="saved_model",
    restored_by=f"SavedModel, tag {saved_model.SERVE}",
    reads="saved_model",
    open=partial(open_saved_model, tags=[saved_model.SERVE]),
    read_sidecar=saved_model.read_sidecar,
    matches=_matches,  # also the tagged one, which has a graph of this tag, too
)
TAGGED = _tagged("saved_model_tagged", saved_model.SERVE)
TRAIN = _tagged("saved_model_train", saved_model.TRAIN)
