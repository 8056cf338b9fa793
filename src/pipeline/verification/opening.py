"""Opening the forms of a model: each is loaded, or it is known why it is refused."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.graphdef.locate import Kind, locate
from pipeline.models.foreign.loading import Choice, Loaded, load
from pipeline.verification.request import Request
from pipeline.verification.sidecars import find_outputs

WITHOUT_SIGNATURE = (Kind.GRAPH, Kind.META, Kind.CHECKPOINT)


@dataclass(frozen=True)
class Opened:
    """A form that was named: loaded, or refused for a reason."""

    path: str
    kind: str
    loaded: Loaded | None = None
    refusal: str = ""


def open_all(request: Request, stack: ExitStack) -> list[Opened]:
    """Load all forms, in their order; they are closed with the stack."""
    choice = to_choice(request)
    opened = [_open(path, choice, stack) for path in request.paths]
    return opened if request.outputs else [_align(form, opened, choice, stack) for form in opened]


def to_choice(request: Request) -> Choice:
    """Return what the user says of each form."""
    return Choice(
        inputs=request.inputs,
        outputs=request.outputs,
        signature=request.signature,
        tags=request.tags,
        rename=request.rename,
        ema=request.ema,
        trust=request.trust,
    )


def choose_reference(opened: Sequence[Opened]) -> Opened | None:
    """Return the form that the others are held against: the first with values that can run.

    Otherwise the first that can run; None if no form can.
    """
    graphs = [form for form in opened if form.loaded and form.loaded.interface.outputs]
    complete = [form for form in graphs if form.loaded and form.loaded.values]
    return next(iter([*complete, *graphs]), None)


def _open(path: str, choice: Choice, stack: ExitStack) -> Opened:
    kind = ""
    try:
        files = locate(Path(path))
        kind = files.kind.value
        if not choice.outputs and files.kind in WITHOUT_SIGNATURE:
            choice = replace(choice, outputs=find_outputs(files))
        return Opened(path, kind, stack.enter_context(load(files, choice)))
    except ArtifactError as error:
        return Opened(path, kind, refusal=str(error))


def _align(form: Opened, opened: Sequence[Opened], choice: Choice, stack: ExitStack) -> Opened:
    """Load a graph again with the outputs of a form that has a signature, if it has them.

    A graph does not say which of its tensors are outputs; a signature does. Without any, those of
    a frozen graph count, which has no training in it, or those of the first form.
    """
    guide = _find_guide(opened)
    if form.loaded is None or guide is None or form.loaded.files.kind not in WITHOUT_SIGNATURE:
        return form
    wanted = tuple(spec.tensor for spec in guide.interface.outputs)
    if form.loaded.graph is None or wanted == _tensors(form.loaded):
        return form
    try:
        aligned = load(form.loaded.files, replace(choice, outputs=wanted))
    except ArtifactError:  # its tensors have other names
        return form
    return replace(form, loaded=stack.enter_context(aligned))


def _find_guide(opened: Sequence[Opened]) -> Loaded | None:
    loaded = [form.loaded for form in opened if form.loaded and form.loaded.interface.outputs]
    signed = [one for one in loaded if one.files.kind is Kind.SAVED_MODEL]
    frozen = [one for one in loaded if one.files.kind is Kind.GRAPH]
    return next(iter([*signed, *frozen, *loaded]), None)


def _tensors(loaded: Loaded) -> tuple[str, ...]:
    return tuple(spec.tensor for spec in loaded.interface.outputs)
