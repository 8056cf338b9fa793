"""Inputs that switch training on: rates of dropout and flags; feeds leave it off.

With dropout on, a model is random, and nothing can be proven.
"""

import tensorflow as tf

from pipeline.graphdef.interface import TensorSpec
from pipeline.verification.feeds.flat import FlatGraph, Use

MOST_STEPS = 6  # operations between the random numbers and their comparison

_BRANCHES = ("Switch", "If", "StatelessIf", "Select", "SelectV2", "Merge")
_SHIFTS = ("Add", "AddV2")
_COMPARISONS = ("GreaterEqual", "Greater", "Less", "LessEqual")
_RANDOM = ("Random", "StatelessRandom")


def find_off(flat: FlatGraph, spec: TensorSpec) -> float | None:
    """Return the value of an input with which training is off; None if it is no such switch."""
    uses = flat.uses(spec.tensor)
    if spec.dtype == "bool":
        chooses = any(use.node.op in _BRANCHES for use in uses)
        return 0.0 if chooses and _has_random(flat) else None
    if not tf.as_dtype(spec.dtype).is_floating:
        return None
    for use in uses:
        if use.node.op in _SHIFTS and _is_with_random(flat, use):  # floor(random + kept share)
            return 1.0
        if use.node.op in _COMPARISONS and _is_with_random(flat, use):  # random >= rate
            return 0.0
        if use.node.op == "Sub" and use.operand == 1:  # random >= 1 - kept share
            compared = (other for other in flat.uses(use.node.name))
            if any(o.node.op in _COMPARISONS and _is_with_random(flat, o) for o in compared):
                return 1.0
    return None


def _has_random(flat: FlatGraph) -> bool:
    bodies = [flat.graph.node, *(body.node_def for body in flat.graph.library.function)]
    return any(node.op.startswith(_RANDOM) for body in bodies for node in body)


def _is_with_random(flat: FlatGraph, use: Use) -> bool:
    """Tell whether the other operand is made of random numbers."""
    names = [flat.operand(use, 1 - use.operand)]
    for _ in range(MOST_STEPS):
        nodes = [flat.nodes[n] for name in names if (n := name.partition(":")[0]) in flat.nodes]
        if any(node.op.startswith(_RANDOM) for node in nodes):
            return True
        names = [name for node in nodes for name in node.input if not name.startswith("^")]
    return False
