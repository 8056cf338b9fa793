"""The registry of forms: how a model can be restored; the order is that of the reports."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.graph.devices import open_session_as_proven
from pipeline.graph.runner import Runner
from pipeline.models.metadata.sidecar import Sidecar
from pipeline.models.run import checkpoint, eager, frozen_graph, saved_model
from pipeline.models.run.form import Form, Runtime
from pipeline.workspace import Workspace

REFERENCE = eager.FORM

FORMS = (
    REFERENCE,
    checkpoint.BY_CODE,
    checkpoint.BY_META_GRAPH,
    frozen_graph.FORM,
    saved_model.SERVE,
    saved_model.TAGGED,
    saved_model.TRAIN,
)


def list_forms(devices: Sequence[str]) -> tuple[Form, ...]:
    """Return the forms of a model whose tagged SavedModel has graphs for these devices, too."""
    return (*FORMS, *map(saved_model.bound_to, devices))


def read_sidecar(path: Path) -> Sidecar:
    """Read the sidecar of the model at a path.

    Raises:
        ArtifactError: the path is not a model, or its sidecar is missing or damaged.
    """
    return _find_form(path).read_sidecar(path)


def open_model(path: Path, workspace: Workspace) -> Runner:
    """Open the model at a path, to compute as it was proven.

    Raises:
        ArtifactError: the path is not a model, or the model is damaged.
        DeviceError: TensorFlow is set up otherwise in this process.
    """
    form = _find_form(path)
    open_session = open_session_as_proven(form.read_sidecar(path).arithmetic)
    return form.open(path, Runtime(workspace, open_session))


def _find_form(path: Path) -> Form:
    for form in reversed(FORMS):
        if form.matches(path):
            return form
    raise ArtifactError(
        f"{path} is not a model; give a frozen graph (artifacts/frozen/model.pb), a SavedModel"
        " folder (artifacts/saved_model) or a checkpoint folder (artifacts/checkpoint)"
    )
