"""Verify the forms of one model: load each, feed all alike, compare values and outputs."""

import dataclasses
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from pipeline.errors import ArtifactError, listing
from pipeline.foreign.loading import Loaded
from pipeline.verification import opening, proof
from pipeline.verification.execution import Execution, describe_machine, execute_reference
from pipeline.verification.feeds import Feed, FeedOptions, find_feeds
from pipeline.verification.feeds.dims import parse_dims
from pipeline.verification.judging import describe_difference, find_obstacles, judge
from pipeline.verification.opening import Opened
from pipeline.verification.randomness import find_harmless
from pipeline.verification.reference import Reference, from_loaded
from pipeline.verification.request import Request
from pipeline.verification.served import open_served
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
        if request.proof and (not request.paths or proof.is_proof(Path(request.proof))):
            return compare(opened, proof.read(Path(request.proof)), [], request)
        named = opening.choose_reference(opened)
        if named is None or named.loaded is None:
            return _without_reference(opened)
        obstacles = find_obstacles(named.loaded)
        try:
            execution = execute(named.loaded, request)
        except UnfedError as error:
            return _unexecuted(opened, named, [*obstacles, str(error)], Outcome.NOT_PROVABLE)
        except ArtifactError as error:
            outcome = Outcome.NOT_PROVABLE if obstacles else Outcome.REFUSED
            return _unexecuted(opened, named, [*obstacles, str(error)], outcome)
        harmless = find_harmless(named.loaded, opening.to_choice(request), execution.feeds)
        obstacles = find_obstacles(named.loaded, harmless)
        reference = from_loaded(named.path, named.loaded, execution)
        report = compare(opened, reference, obstacles, request)
        if harmless:
            note = f"no output depends on what is random: {listing(sorted(harmless), 3)}"
            report = dataclasses.replace(report, notes=(*report.notes, note))
        return _keep(report, reference, Path(request.proof)) if request.proof else report


def _keep(report: Report, reference: Reference, folder: Path) -> Report:
    """Write a proof, if nothing speaks against it; the report says so."""
    if report.outcome in (Outcome.AGREES, Outcome.OUTPUTS_ONLY):
        proof.write(reference, folder)
        note = f"proof written: {folder}"
    else:
        note = f"no proof is written to {folder}"
    return dataclasses.replace(report, notes=(*report.notes, note))


def execute(model: Loaded, request: Request) -> Execution:
    """Run a reference op by op, on the feeds that are given or made.

    Raises:
        UnfedError: no feeds could be made that it takes.
        ArtifactError: it cannot be run, or what the user gave does not fit it.
    """
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


def compare(
    opened: Sequence[Opened], reference: Reference, obstacles: Sequence[str], request: Request
) -> Report:
    """Return the report on forms that are held against a reference, and why that proves little.

    Args:
        obstacles: why the reference cannot be proven; empty if it can.
    """
    if request.url:
        opened = [*opened, open_served(request.url, reference.interface, reference.columns)]
    forms = [judge(form, reference, request) for form in opened]
    if obstacles:
        forms = [_hold_back(form, obstacles) for form in forms]
    execution = reference.execution
    notes = [ONE_FORM] if [form.path for form in opened] == [reference.name] else []
    notes += [*execution.list_changes(), *execution.list_fixed()]
    feeds = tuple(_summarize(feed) for feed in execution.feeds)
    return Report(
        reference.name, execution.described, tuple(forms), feeds, tuple(notes), describe_machine()
    )


def _without_reference(opened: Sequence[Opened]) -> Report:
    """Return the report where no form can be run."""
    forms = []
    for form in opened:
        if form.loaded is None:
            forms.append(_refuse(form))
        else:
            reasons = (*find_obstacles(form.loaded), "no form has a graph to run")
            forms.append(FormVerdict(form.path, form.kind, Outcome.NOT_PROVABLE, reasons))
    return Report("", "", tuple(forms), versions=describe_machine())


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
            why = f"{named.path}, which it is held against, cannot be run"
            own = (*find_obstacles(form.loaded), why)
            forms.append(FormVerdict(form.path, form.kind, Outcome.NOT_PROVABLE, own))
    return Report(named.path, "", tuple(forms), versions=describe_machine())


def _refuse(form: Opened) -> FormVerdict:
    return FormVerdict(form.path, form.kind, Outcome.REFUSED, (form.refusal,))


def _hold_back(form: FormVerdict, obstacles: Sequence[str]) -> FormVerdict:
    """Make a verdict that leans on a reference which cannot be proven no better than that.

    Outputs that differ from outputs which cannot be proven show nothing either; a value that
    differs, or an output that is missing, does.
    """
    shown = {describe_difference(one) for one in form.outputs if not one.passed}
    leans = form.outcome is Outcome.DIFFERS and shown.issuperset(form.reasons)
    if not leans and form.outcome not in (Outcome.AGREES, Outcome.OUTPUTS_ONLY):
        return form
    reasons = [f"of the reference, {text}" for text in obstacles]
    reasons += form.reasons if leans else ()
    return dataclasses.replace(form, outcome=Outcome.NOT_PROVABLE, reasons=tuple(reasons))


def _summarize(feed: Feed) -> FeedSummary:
    return FeedSummary(feed.name, {name: array.shape for name, array in feed.arrays.items()})
