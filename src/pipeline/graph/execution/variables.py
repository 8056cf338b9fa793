"""The variables of a graph, of both kinds: references (`VariableV2`) and resources."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tensorflow.python.framework import dtypes, tensor_shape

from pipeline.graph.execution import roles
from pipeline.graphdef.interface import Shape

# What TensorFlow writes as the shared name of a resource that is never shared.
ANONYMOUS = "cd2c89b7-88b7-44c8-ad83-06c2a9158347"


@dataclass(frozen=True)
class Variable:
    """A variable; several nodes can be handles of one."""

    name: str
    node: str
    dtype: Any
    shape: Shape | None
    is_resource: bool


def find_variables(graph: Any) -> list[Variable]:
    """Return a variable for each node that is one, in the order of the graph."""
    return list(_variables(graph))


def _variables(graph: Any) -> Iterator[Variable]:
    for node in graph.node:
        if node.op in roles.VARIABLES:
            shape = tensor_shape.TensorShape(node.attr["shape"].shape)
            if node.op == "Variable" and shape.rank == 0:  # its way to say unknown
                shape = tensor_shape.TensorShape(None)
            yield Variable(
                name=shared_name(node),
                node=node.name,
                dtype=dtypes.as_dtype(node.attr["dtype"].type),
                shape=None if shape.rank is None else tuple(shape.as_list()),
                is_resource=node.op == "VarHandleOp",
            )


def rename_variables(graph: Any, names: Mapping[str, str]) -> None:
    """Give resources other names, in place; `names` has them by node.

    A name that two would have, or that another variable has, is not given.
    """
    nodes = {node.name: node for node in graph.node if node.op == "VarHandleOp"}
    wanted = Counter(name for node, name in names.items() if node in nodes)
    wanted.update(shared_name(node) for name, node in nodes.items() if name not in names)
    for name, node in nodes.items():
        if wanted[names.get(name, "")] == 1:
            node.attr["shared_name"].s = names[name].encode()


def shared_name(node: Any) -> str:
    """Return the name under which nodes share a variable or a table."""
    name = node.attr["shared_name"].s.decode() if "shared_name" in node.attr else ""
    return name if name and name != ANONYMOUS else str(node.name)
