"""A graph or the body of a function as a list of steps, in an order in which they can run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.graph.execution.attributes import eager_attributes
from pipeline.graph.execution.tensors import (
    Tensor,
    count_inputs,
    is_control,
    op_of,
    output_types,
    outputs,
    parse,
)


@dataclass(frozen=True)
class Step:
    """One node, ready to be executed."""

    node: Any
    op: Any  # OpDef
    inputs: tuple[Tensor, ...]
    count: int  # of outputs
    done: tuple[Tensor, ...] = ()  # that no later step takes

    @cached_property
    def attributes(self) -> tuple[Any, ...]:
        """The attributes as eager execution takes them."""
        return eager_attributes(self.node, self.op)

    @cached_property
    def constant(self) -> tf.Tensor:
        """The value of a `Const` node, bit for bit."""
        value = self.node.attr["value"].tensor
        return tf.io.parse_tensor(value.SerializeToString(), tf.as_dtype(value.dtype))


@dataclass(frozen=True)
class Body:
    """Steps, the tensors that they begin with, and those that they compute."""

    steps: tuple[Step, ...]
    arguments: tuple[Tensor, ...]
    results: tuple[Tensor, ...]


def read_graph(
    graph: Any,
    functions: Mapping[str, Any],
    fed: Iterable[Tensor],
    results: Iterable[Tensor],
    also: Iterable[str] = (),
) -> Body:
    """Return the steps from tensors that are fed to results, and to other nodes by name."""
    nodes = {node.name: node for node in graph.node}
    inputs = {
        name: [parse(entry) for entry in node.input if not is_control(entry)]
        for name, node in nodes.items()
    }
    return _order(nodes, functions, inputs, tuple(fed), tuple(results), tuple(also))


def read_function(
    function: Any, functions: Mapping[str, Any], attributes: Mapping[str, Any]
) -> Body:
    """Return the steps of a function (`FunctionDef`) that is called with attributes."""
    nodes = {node.name: _specialize(node, attributes) for node in function.node_def}
    ops = {name: op_of(node, functions) for name, node in nodes.items()}
    places = {
        (name, argument): first
        for name, node in nodes.items()
        for argument, first in _first_outputs(node, ops[name])
    }

    def resolve(entry: str) -> Tensor:
        name, _, rest = entry.partition(":")
        argument, _, index = rest.partition(":")
        return (name, places[name, argument] + int(index or 0)) if rest else (name, 0)

    inputs = {
        name: [resolve(entry) for entry in node.input if not is_control(entry)]
        for name, node in nodes.items()
    }
    signature = function.signature
    fed = tuple((argument.name, 0) for argument in signature.input_arg)
    results = tuple(resolve(function.ret[argument.name]) for argument in signature.output_arg)
    return _order(nodes, functions, inputs, fed, results, tuple(function.control_ret.values()))


def _specialize(node: Any, attributes: Mapping[str, Any]) -> Any:
    """Put the attributes of a call in place of names that stand for them."""
    names = [name for name, value in node.attr.items() if value.placeholder]
    if not names:
        return node
    changed = type(node)()
    changed.CopyFrom(node)
    for name in names:
        changed.attr[name].CopyFrom(attributes[node.attr[name].placeholder])
    return changed


def _first_outputs(node: Any, op: Any) -> Iterable[tuple[str, int]]:
    first = 0
    for argument, kinds in outputs(node, op):
        yield argument, first
        first += len(kinds)


def _order(
    nodes: Mapping[str, Any],
    functions: Mapping[str, Any],
    inputs: Mapping[str, list[Tensor]],
    fed: tuple[Tensor, ...],
    results: tuple[Tensor, ...],
    also: tuple[str, ...],
) -> Body:
    known = set(fed)
    before = {
        name: [one for one, index in inputs[name] if (one, index) not in known]
        + [entry[1:] for entry in node.input if is_control(entry) and entry[1:] in nodes]
        for name, node in nodes.items()
    }
    begin = [name for name, index in results if (name, index) not in known]
    order = _sort(before, [*begin, *also])
    steps = [_step(nodes[name], op_of(nodes[name], functions), inputs[name]) for name in order]
    last = {(step.node.name, index): step for step in steps for index in range(step.count)}
    last |= {place: step for step in steps for place in step.inputs}
    done: dict[str, list[Tensor]] = {}
    for place, step in last.items():
        if place not in results:
            done.setdefault(step.node.name, []).append(place)
    steps = [replace(step, done=tuple(done.get(step.node.name, ()))) for step in steps]
    return Body(tuple(steps), fed, results)


def _step(node: Any, op: Any, inputs: list[Tensor]) -> Step:
    if len(inputs) != count_inputs(node, op):
        problem = f"{len(inputs)} inputs, and {op.name} takes {count_inputs(node, op)}"
        raise ArtifactError(f"node {node.name!r} has {problem}")
    return Step(node, op, tuple(inputs), count=len(output_types(node, op)))


def _sort(before: Mapping[str, list[str]], ends: Iterable[str]) -> list[str]:
    """Return the nodes that ends need, each after all that it needs.

    Raises:
        ArtifactError: nodes need each other in a circle.
    """
    order: list[str] = []
    is_done: dict[str, bool] = {}  # False while what a node needs is visited
    waiting = list(reversed(list(dict.fromkeys(ends))))
    while waiting:
        name = waiting[-1]
        if name in is_done:
            waiting.pop()
            if not is_done[name]:
                is_done[name] = True
                order.append(name)
            continue
        is_done[name] = False
        for one in before[name]:
            if is_done.get(one) is False:
                raise ArtifactError(f"node {name!r} needs itself through {one!r}")
            if one not in is_done:
                waiting.append(one)
    return order
