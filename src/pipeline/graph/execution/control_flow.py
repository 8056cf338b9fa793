"""Calls, branches and loops of version 2, whose parts are functions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from pipeline.graph.execution.body import Step

Values = Sequence[tf.Tensor]
Call = Callable[[str, Mapping[str, Any], Values], Values]

_IF = ("If", "StatelessIf")
_WHILE = ("While", "StatelessWhile")
_CASE = ("Case", "StatelessCase")

CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall", *_IF, *_WHILE, *_CASE})


def run(step: Step, inputs: Values, call: Call) -> Values:
    """Execute a node that calls functions."""
    op, attributes = step.node.op, step.node.attr
    if op in _IF:
        name = "then_branch" if is_true(inputs[0]) else "else_branch"
        return _call(call, attributes[name].func, inputs[1:])
    if op in _CASE:
        branches, index = attributes["branches"].list.func, int(inputs[0])
        chosen = index if 0 <= index < len(branches) else -1  # the last serves for all others
        return _call(call, branches[chosen], inputs[1:])
    if op in _WHILE:
        while is_true(_call(call, attributes["cond"].func, inputs)[0]):
            inputs = _call(call, attributes["body"].func, inputs)
        return inputs
    return _call(call, attributes["f"].func, inputs)


def is_true(value: tf.Tensor) -> bool:
    """Tell whether a branch is taken: text if it is not empty, arrays if they have elements."""
    if value.shape.rank:
        return bool(tf.size(value) > 0)
    return bool(value.numpy())


def _call(call: Call, function: Any, inputs: Values) -> Values:
    return call(function.name, function.attr, inputs)
