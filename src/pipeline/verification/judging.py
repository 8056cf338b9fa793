"""The verdict on one form, from what is equal and what is not."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import ArtifactError, listing
from pipeline.foreign.loading import Choice, Loaded
from pipeline.graphdef.locate import Kind
from pipeline.verification import conversions, interfaces, nodes, outputs, provable
from pipeline.verification.execution import execute, find_unrepeated, translate_feeds
from pipeline.verification.opening import Opened, to_choice
from pipeline.verification.randomness import find_harmless
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

# Their values are packed, or there are none.
WITHOUT_VALUES = (Kind.TFLITE, Kind.OUTPUTS)


@dataclass(frozen=True)
class _Trial:
    """What came of running a form on the feeds of the reference."""

    refusal: str = ""  # why it cannot be run
    outputs: tuple[OutputVerdict, ...] = ()
    lost: tuple[str, ...] = ()  # outputs of the reference that it does not have
    unrepeated: str = ""  # an output that differs from run to run
    is_empty: bool = False  # no output has a single value
    harmless: frozenset[str] = frozenset()  # random nodes that change no output


def judge(form: Opened, reference: Reference, request: Request) -> FormVerdict:
    """Compare a form with the reference, in values and on all feeds."""
    loaded = form.loaded
    if loaded is None:
        return FormVerdict(form.path, form.kind, Outcome.REFUSED, (form.refusal,))
    profile = _choose_profile(loaded.files.kind, reference, request)
    values = None if request.outputs_only else _compare_values(loaded, reference)
    trial = _try(loaded, reference, profile, to_choice(request))
    obstacles = find_obstacles(loaded, trial.harmless)
    outcome, reasons = _decide(loaded, reference, values, trial, obstacles)
    if form.left_out and outcome in (Outcome.AGREES, Outcome.OUTPUTS_ONLY):
        outcome, names = Outcome.OUTPUTS_ONLY, listing(form.left_out, 3)
        unsaid = f"the reference also gives {names}, which its signature does not name"
        reasons = [*reasons, f"{unsaid}; name all outputs that are meant with --output"]
    dtypes = dict.fromkeys(outputs.part_of(spec.dtype) for spec in reference.interface.outputs)
    return FormVerdict(
        path=form.path,
        kind=form.kind,
        outcome=outcome,
        reasons=tuple(reasons),
        profile=profile.describe(dtypes),
        values=values,
        outputs=trial.outputs,
    )


def find_obstacles(loaded: Loaded, harmless: frozenset[str] = frozenset()) -> list[str]:
    """Return why a form cannot be proven; `harmless` are random nodes that change no output."""
    obstacles = []
    if loaded.missing:
        obstacles.append(
            f"values are missing: {listing(loaded.missing, 3)};"
            " give the checkpoint with them beside the graph"
        )
    if loaded.graph is not None:
        outputs = [spec.tensor for spec in loaded.interface.outputs]
        obstacles += provable.find_reasons(loaded.graph, outputs, harmless)
    return obstacles


def describe_difference(output: OutputVerdict) -> str:
    """Describe an output that differs from the reference's."""
    return f"output {output.name}, feed {output.feed}: {output.reason}"


def _choose_profile(kind: Kind, reference: Reference, request: Request) -> Profile:
    if request.tolerance is not None:
        return outputs.with_tolerance(request.tolerance)
    has_other_kernels = kind in WITHOUT_VALUES or reference.execution.list_changes()
    return outputs.OTHER if has_other_kernels else outputs.SESSION


def _compare_values(loaded: Loaded, reference: Reference) -> ValuesVerdict | None:
    if loaded.files.kind in WITHOUT_VALUES:
        return None
    added = (
        conversions.find_added(loaded.graph, loaded.values)
        if loaded.graph is not None
        else set[str]()
    )
    values = {
        name: value
        for name, value in loaded.values.items()
        if name in reference.digests or name not in added
    }
    return compare_values(
        values, reference.digests, reference.weights, reference.arrays, reference.averages
    )


def _try(loaded: Loaded, reference: Reference, profile: Profile, choice: Choice) -> _Trial:
    """Run a form twice, and compare its outputs with the reference's."""
    own, expected, execution = loaded.interface, reference.interface, reference.execution
    if not own.outputs:
        return _Trial("it has no graph to run")
    try:
        runner = loaded.runner()
        feeds = translate_feeds(execution.feeds, own, expected)
        computed, again = execute(runner, feeds), execute(runner, feeds)
    except ArtifactError as error:
        return _Trial(str(error))
    pairs = interfaces.match(own.outputs, expected.outputs)
    has = listing((spec.name for spec in own.outputs), 5)
    lost = [
        f"output {spec.name} is missing; it has {has}; name both with --output"
        for spec in expected.outputs
        if spec.name not in pairs
    ]
    named = [(feed.name, one) for feed, one in zip(execution.feeds, computed, strict=True)]
    return _Trial(
        outputs=outputs.compare_outputs(named, execution.outputs, pairs, profile),
        lost=tuple(lost),
        unrepeated=find_unrepeated(computed, again),
        is_empty=all(array.size == 0 for one in computed for array in one.values()),
        harmless=find_harmless(loaded, choice, feeds),
    )


def _decide(
    loaded: Loaded,
    reference: Reference,
    values: ValuesVerdict | None,
    trial: _Trial,
    obstacles: Sequence[str],
) -> tuple[Outcome, Sequence[str]]:
    """Return the outcome and the reasons for it."""
    differences = [f"value {text}" for text in values.differing] if values else []
    if trial.refusal:
        if differences:
            return Outcome.DIFFERS, [*differences, trial.refusal]
        is_provable = loaded.interface.outputs and not obstacles
        outcome = Outcome.REFUSED if is_provable else Outcome.NOT_PROVABLE
        return outcome, [*obstacles, trial.refusal]
    if trial.unrepeated and not obstacles:
        obstacles = [f"output {trial.unrepeated} does not repeat"]
    if obstacles:
        return Outcome.NOT_PROVABLE, obstacles
    differences += trial.lost
    differences += [describe_difference(one) for one in trial.outputs if not one.passed]
    if differences:
        return Outcome.DIFFERS, differences
    if trial.is_empty:
        return Outcome.NOT_PROVABLE, ["all outputs are empty"]
    doubts = _find_doubts(loaded, reference, values)
    return (Outcome.OUTPUTS_ONLY if doubts else Outcome.AGREES), doubts


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
        doubts += nodes.find_differences(loaded.graph, reference.graph)
    return doubts
