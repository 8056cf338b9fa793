"""What the forms of a model are held against: one of them, or a proof that was kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.foreign.loading import Loaded
from pipeline.graphdef.interface import Interface
from pipeline.verification.execution import Execution
from pipeline.verification.sidecars import Columns, find_columns
from pipeline.verification.values import Digest, digest


@dataclass(frozen=True)
class Reference:
    """Interface, values and outputs of the reference.

    Attributes:
        digests: of all values, by name.
        weights: names of the values that every form must have.
        arrays: the values themselves, where they are at hand.
        averages: moving averages by the name of what they average.
        graph: a `GraphDef`, where there is one.
        columns: of its inputs and outputs, as far as they have names.
    """

    name: str
    interface: Interface
    execution: Execution
    digests: Mapping[str, Digest]
    weights: tuple[str, ...]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    averages: Mapping[str, np.ndarray] = field(default_factory=dict)
    graph: Any = None
    columns: Columns = field(default_factory=Columns)


def from_loaded(name: str, loaded: Loaded, execution: Execution) -> Reference:
    """Return a loaded model that was executed as the reference."""
    return Reference(
        name=name,
        interface=loaded.interface,
        execution=execution,
        digests={name: digest(value) for name, value in loaded.values.items()},
        weights=tuple(sorted(loaded.variables)) or _find_weights(loaded.values),
        arrays=loaded.values,
        averages=loaded.averages,
        graph=loaded.graph,
        columns=find_columns(loaded.files),
    )


def _find_weights(constants: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Return the constants of a frozen graph that were variables, as far as one can tell."""
    return tuple(
        name for name, value in constants.items() if value.size > 1 and value.dtype.kind in "fc"
    )
