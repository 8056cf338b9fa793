"""Graphs without references: ops of the old kind are replaced by those that take values.

Eager execution has no references (dtype `float_ref` and others). Where nothing writes to a
variable, its value serves as well.
"""

from typing import Any

from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.python.framework import tensor_util

from pipeline.graph.execution import roles

# Operations that pass on a reference, and those that pass on its value.
BY_VALUE = {
    "RefIdentity": "Identity",
    "RefSwitch": "Switch",
    "RefMerge": "Merge",
    "RefEnter": "Enter",
    "RefExit": "Exit",
    "RefNextIteration": "NextIteration",
}
_REPLACED = BY_VALUE | {
    name: f"{name}V2"
    for name in (
        "HashTable", "MutableHashTable", "MutableHashTableOfTensors", "MutableDenseHashTable",
        "InitializeTable", "InitializeTableFromTextFile", "LookupTableFind", "LookupTableSize",
        "LookupTableExport", "LookupTableImport", "LookupTableInsert",
    )
}  # fmt: skip

# All variables have their values before anything runs.
_ASKS_FOR_VALUE = ("IsVariableInitialized", "VarIsInitializedOp")


def without_references(graph: Any) -> Any:
    """Return a graph in which ops of the old kind are replaced, where there is a new one."""
    changed = GraphDef()
    changed.CopyFrom(graph)
    for node in changed.node:
        node.op = _REPLACED.get(node.op, node.op)
        if node.op in _ASKS_FOR_VALUE:
            _answer(node)
    return changed


def holds_reference(op: Any) -> bool:
    """Tell whether an op (`OpDef`) takes or gives a reference, other than as a variable."""
    arguments = (*op.input_arg, *op.output_arg)
    return op.name not in roles.VARIABLES and any(one.is_ref for one in arguments)


def _answer(node: Any) -> None:
    yes = tensor_util.make_tensor_proto(True)
    node.op = "Const"
    del node.input[:]
    node.attr.clear()
    node.attr["dtype"].type = yes.dtype
    node.attr["value"].tensor.CopyFrom(yes)
