"""Opening the forms of a model: each is loaded, or it is known why it is refused."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.foreign.loading import Choice, Loaded, load
from pipeline.graphdef.locate import locate
from pipeline.verification.alignment import WITHOUT_SIGNATURE, find_common_outputs, tensors_of
from pipeline.verification.request import Request
from pipeline.verification.sidecars import find_outputs


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
    if request.outputs:
        return opened
    reference = choose_reference(opened)
    loaded = [form.loaded for form in opened if form.loaded]
    wanted = find_common_outputs(loaded, reference.loaded if reference else None)
    return [_align(form, wanted, choice, stack) for form in opened]


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


def _align(form: Opened, wanted: tuple[str, ...], choice: Choice, stack: ExitStack) -> Opened:
    """Load a graph without a signature again with some outputs, if it has them."""
    if form.loaded is None or form.loaded.files.kind not in WITHOUT_SIGNATURE:
        return form
    if form.loaded.graph is None or not wanted or wanted == tensors_of(form.loaded):
        return form
    try:
        aligned = load(form.loaded.files, replace(choice, outputs=wanted))
    except ArtifactError:  # its tensors have other names
        return form
    return replace(form, loaded=stack.enter_context(aligned))
