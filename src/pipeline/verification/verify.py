"""Verify the forms of one model: load each, feed all alike, compare values and outputs."""

import dataclasses
import platform
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.models.foreign.loading import Loaded
from pipeline.verification import opening, proof
from pipeline.verification.execution import Execution, execute_reference
from pipeline.verification.feeds import Feed, FeedOptions, find_feeds
from pipeline.verification.feeds.dims import parse_dims
from pipeline.verification.judging import find_obstacles, judge
from pipeline.verification.opening import Opened
from pipeline.verification.reference import Reference, from_loaded
from pipeline.verification.request import Request
from pipeline.verification.verdict import FeedSummary, FormVerdict, Outcome, Report

ONE_FORM = "one form alone: it computes what its operations compute; this proves no conversion"


class UnfedError(ArtifactError):
    """No feeds were found that the reference takes."""


def verify(request: Request) -> Report:
    """Return the verdict on all forms that a request names.

    What cannot be loaded or run is refused and what cannot be proven is said in the report.

    Raises:
        ArtifactError: a file with feeds, or a proof, cannot be read or does not fit the model.
    """
    with ExitStack() as stack:
        opened = opening.open_all(request, stack)
        if request.proof and proof.is_proof(Path(request.proof)):
            return _compare(opened, proof.read(Path(request.proof)), [], request)
        named = opening.choose_reference(opened)
        if named is None or named.loaded is None:
            return _without_reference(opened)
        obstacles = find_obstacles(named.loaded)
        try:
            execution = _execute(named.loaded, request)
        except UnfedError as error:
            return _unexecuted(opened, named, [*obstacles, str(error)], Outcome.NOT_PROVABLE)
        except ArtifactError as error:
            outcome = Outcome.NOT_PROVABLE if obstacles else Outcome.REFUSED
            return _unexecuted(opened, named, [*obstacles, str(error)], outcome)
        reference = from_loaded(named.path, named.loaded, execution)
        report = _compare(opened, reference, obstacles, request)
        if request.proof and report.exit_code(request.outputs_only) == 0:
            proof.write(reference, report.versions, Path(request.proof))
        return report


def _execute(model: Loaded, request: Request) -> Execution:
    if model.missing:
        raise ArtifactError("so it cannot be run")
    options = FeedOptions(request.seed, parse_dims(request.dims), request.feeds)
    runner = model.reference()
    try:
        feeds = find_feeds(model, options, runner.run)
    except ArtifactError as error:
        if request.feeds or request.dims:
            raise  # the user's own choice does not fit
        raise UnfedError(str(error)) from None
    return execute_reference(runner, runner.describe, feeds)


def _compare(
    opened: Sequence[Opened], reference: Reference, obstacles: Sequence[str], request: Request
) -> Report:
    forms = [judge(form, reference, request) for form in opened]
    if obstacles:
        forms = [_hold_back(form, obstacles) for form in forms]
    execution = reference.execution
    notes = (ONE_FORM,) if [form.path for form in opened] == [reference.name] else ()
    feeds = tuple(_summarize(feed) for feed in execution.feeds)
    return Report(reference.name, execution.described, tuple(forms), feeds, notes, _versions())


def _without_reference(opened: Sequence[Opened]) -> Report:
    """Return the report where no form can be run."""
    forms = []
    for form in opened:
        if form.loaded is None:
            forms.append(_refuse(form))
        else:
            reasons = (*find_obstacles(form.loaded), "no form has a graph to run")
            forms.append(FormVerdict(form.path, form.kind, Outcome.NOT_PROVABLE, reasons))
    return Report("", "", tuple(forms), versions=_versions())


def _unexecuted(
    opened: Sequence[Opened], named: Opened, reasons: Sequence[str], outcome: Outcome
) -> Report:
    """Return the report where the reference cannot be run."""
    forms = []
    for form in opened:
        if form.loaded is None:
            forms.append(_refuse(form))
        elif form is named:
            forms.append(FormVerdict(form.path, form.kind, outcome, tuple(reasons)))
        else:
            why = (f"{named.path}, which it is held against, cannot be run",)
            forms.append(FormVerdict(form.path, form.kind, Outcome.NOT_PROVABLE, why))
    return Report(named.path, "", tuple(forms), versions=_versions())


def _refuse(form: Opened) -> FormVerdict:
    return FormVerdict(form.path, form.kind, Outcome.REFUSED, (form.refusal,))


def _hold_back(form: FormVerdict, obstacles: Sequence[str]) -> FormVerdict:
    """Make a verdict that leans on a reference which cannot be proven no better than that."""
    if form.outcome not in (Outcome.AGREES, Outcome.OUTPUTS_ONLY):
        return form
    reasons = tuple(f"of the reference, {text}" for text in obstacles)
    return dataclasses.replace(form, outcome=Outcome.NOT_PROVABLE, reasons=reasons)


def _summarize(feed: Feed) -> FeedSummary:
    return FeedSummary(feed.name, {name: array.shape for name, array in feed.arrays.items()})


def _versions() -> dict[str, str]:
    return {
        "tensorflow": version("tensorflow"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
