"""The reference: a graph executed op by op, without sessions, Grappler or fused kernels."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from pipeline.graph.execution import body, control_flow
from pipeline.graph.execution.reference import ProgramReference
from pipeline.graph.execution.references import holds_reference, without_references
from pipeline.graph.execution.tensors import op_of, parse
from pipeline.graphdef.functions import functions_of

# Ops that compute only inside of a graph.
_IN_GRAPHS_ONLY = frozenset({
    "Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond", "ControlTrigger",
    "AccumulateNV2", "TensorArrayV3", "StackV2",
})  # fmt: skip


class EagerRunner(ProgramReference):
    """Executes the nodes of a program one after another."""

    describe = "op by op"

    def _prepare(self) -> None:
        fed = [parse(spec.tensor) for spec in self.interface.inputs]
        results = [parse(spec.tensor) for spec in self.interface.outputs]
        self._body = body.read_graph(self._graph, self._interpreter.functions, fed, results)

    def _compute(self, inputs: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        return self._interpreter.run(self._body, inputs)


def why_not_eager(graph: Any) -> str | None:
    """Return why a graph cannot be executed op by op, naming a node; None if it can."""
    functions = functions_of(graph)
    changed = without_references(graph)
    for node in (*changed.node, *(node for one in functions.values() for node in one.node_def)):
        op = op_of(node, functions)
        calls = any("func" in one.type for one in op.attr) and node.op not in control_flow.CALLS
        if node.op in _IN_GRAPHS_ONLY or calls or holds_reference(op):
            return f"node {node.name!r} ({node.op}) runs in graphs only"
    return None
