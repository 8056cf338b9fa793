"""The verdict on one form, from what is equal and what is not."""

from collections.abc import Sequence

from pipeline.errors import ArtifactError, listing
from pipeline.graphdef.locate import Kind
from pipeline.models.foreign.loading import Loaded
from pipeline.verification import interfaces, provable
from pipeline.verification.execution import execute_form, find_unrepeated
from pipeline.verification.opening import Opened
from pipeline.verification.outputs import OTHER, SESSION, Outputs, compare_outputs, with_tolerance
from pipeline.verification.reference import Reference
from pipeline.verification.request import Request
from pipeline.verification.values import compare_values
from pipeline.verification.verdict import (
    FormVerdict,
    Outcome,
    OutputVerdict,
    Profile,
    ValuesVerdict,
)


def judge(form: Opened, reference: Reference, request: Request) -> FormVerdict:
    """Compare a form with the reference, in values and on all feeds."""
    loaded, execution = form.loaded, reference.execution
    if loaded is None:
        return FormVerdict(form.path, form.kind, Outcome.REFUSED, (form.refusal,))
    profile = _choose_profile(loaded.files.kind, request)
    values = None if request.outputs_only else _compare_values(loaded, reference)
    reasons = find_obstacles(loaded)
    if not loaded.interface.outputs:
        reasons.append("it has no graph to run")
        outcome = Outcome.DIFFERS if values and values.differing else Outcome.NOT_PROVABLE
        return _verdict(form, outcome, [*_differences(values), *reasons], profile, values)
    try:
        runner = loaded.runner()
        computed = execute_form(runner, reference.interface, execution.feeds)
        again = execute_form(runner, reference.interface, execution.feeds)
    except ArtifactError as error:
        outcome = Outcome.NOT_PROVABLE if reasons else Outcome.REFUSED
        return _verdict(form, outcome, [*reasons, str(error)], profile, values)
    if not reasons and (name := find_unrepeated(computed, again)):
        reasons.append(f"output {name} does not repeat")
    found, lost = _compare_outputs(loaded, reference, computed, profile)
    differences = [*_differences(values), *lost]
    differences += [f"output {one.name}, feed {one.feed}: {one.reason}" for one in found
                    if not one.passed]  # fmt: skip
    if reasons:
        return _verdict(form, Outcome.NOT_PROVABLE, reasons, profile, values, found)
    if differences:
        return _verdict(form, Outcome.DIFFERS, differences, profile, values, found)
    if _are_empty(computed):
        reason = "all outputs are empty"
        return _verdict(form, Outcome.NOT_PROVABLE, [reason], profile, values, found)
    doubts = _find_doubts(loaded, reference, values)
    outcome = Outcome.OUTPUTS_ONLY if doubts else Outcome.AGREES
    return _verdict(form, outcome, doubts, profile, values, found)


def find_obstacles(loaded: Loaded) -> list[str]:
    """Return why a form cannot be proven, before it is run."""
    obstacles = []
    if loaded.missing:
        obstacles.append(
            f"values are missing: {listing(loaded.missing, 3)};"
            " give the checkpoint that belongs to the graph"
        )
    if loaded.graph is not None:
        obstacles += provable.find_reasons(loaded.graph)
    return obstacles


def _verdict(
    form: Opened,
    outcome: Outcome,
    reasons: Sequence[str],
    profile: Profile,
    values: ValuesVerdict | None,
    outputs: tuple[OutputVerdict, ...] = (),
) -> FormVerdict:
    return FormVerdict(form.path, form.kind, outcome, tuple(reasons), str(profile), values, outputs)


def _choose_profile(kind: Kind, request: Request) -> Profile:
    if request.tolerance is not None:
        return with_tolerance(request.tolerance)
    return OTHER if kind in (Kind.TFLITE, Kind.OUTPUTS) else SESSION


def _compare_values(loaded: Loaded, reference: Reference) -> ValuesVerdict | None:
    if loaded.files.kind in (Kind.TFLITE, Kind.OUTPUTS):
        return None  # their values are packed, or there are none
    return compare_values(
        loaded.values, reference.digests, reference.weights, reference.arrays, reference.averages
    )


def _compare_outputs(
    loaded: Loaded, reference: Reference, computed: Sequence[Outputs], profile: Profile
) -> tuple[tuple[OutputVerdict, ...], list[str]]:
    """Return the verdicts on the outputs, and sentences about those that are not there."""
    pairs = interfaces.match(loaded.interface.outputs, reference.interface.outputs)
    names = [spec.name for spec in reference.interface.outputs]
    own = listing((spec.name for spec in loaded.interface.outputs), 5)
    lost = [f"output {name} is missing; it has {own}; name both with --output"
            for name in names if name not in pairs]  # fmt: skip
    execution = reference.execution
    named = [(feed.name, one) for feed, one in zip(execution.feeds, computed, strict=True)]
    return compare_outputs(named, execution.outputs, pairs, profile), lost


def _differences(values: ValuesVerdict | None) -> list[str]:
    return [f"value {text}" for text in values.differing] if values else []


def _find_doubts(loaded: Loaded, reference: Reference, values: ValuesVerdict | None) -> list[str]:
    """Return why equal outputs prove less than equal values would."""
    if values is None:
        return ["its values are not compared"]
    doubts = []
    if values.missing:
        doubts.append(f"values of the reference are not in it: {listing(values.missing, 3)}")
    if values.extra:
        doubts.append(f"values are not in the reference: {listing(values.extra, 3)}")
    if not doubts and not values.are_equal:
        doubts.append("it has none of the reference's values")
    if loaded.graph is not None and reference.graph is not None:
        doubts += provable.find_attribute_differences(loaded.graph, reference.graph)
    return doubts


def _are_empty(computed: Sequence[Outputs]) -> bool:
    return all(array.size == 0 for outputs in computed for array in outputs.values())
