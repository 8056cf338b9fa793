"""The values of a graph's variables: found in a checkpoint, checked before they are used."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.errors import ArtifactError, nearest
from pipeline.graph.execution.program import Table
from pipeline.graph.execution.slots import Slot, Slots
from pipeline.graph.execution.stored import StoredValues
from pipeline.graph.execution.variables import Variable
from pipeline.graphdef.interface import Shape

AVERAGE = "ExponentialMovingAverage"

MOST_LINES = 20  # of each kind of difference


@dataclass(frozen=True)
class Matched:
    """Values by the names of variables; `missing` are variables without."""

    values: dict[str, np.ndarray] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)  # by node
    missing: tuple[str, ...] = ()
    averages: dict[str, np.ndarray] = field(default_factory=dict)


def match(
    needed: Sequence[Variable],
    known: Sequence[Variable],
    slots: Slots,
    stored: StoredValues,
    source: object,
) -> Matched:
    """Read the values of the variables that a model needs.

    A variable without a value is missing where the checkpoint has nothing else to offer: it was
    not saved.

    Args:
        known: all variables of the graph, of which the model may not need some.
        slots: what the graph restores.

    Raises:
        ArtifactError: shapes differ, or names do; the message is a table of the differences.
    """
    named = stored.named()
    places = {one.node: _find(one, slots.variables, named, stored) for one in known}
    wanted = {one.name: one for one in needed}
    found = {name: places[one.node] for name, one in wanted.items()}
    missing = [name for name, slot in found.items() if slot is None]
    used = {slot.key for slot in (*places.values(), *slots.variables.values()) if slot}
    used |= {slot.key for pair in slots.tables.values() for slot in pair}
    extra = [name for name, slot in named.items() if slot.key not in used and AVERAGE not in name]
    present = {name: slot for name, slot in found.items() if slot}
    misshapen = [name for name in present if not _fits(wanted[name], stored.shape(present[name]))]
    if misshapen or (missing and extra):
        table = [
            *_part("missing", {name: _text(wanted[name].shape) for name in missing}, extra),
            *_part("extra", {name: _text(stored.shape(named[name])) for name in extra}, missing),
            *_part("misshapen", {
                name: f"{_text(stored.shape(present[name]))}, the graph needs"
                f" {_text(wanted[name].shape)}"
                for name in misshapen
            }),
        ]  # fmt: skip
        raise ArtifactError(
            "\n".join([f"{source}: the values do not fit the graph", *table, _REMEDY])
        )
    return Matched(
        values={name: stored.read(slot) for name, slot in present.items()},
        tables={node: stored.read_table(pair) for node, pair in slots.tables.items()},
        missing=tuple(missing),
        averages=find_averages(present, stored),
    )


def find_averages(slots: Mapping[str, Slot], stored: StoredValues) -> dict[str, np.ndarray]:
    """Return the moving averages of variables that a checkpoint has, by the variables' names."""
    averages = {name: Slot(f"{slot.key}/{AVERAGE}", slot.part) for name, slot in slots.items()}
    return {name: stored.read(one) for name, one in averages.items() if one.key in stored.shapes}


def with_averages(
    values: Mapping[str, np.ndarray], averages: Mapping[str, np.ndarray], source: object
) -> dict[str, np.ndarray]:
    """Return values with moving averages in place of raw ones.

    Raises:
        ArtifactError: there are none.
    """
    if not averages:
        raise ArtifactError(f"{source} has no moving averages of the variables that are needed")
    return {**values, **averages}


_REMEDY = "give new names to values with --rename OLD=NEW"


def _find(
    variable: Variable,
    slots: Mapping[str, Slot],
    named: Mapping[str, Slot],
    stored: StoredValues,
) -> Slot | None:
    slot = slots.get(variable.node)
    if slot and slot.key in stored.shapes:
        return slot
    return named.get(variable.name)


def _fits(variable: Variable, shape: tuple[int, ...]) -> bool:
    wanted = variable.shape
    if wanted is None:
        return True
    return len(wanted) == len(shape) and all(
        one in (None, size) for one, size in zip(wanted, shape, strict=True)
    )


def _part(kind: str, rows: Mapping[str, str], others: Iterable[str] = ()) -> Iterator[str]:
    """Yield lines of a table; each has the most similar of other names."""
    others = list(others)
    for name in list(rows)[:MOST_LINES]:
        yield f"  {kind:10} {name} {rows[name]}{nearest(name, others)}"
    if len(rows) > MOST_LINES:
        yield f"  {kind:10} and {len(rows) - MOST_LINES} more"


def _text(shape: Shape | None) -> str:
    if shape is None:
        return "of any shape"
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]"
