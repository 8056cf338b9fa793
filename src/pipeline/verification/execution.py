"""Running the forms of a model on the same feeds."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np

from pipeline.graph.runner import Runner
from pipeline.graphdef.interface import Interface
from pipeline.repository.machine import find_processor
from pipeline.verification.feeds import Feed
from pipeline.verification.interfaces import match_inputs
from pipeline.verification.outputs import Outputs
from pipeline.verification.values import equal_bits

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"


@dataclass(frozen=True)
class Execution:
    """What the reference computed."""

    described: str  # how
    feeds: tuple[Feed, ...]
    outputs: tuple[Outputs, ...]
    machine: Mapping[str, str] = field(default_factory=lambda: describe_machine())

    def list_changes(self) -> list[str]:
        """Describe what this process has otherwise: versions, or the processor."""
        now = describe_machine()
        return [
            f"{key} was {self.machine.get(key, 'unknown')}, and is {now[key]}"
            for key in now
            if now[key] != self.machine.get(key)
        ]

    def list_fixed(self) -> list[str]:
        """Name numbers and flags with one value in all feeds, as one that turns dropout off."""
        if len(self.feeds) < 2:
            return []
        first, *others = (feed.arrays for feed in self.feeds)
        return [
            f"{name} is {array.item()} in all feeds; --feed gives other values"
            for name, array in first.items()
            if array.size == 1
            and array.dtype.kind in "fb"
            and all(np.array_equal(other[name], array) for other in others)
        ]


def describe_machine() -> dict[str, str]:
    """Return what can change the last bits of outputs."""
    return {
        "tensorflow": version("tensorflow"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "processor": find_processor(),
        "onednn": os.environ.get(ONEDNN, "as TensorFlow comes"),
    }


def execute_reference(runner: Runner, described: str, feeds: Sequence[Feed]) -> Execution:
    """Run the reference on all feeds.

    Raises:
        ArtifactError: it cannot be run.
    """
    return Execution(described, tuple(feeds), tuple(execute(runner, feeds)))


def translate_feeds(feeds: Sequence[Feed], own: Interface, reference: Interface) -> list[Feed]:
    """Return feeds of the reference with the names that a form gives its inputs.

    Raises:
        ArtifactError: the form has other inputs.
    """
    pairs = match_inputs(own.inputs, reference.inputs)
    return [
        Feed(feed.name, {name: feed.arrays[known] for known, name in pairs.items()})
        for feed in feeds
    ]


def execute(runner: Runner, feeds: Sequence[Feed]) -> list[Outputs]:
    """Run a form on feeds of its own inputs.

    Raises:
        ArtifactError: the form cannot be run.
    """
    return [_copy(runner.run(feed.arrays)) for feed in feeds]


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
