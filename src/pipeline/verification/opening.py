"""Opening the forms of a model: each is loaded, or it is known why it is refused."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.foreign.loading import Choice, Loaded, load
from pipeline.graphdef.locate import Kind, ModelFiles, join, locate
from pipeline.verification.alignment import (
    WITHOUT_SIGNATURE,
    find_common_outputs,
    find_left_out,
    tensors_of,
)
from pipeline.verification.request import Request
from pipeline.verification.sidecars import find_outputs


@dataclass(frozen=True)
class Opened:
    """A form that was named: loaded, or refused for a reason.

    `left_out` are tensors that the reference gives beside an output of a signature, which does not
    name them.
    """

    path: str
    kind: str
    loaded: Loaded | None = None
    refusal: str = ""
    left_out: tuple[str, ...] = ()


def open_all(request: Request, stack: ExitStack) -> list[Opened]:
    """Load all forms, in their order; they are closed with the stack.

    A graph whose variables have no values takes those of each checkpoint that is given with it.
    """
    choice = to_choice(request)
    opened = _join([_open(path, choice, stack) for path in request.paths], choice, stack)
    if request.outputs:
        return opened
    reference = choose_reference(opened)
    loaded = [form.loaded for form in opened if form.loaded]
    known = reference.loaded if reference else None
    wanted = find_common_outputs(loaded, known)
    return [
        replace(_align(form, wanted, choice, stack), left_out=find_left_out(form.loaded, known))
        for form in opened
    ]


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
    complete = [
        form for form in graphs if form.loaded and form.loaded.values and not form.loaded.missing
    ]
    return next(iter([*complete, *graphs]), None)


def _open(path: str, choice: Choice, stack: ExitStack) -> Opened:
    try:
        files = locate(Path(path))
    except ArtifactError as error:
        return Opened(path, "", refusal=str(error))
    return _load(path, files, choice, stack)


def _load(name: str, files: ModelFiles, choice: Choice, stack: ExitStack) -> Opened:
    try:
        if not choice.outputs and files.kind in WITHOUT_SIGNATURE:
            choice = replace(choice, outputs=find_outputs(files))
        return Opened(name, files.kind.value, stack.enter_context(load(files, choice)))
    except ArtifactError as error:
        return Opened(name, files.kind.value, refusal=str(error))


def _join(opened: Sequence[Opened], choice: Choice, stack: ExitStack) -> list[Opened]:
    """Give graphs that lack values those of the checkpoints; these are forms if they have a graph.

    Without such a graph, or without a checkpoint, all forms stay as they are.
    """
    files = [form.loaded.files if form.loaded else None for form in opened]
    stores = [one for one in files if one and one.kind is Kind.CHECKPOINT]
    lacking = [form.loaded is not None and _lacks_values(form.loaded) for form in opened]
    if not stores or not any(lacking):
        return list(opened)
    joined = []
    for form, own, lacks in zip(opened, files, lacking, strict=True):
        if own and lacks:
            joined += [
                _load(f"{form.path} with {store.path}", join(own, store), choice, stack)
                for store in stores
            ]
        elif own not in stores or (own and own.file):
            joined.append(form)
    return joined


def _lacks_values(loaded: Loaded) -> bool:
    is_graph = loaded.files.kind in (Kind.GRAPH, Kind.META)
    return is_graph and loaded.files.prefix is None and bool(loaded.missing)


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
