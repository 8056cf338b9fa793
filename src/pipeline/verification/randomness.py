"""Random operations that do not change the outputs, such as those of dropout that keeps all.

Each is replaced by an input, which is fed with the least and the largest value that the operation
can give, and with one between. Where all bits of all outputs stay equal on every feed, nothing
random is in them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.errors import ArtifactError
from pipeline.foreign.loading import Choice, Loaded, load
from pipeline.graphdef.operations import Kind, judge
from pipeline.verification.execution import find_unrepeated
from pipeline.verification.feeds import Feed

# Its values are at least 0 and less than 1; other operations have no least and largest one.
UNIFORM = "RandomUniform"


def find_harmless(loaded: Loaded, choice: Choice, feeds: Sequence[Feed]) -> frozenset[str]:
    """Return the names of random nodes on which no output depends, on any feed.

    Args:
        choice: what the user says of the model.
        feeds: with the names of the model's own inputs.
    """
    names = _find_uniform(loaded.graph) if loaded.graph is not None else ()
    inputs = tuple(spec.name for spec in loaded.interface.inputs)
    outputs = tuple(spec.name for spec in loaded.interface.outputs)
    if not names:
        return frozenset()
    try:
        with (
            load(loaded.files, replace(choice, inputs=inputs, outputs=names)) as drawn,
            load(loaded.files, replace(choice, inputs=inputs + names, outputs=outputs)) as cut,
        ):
            draw, run = drawn.runner().run, cut.runner().run
            for feed in feeds:
                drawn_values = {name: np.array(value) for name, value in draw(feed.arrays).items()}
                found = [run({**feed.arrays, **one}) for one in _extremes(drawn_values)]
                if any(find_unrepeated(found[:1], [other]) for other in found[1:]):
                    return frozenset()
    except ArtifactError:  # the graph cannot be cut there
        return frozenset()
    return frozenset(names)


def _find_uniform(graph: Any) -> tuple[str, ...]:
    """Return the nodes with random numbers; none if some are not uniform, or in a function."""
    functions = [node for function in graph.library.function for node in function.node_def]
    if any(_is_random(node) for node in functions):
        return ()
    nodes = [node for node in graph.node if _is_random(node)]
    return tuple(node.name for node in nodes) if all(n.op == UNIFORM for n in nodes) else ()


def _is_random(node: Any) -> bool:
    return judge(node.op).kind is Kind.RANDOM


def _extremes(drawn: Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Return arrays of the shapes that were drawn, of the least, a middle and the largest value."""

    def fill(value: float) -> dict[str, np.ndarray]:
        return {name: np.full(array.shape, value, array.dtype) for name, array in drawn.items()}

    largest = {
        name: np.nextafter(np.ones(array.shape, array.dtype), array.dtype.type(0))
        for name, array in drawn.items()
    }
    return [fill(0), fill(0.5), largest, dict(drawn)]
