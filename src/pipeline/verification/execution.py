"""Running the forms of a model on the same feeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.models.metadata.sidecar import Interface
from pipeline.models.run.form import Runner
from pipeline.verification.feeds import Feed
from pipeline.verification.interfaces import match_inputs
from pipeline.verification.outputs import Outputs
from pipeline.verification.values import equal_bits


@dataclass(frozen=True)
class Execution:
    """What the reference computed."""

    described: str  # how
    feeds: tuple[Feed, ...]
    outputs: tuple[Outputs, ...]


def execute_reference(runner: Runner, described: str, feeds: Sequence[Feed]) -> Execution:
    """Run the reference on all feeds.

    Raises:
        ArtifactError: it cannot be run.
    """
    outputs = tuple(_copy(runner.run(feed.arrays)) for feed in feeds)
    return Execution(described, tuple(feeds), outputs)


def execute_form(runner: Runner, reference: Interface, feeds: Sequence[Feed]) -> list[Outputs]:
    """Run a form on the feeds of the reference, whose inputs may have other names.

    Raises:
        ArtifactError: the form has other inputs, or cannot be run.
    """
    pairs = match_inputs(runner.interface.inputs, reference.inputs)
    return [
        _copy(runner.run({own: feed.arrays[name] for name, own in pairs.items()})) for feed in feeds
    ]


def find_unrepeated(first: Sequence[Outputs], second: Sequence[Outputs]) -> str:
    """Return the name of an output that differs between two runs; empty if all repeat."""
    for one, other in zip(first, second, strict=True):
        for name in one:
            if not equal_bits(one[name], other[name]):
                return name
    return ""


def _copy(outputs: Outputs) -> dict[str, np.ndarray]:
    """Copy outputs: a runner may return its own memory, and a scalar of NumPy or Python."""
    return {name: np.array(value) for name, value in outputs.items()}
