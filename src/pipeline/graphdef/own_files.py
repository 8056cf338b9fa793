"""Which tensors name files that belong to the model itself: its values, its assets.

Loading feeds their names to certain operations. A graph passes them on, keeps them in variables,
and gives them to functions.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any

from pipeline.graphdef.functions import Functions, reaching
from pipeline.graphdef.structure import Body, data_inputs, operation_of

DT_STRING = 7

# The input that names the file which an operation reads.
FILE_INPUTS = {
    "InitializeTableFromTextFile": 1,
    "InitializeTableFromTextFileV2": 1,
    "Restore": 0,
    "RestoreSlice": 0,
    "RestoreV2": 0,
}

IsOwn = Callable[[str], bool]  # whether a tensor names an own file


def in_graph(graph: Any, body: Body, fed: Iterable[str]) -> IsOwn:
    """Return what tells own files in a graph; `fed` are operations that loading feeds."""
    own = set(fed)
    if own:
        own |= _variables(graph, body, own)
    return lambda tensor: _origin(body, tensor, own) in own


def in_function(function: Any, body: Body) -> IsOwn:
    """Return what tells own files in a function: what its callers give, see `are_given`."""
    own = {argument.name for argument in function.signature.input_arg if _may_be_text(argument)}
    return lambda tensor: _origin(body, tensor, own) in own


def are_given(node: Any, function: Any, is_own: IsOwn) -> bool:
    """Tell whether a call gives no other texts than names of own files to a function."""
    arguments, inputs = function.signature.input_arg, data_inputs(node)
    return (
        node.op in ("PartitionedCall", "StatefulPartitionedCall", function.signature.name)
        and len(arguments) == len(inputs)
        and all(
            is_own(tensor)
            for argument, tensor in zip(arguments, inputs, strict=True)
            if _may_be_text(argument)
        )
    )


def find_reading(functions: Functions) -> set[str]:
    """Return the functions that read files, themselves or in functions that they call."""
    reading = (
        name
        for name, function in functions.items()
        if any(node.op in FILE_INPUTS for node in function.node_def)
    )
    return reaching(functions, reading)


def _may_be_text(argument: Any) -> bool:
    return argument.type in (DT_STRING, 0)  # 0: its type is an attribute


def _origin(body: Body, tensor: str, known: Collection[str]) -> str:
    """Return the operation that a tensor is passed on from, or read from."""
    name = operation_of(tensor)
    while name not in known and name in body.nodes:
        node = body.nodes[name]
        inputs = data_inputs(node)
        if node.op not in ("Identity", "ReadVariableOp") or not inputs:
            break
        name = operation_of(inputs[0])
    return name


def _variables(graph: Any, body: Body, fed: Collection[str]) -> set[str]:
    """Return the variables that nothing sets but to the name of an own file."""
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    names = Counter(
        node.attr["shared_name"].s for nodes in bodies for node in nodes if node.op == "VarHandleOp"
    )
    return {
        name
        for name, node in body.nodes.items()
        if node.op == "VarHandleOp"
        and names[node.attr["shared_name"].s] == 1
        and all(_is_harmless_use(body, body.nodes[user], fed) for user in body.takers.get(name, ()))
    }


def _is_harmless_use(body: Body, node: Any, fed: Collection[str]) -> bool:
    if node.op == "AssignVariableOp":
        return _origin(body, data_inputs(node)[-1], fed) in fed
    return node.op in ("ReadVariableOp", "VarIsInitializedOp", "DisableCopyOnRead")
