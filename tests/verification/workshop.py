"""Where a model is damaged in one way after the other, and each time held against the sound one.

The sound form is loaded and executed once. What damages a graph as a whole is verified as a user
would, with both forms.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.errors import ArtifactError
from pipeline.foreign.loading import Loaded
from pipeline.graphdef.examine import examine
from pipeline.graphdef.locate import locate
from pipeline.verification import opening
from pipeline.verification.judging import find_obstacles
from pipeline.verification.reference import Reference, from_loaded
from pipeline.verification.request import Request
from pipeline.verification.verdict import FormVerdict, Outcome
from pipeline.verification.verify import compare, execute, verify

from . import damages
from .made import MODELS, protos
from .made.model import Ends
from .made.modules import MODULES
from .made.writing import (
    BUILT,
    BUILT_TEXT,
    CHECKPOINT,
    FROZEN,
    FROZEN_TEXT,
    LITE,
    SAVED,
    Written,
    write,
    write_module,
)

REFERENCES = (CHECKPOINT, FROZEN, BUILT, SAVED)

TRAINING = {
    "batch_norm_by_hand": "batch norm in training mode",
    "batch_norm_by_cond": "batch norm in training mode",
    "residual": "batch norm in training mode",
    "dropout_by_python": "dropout left on",
    "mobile": "dropout left on",
}

SWAPPED, SIGNATURE_SWAPPED = "two outputs swapped", "two outputs of the signature swapped"
INPUTS_SWAPPED = "two inputs swapped"
MISSING, SIGNATURE_MISSING = "an output missing", "an output of the signature missing"
AVERAGES = "moving averages for raw values"
OPERATION, ATTRIBUTE = "another operation", "another attribute"

# Found only where a graph is loaded beside the sound form, whose outputs it should have.
WITH_BOTH = (SWAPPED, MISSING, SIGNATURE_MISSING)
MOST_DRAWS = 4  # for each damage, of a kind and a place
TEXTS = (FROZEN_TEXT, BUILT_TEXT)


class Result(NamedTuple):
    """What was said about a form; `kind` is empty if it was not damaged."""

    model: str
    reference: str
    form: str
    kind: str
    place: str
    outcome: str
    reason: str


@dataclass(frozen=True)
class Held:
    """A sound form that was executed."""

    loaded: Loaded
    reference: Reference
    obstacles: list[str]


class Workshop:
    """One model in all forms, and what damages it.

    Args:
        written: the model.
        folder: for damaged copies.
        training: the same model, with the same values, as it is in training.
    """

    def __init__(self, written: Written, folder: Path, training: Written | None = None) -> None:
        self.written, self.training = written, training
        self._folder = folder
        self._stack = ExitStack()
        self._held: dict[str, Held] = {}
        self._read: dict[str, damages.Values] = {}
        self._names_needed: dict[str, list[str]] = {}
        self._copies = 0

    def close(self) -> None:
        self._stack.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @cached_property
    def references(self) -> tuple[str, ...]:
        return tuple(form for form in REFERENCES if form in self.written.forms)

    @cached_property
    def damageable(self) -> tuple[str, ...]:
        return tuple(form for form in self.written.forms if form != LITE)

    def outputs(self, form: str) -> tuple[str, ...]:
        """Return the tensors of the outputs, as they were declared, or as they are found."""
        if self.written.ends.outputs:
            return self.written.ends.outputs
        return tuple(spec.tensor for spec in self.hold(form).loaded.interface.outputs)

    def inputs(self, form: str) -> tuple[str, ...]:
        """Return the tensors that are fed, as they were declared, or as they are found."""
        if self.written.ends.outputs:
            return self.written.ends.inputs
        return tuple(spec.tensor for spec in self.hold(form).loaded.interface.inputs)

    def verify_sound(self) -> Iterator[Result]:
        """Verify all forms together."""
        forms = self.written.forms
        request = Request(tuple(map(str, forms.values())), outputs=self._names(""))
        for form, verdict in zip(forms, verify(request).forms, strict=True):
            yield self._result(self.references[0], form, ("", ""), verdict)

    def damage_graphs(self, random: damages.Random) -> Iterator[Result]:
        """Damage what is computed in all ways, in each form once, against a reference."""
        for form in (one for one in self.damageable if one not in TEXTS):
            for kind, place, change in self._list_changes(form, random):
                copy = self._copy(form)
                change(copy)
                hold = self._verify if kind in WITH_BOTH else self._compare
                yield hold(self._choose(self.references, random), form, copy, (kind, place))
            if self.training:
                for reference in self.references:
                    path = self.training.forms[form]
                    kind = TRAINING[self.written.name]
                    yield self._compare(reference, form, path, (kind, "the graph"))

    def damage_values(self, count: int, random: damages.Random) -> Iterator[Result]:
        """Damage values `count` times, if there are any that the drawn kinds of damage fit."""
        done = 0
        for _ in range(MOST_DRAWS * count):
            if done == count:
                break
            form = self._choose(self.damageable, random)
            reference = self._choose(self.references, random)
            values = self._values(form)
            kind, place, changed = self._change(form, values, random)
            if changed:
                copy = self._copy(form)
                damages.write_values(copy, {**values, **changed})
                yield self._compare(reference, form, copy, (kind, place))
                done += 1
        yield from self._average(random)

    def _average(self, random: damages.Random) -> Iterator[Result]:
        if CHECKPOINT not in self.written.forms:
            return
        stored = self._values(CHECKPOINT)
        for form in self.damageable:
            values = self._values(form)
            if changed := damages.averages(values, stored):
                for reference in self.references:
                    copy = self._copy(form)
                    damages.write_values(copy, changed)
                    yield self._compare(reference, form, copy, (AVERAGES, "all"))

    def _change(
        self, form: str, values: damages.Values, random: damages.Random
    ) -> tuple[str, str, damages.Values]:
        """Choose a kind and a place; the changed values are empty where none fits."""
        needed = {name: values[name] for name in self._needed(form) if values[name].size}
        weights = {name: needed[name] for name in self._weights(needed)}
        kinds = [*damages.ELEMENT, *damages.ELEMENT, *damages.ALL]
        kind = kinds[random.integers(len(kinds))]
        if kind in damages.ALL:
            return kind, "all", damages.ALL[kind](weights, random)
        places = weights if self._loops or random.random() < 0.7 else needed
        if not places:
            return kind, "", {}
        name = self._choose(sorted(places), random)
        changed = damages.ELEMENT[kind](needed[name], random)
        is_same = changed is None or (
            changed.shape == needed[name].shape and _bits(changed) == _bits(needed[name])
        )
        return kind, name, {} if changed is None or is_same else {name: changed}

    def _values(self, form: str) -> damages.Values:
        if form not in self._read:
            self._read[form] = damages.read_values(self.written.forms[form])
        return self._read[form]

    def _needed(self, form: str) -> list[str]:
        """Return the names of the values, as a form keeps them, that the outputs need."""
        if form not in self._names_needed:
            self._names_needed[form] = self._find_needed(form)
        return self._names_needed[form]

    def _find_needed(self, form: str) -> list[str]:
        path = self.written.forms[form]
        if damages.prefix_of(path) is None:
            graph = protos.graph_of(protos.read(path))
            return damages.needed_constants(graph, self.outputs(form), self.inputs(form))
        stored = self._values(form)
        if self.written.needed:
            whole = {name.partition("/part_")[0] for name in self.written.needed}
            return sorted(name for name in stored if name in whole)
        loaded = self.hold(self.references[0]).loaded
        if loaded.variables <= stored.keys():
            return sorted(loaded.variables)
        used = {_bits(loaded.values[name]) for name in loaded.variables}
        return sorted(name for name, value in stored.items() if _bits(value) in used)

    def _weights(self, needed: damages.Values) -> list[str]:
        """Return the names of values that were trained, as far as names or sizes tell."""
        parts = {name.partition("/part_")[0] for name in self.written.needed}
        named = [name for name in needed if {name, name.partition("/part_")[0]} & parts]
        return named or [n for n, value in needed.items() if value.size > 1 and _is_number(value)]

    @cached_property
    def _loops(self) -> bool:
        """Tell whether the model has a loop, which damage to its counter would not let end."""
        graph = protos.graph_of(protos.read(self.written.forms[self.references[0]]))
        return damages.has_loop(graph)

    def _list_changes(
        self, form: str, random: damages.Random
    ) -> Iterator[tuple[str, str, Callable[[Path], None]]]:
        path = self.written.forms[form]
        outputs = self.outputs(form)
        names = [name.partition(":")[0] for name in outputs]
        if len(set(names)) > 1:
            one, other = names[0], next(name for name in names if name != names[0])
            if not self._are_equal(form, one, other):
                yield SWAPPED, f"{one}, {other}", _on_graph(damages.swap_nodes, one, other)
            yield MISSING, names[-1], _on_graph(damages.remove_node, names[-1])
        inputs = [name.partition(":")[0] for name in self.written.ends.inputs]
        if len(set(inputs)) > 1:
            yield (INPUTS_SWAPPED, f"{inputs[0]}, {inputs[1]}",
                   _on_graph(damages.swap_nodes, inputs[0], inputs[1]))  # fmt: skip
        if path.is_dir() and not self._is_named and (key := self._find_dispensable(path)):
            yield SIGNATURE_MISSING, key, lambda copy: protos.drop_output(copy, key)
        if self._loops:
            return
        for kind, damage in ((OPERATION, damages.other_operation),
                             (ATTRIBUTE, damages.other_attribute)):  # fmt: skip
            seed = int(random.integers(1 << 30))
            graph = protos.graph_of(protos.read(path))
            place = damage(graph, outputs, np.random.default_rng(seed))
            if place:
                yield kind, place, _on_graph(damage, outputs, seed)

    def _find_dispensable(self, form: Path) -> str:
        """Return a name in a signature that has others, whose tensor nothing consumes.

        That it is an output is seen in every form, also where there is no signature.
        """
        message = protos.read(form)
        outputs = protos.signature_of(message).outputs
        nodes = [one.name.partition(":")[0] for one in outputs.values()]
        ends = damages.find_ends(protos.graph_of(message))
        for key, one in sorted(outputs.items()):
            node = one.name.partition(":")[0]
            if len(outputs) > 1 and node in ends and nodes.count(node) == 1:
                return key
        return ""

    def swap_signature(self) -> Iterator[Result]:
        """Swap outputs in the signature of a SavedModel, against the same, sound SavedModel."""
        path = self.written.forms.get(BUILT)
        if path is None or len(keys := sorted(protos.signature_of(protos.read(path)).outputs)) < 2:
            return
        if self._are_equal(BUILT, keys[0], keys[1]):
            return
        copy = self._copy(BUILT)
        protos.swap_outputs(copy, keys[0], keys[1])
        place = f"{keys[0]}, {keys[1]}"
        (_, verdict) = verify(Request((str(path), str(copy)))).forms
        yield self._result(BUILT, BUILT, (SIGNATURE_SWAPPED, place), verdict)

    def _are_equal(self, form: str, one: str, other: str) -> bool:
        """Tell whether two outputs of a sound form are the same, so that it does not matter."""
        results = self.hold(form).reference.execution.outputs
        return all(
            {one, other} <= result.keys()
            and (result[one].dtype, result[one].shape) == (result[other].dtype, result[other].shape)
            and _bits(result[one]) == _bits(result[other])
            for result in results
        )

    def hold(self, form: str) -> Held:
        """Load and execute a sound form, once."""
        if form not in self._held:
            path = str(self.written.forms[form])
            request = Request((path,), outputs=self._names(form))
            (opened,) = opening.open_all(request, self._stack)
            if opened.loaded is None:
                raise ArtifactError(opened.refusal)
            execution = execute(opened.loaded, request)
            reference = from_loaded(path, opened.loaded, execution)
            self._held[form] = Held(opened.loaded, reference, find_obstacles(opened.loaded))
        return self._held[form]

    def _compare(self, reference: str, form: str, path: Path, damage: tuple[str, str]) -> Result:
        """Hold a damaged form against a sound one that was executed."""
        held = self.hold(reference)
        request = Request((str(path),), outputs=self._names(form))
        with ExitStack() as stack:
            if (verdict := _refuse(path)) is None:
                opened = opening.open_all(request, stack)
                (verdict,) = compare(opened, held.reference, held.obstacles, request).forms
        return self._result(reference, form, damage, verdict)

    def _verify(self, reference: str, form: str, path: Path, damage: tuple[str, str]) -> Result:
        """Verify a damaged form beside a sound one, so that ends of one are found in the other."""
        if (verdict := _refuse(path)) is None:
            paths = (str(self.written.forms[reference]), str(path))
            (_, verdict) = verify(Request(paths, outputs=self._names(""))).forms
        return self._result(reference, form, damage, verdict)

    def _names(self, form: str) -> tuple[str, ...]:
        """Return the outputs that a request names: a SavedModel has its own names for them."""
        is_graph = form in (CHECKPOINT, FROZEN, FROZEN_TEXT)
        return self.written.ends.outputs if is_graph or self._is_named else ()

    @property
    def _is_named(self) -> bool:
        made = MODELS.get(self.written.name)
        return made is not None and made.needs_names

    def _result(
        self, reference: str, form: str, damage: tuple[str, str], verdict: FormVerdict
    ) -> Result:
        reason = next(iter(verdict.reasons), "")
        return Result(self.written.name, reference, form, *damage, str(verdict.outcome), reason)

    def _copy(self, form: str) -> Path:
        shutil.rmtree(self._folder / str(self._copies), ignore_errors=True)
        self._copies += 1
        return damages.copy_form(self.written.forms[form], self._folder / str(self._copies))

    @staticmethod
    def _choose(options: Any, random: damages.Random) -> Any:
        return options[random.integers(len(options))]


def open_made(name: str, folder: Path) -> Workshop:
    """Write a made model, or module, and open a workshop for it."""
    if name in MODULES:
        return Workshop(write_module(name, folder / "sound"), folder / "damaged")
    made = MODELS[name]
    training = write(made, folder / "training", training=True) if made.has_training else None
    return Workshop(write(made, folder / "sound"), folder / "damaged", training)


def open_file(name: str, path: Path, folder: Path) -> Workshop:
    """Open a workshop for a frozen graph or a SavedModel on disk."""
    form = BUILT if path.is_dir() else FROZEN
    return Workshop(Written(name, Ends((), ()), {form: path}, ()), folder)


def _refuse(path: Path) -> FormVerdict | None:
    """Examine files, as `pipeline verify` does before it starts TensorFlow."""
    try:
        examine(locate(path))
    except ArtifactError as error:
        return FormVerdict(str(path), "", Outcome.REFUSED, (str(error),))
    return None


def is_missed(result: Result) -> bool:
    """Tell whether damage was taken for a sound model."""
    return bool(result.kind) and result.outcome == Outcome.AGREES


def _on_graph(damage: Callable[..., Any], *arguments: Any) -> Callable[[Path], None]:
    """Return a change of the graph in a file; a last argument that is a number is a seed."""

    def change(copy: Path) -> None:
        *rest, last = arguments
        given = np.random.default_rng(last) if isinstance(last, int) else last
        protos.edit_graph(copy, lambda graph: damage(graph, *rest, given))

    return change


def _is_number(value: np.ndarray) -> bool:
    return value.dtype.kind not in "iubO"


def _bits(value: np.ndarray) -> str:
    content = repr(value.tolist()).encode() if value.dtype.hasobject else value.tobytes()
    return hashlib.sha256(content).hexdigest()
