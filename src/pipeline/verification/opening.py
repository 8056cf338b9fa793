"""Opening the forms of a model: each is loaded, or it is known why it is refused."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.graphdef.locate import Kind, ModelFiles, locate
from pipeline.models.foreign.loading import Choice, Loaded, load
from pipeline.verification.request import Request


@dataclass(frozen=True)
class Opened:
    """A form that was named: loaded, or refused for a reason."""

    path: str
    kind: str
    loaded: Loaded | None = None
    refusal: str = ""


def open_all(request: Request, stack: ExitStack) -> list[Opened]:
    """Load the forms in their order; each is closed with the stack."""
    choice = Choice(
        inputs=request.inputs,
        outputs=request.outputs,
        signature=request.signature,
        tags=request.tags,
        rename=request.rename,
        ema=request.ema,
    )
    opened: list[Opened] = []
    for path in request.paths:
        first = next((form.loaded for form in opened if form.loaded), None)
        opened.append(_open(path, choice, first, stack))
    return opened


def choose_reference(opened: Sequence[Opened]) -> Opened | None:
    """Return the form that the others are held against: the first with values that can run.

    Otherwise the first that can run; None if no form can.
    """
    graphs = [form for form in opened if form.loaded and form.loaded.interface.outputs]
    complete = [form for form in graphs if form.loaded and form.loaded.values]
    return next(iter([*complete, *graphs]), None)


def _open(path: str, choice: Choice, first: Loaded | None, stack: ExitStack) -> Opened:
    kind = ""
    try:
        files = locate(Path(path))
        kind = files.kind.value
        loaded = stack.enter_context(_load_alike(files, choice, first))
    except ArtifactError as error:
        return Opened(path, kind, refusal=str(error))
    return Opened(path, kind, loaded)


def _load_alike(files: ModelFiles, choice: Choice, first: Loaded | None) -> Loaded:
    """Load a form with the ends of the first one, where its graph has them and none are given.

    A graph does not say which of its tensors are inputs and outputs; a signature does.
    """
    if first is None or choice.outputs or files.kind in (Kind.TFLITE, Kind.OUTPUTS):
        return load(files, choice)
    loaded = load(files, choice)
    if loaded.graph is None or files.kind is Kind.SAVED_MODEL:
        return loaded
    wanted = tuple(spec.tensor for spec in first.interface.outputs)
    if wanted == tuple(spec.tensor for spec in loaded.interface.outputs):
        return loaded
    try:
        alike = load(files, replace(choice, outputs=wanted))
    except ArtifactError:  # it has other names
        return loaded
    loaded.close()
    return alike
