"""Executes the steps of a graph one after another, and those of the functions that it calls."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.eager.execute import quick_execute

from pipeline.graph.execution import body, control_flow, roles
from pipeline.graph.execution.attributes import eager_attributes
from pipeline.graph.execution.body import Body, Step
from pipeline.graph.execution.program import Program
from pipeline.graph.execution.tensors import Tensor, op_named, parse
from pipeline.graph.execution.variables import ANONYMOUS, Variable, find_variables, shared_name
from pipeline.graphdef.functions import functions_of

Values = Sequence[tf.Tensor]

# Tables are made without a name, which others in the process could share.
_TABLES = {
    "HashTableV2": "AnonymousHashTable",
    "MutableHashTableV2": "AnonymousMutableHashTable",
    "MutableHashTableOfTensorsV2": "AnonymousMutableHashTableOfTensors",
    "MutableDenseHashTableV2": "AnonymousMutableDenseHashTable",
}


class Interpreter:
    """Executes bodies that share variables and tables.

    Args:
        graph: where functions and variables are.
        values: values of variables by name.
    """

    def __init__(self, graph: Any, values: Mapping[str, np.ndarray]) -> None:
        self.functions = functions_of(graph)
        self._handles: dict[str, tf.Tensor] = {}  # of variables and tables, by shared name
        self._bodies: dict[tuple[str, bytes], Body] = {}
        for variable in find_variables(graph):
            if variable.name in self._handles:
                continue
            value = values.get(variable.name)
            if variable.is_resource:
                self._handles[variable.name] = _make_variable(variable, value)
            elif value is not None:
                self._handles[variable.name] = tf.constant(value, variable.dtype)

    def initialize(self, graph: Any, program: Program) -> None:
        """Fill the tables of a graph."""
        for node, (keys, values) in program.tables.items():
            (table,) = self.run(body.read_graph(graph, self.functions, (), [(node, 0)]), ())
            tf.raw_ops.LookupTableImportV2(table_handle=table, keys=keys, values=values)
        fed = [parse(name) for name in program.assets]
        paths = [tf.constant(path) for path in program.assets.values()]
        steps = body.read_graph(graph, self.functions, fed, (), program.initializers)
        self.run(steps, paths)

    def owned(self, graph: Any) -> dict[str, tf.Tensor]:
        """Return variables and tables by the names of their nodes."""
        names = {node.name: shared_name(node) for node in graph.node if _owns(node)}
        return {name: self._handles[one] for name, one in names.items() if one in self._handles}

    def run(self, steps: Body, arguments: Values) -> list[tf.Tensor]:
        """Execute a body; returns its results."""
        known: dict[Tensor, tf.Tensor] = dict(zip(steps.arguments, arguments, strict=True))
        for step in steps.steps:
            taken = [known[place] for place in step.inputs]
            for index, value in enumerate(self._execute(step, taken)):
                known.setdefault((step.node.name, index), value)  # what is fed stays
            for place in step.done:
                known.pop(place, None)
        return [known[place] for place in steps.results]

    def call(self, name: str, attributes: Mapping[str, Any], arguments: Values) -> Values:
        """Execute a function of the graph's library."""
        key = (
            name,
            b"".join(
                key.encode() + attributes[key].SerializeToString(deterministic=True)
                for key in sorted(attributes)
            ),
        )
        if key not in self._bodies:
            self._bodies[key] = body.read_function(self.functions[name], self.functions, attributes)
        return self.run(self._bodies[key], arguments)

    def _execute(self, step: Step, inputs: list[tf.Tensor]) -> Values:
        node = step.node
        if node.op in self.functions:
            return self.call(node.op, node.attr, inputs)
        if node.op in control_flow.CALLS:
            return control_flow.run(step, inputs, self.call)
        if node.op in roles.VARIABLES:
            return [self._handles[shared_name(node)]]
        if node.op in _TABLES:
            return [self._table(step, inputs)]
        if node.op == roles.OPTIONAL:
            return inputs
        if node.op == "Const":
            return [step.constant]
        return _execute(node.op, step.count, inputs, step.attributes)

    def _table(self, step: Step, inputs: list[tf.Tensor]) -> tf.Tensor:
        name = shared_name(step.node)
        if name not in self._handles:
            op = op_named(_TABLES[step.node.op])
            (self._handles[name],) = _execute(op.name, 1, inputs, eager_attributes(step.node, op))
        return self._handles[name]


def _make_variable(variable: Variable, value: np.ndarray | None) -> tf.Tensor:
    """Return the handle of a new variable, which lives as long as the handle."""
    handle = tf.raw_ops.VarHandleOp(
        dtype=variable.dtype, shape=tf.TensorShape(variable.shape), shared_name=ANONYMOUS
    )
    if value is not None:
        value = tf.constant(value, variable.dtype)
        tf.raw_ops.AssignVariableOp(resource=handle, value=value)
    return handle


def _owns(node: Any) -> bool:
    return node.op in roles.VARIABLES or node.op in _TABLES


def _execute(
    op: str, count: int, inputs: Sequence[tf.Tensor], attributes: tuple[Any, ...]
) -> Values:
    found = quick_execute(op, count, list(inputs), attributes, context.context())
    return found if count else ()
