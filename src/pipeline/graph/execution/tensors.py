"""Names and types of the tensors that nodes take and give, as their registered ops define them."""

from collections.abc import Mapping
from typing import Any

from tensorflow.core.framework.attr_value_pb2 import AttrValue
from tensorflow.python.framework import dtypes, op_def_registry

from pipeline.errors import ArtifactError

Tensor = tuple[str, int]  # a node's name, and which of its outputs


def parse(name: str) -> Tensor:
    """Split the name of a tensor: `node`, or `node:1`."""
    node, _, index = name.partition(":")
    return node, int(index) if index.isdigit() else 0


def name_of(tensor: Tensor) -> str:
    """Return the name of a tensor as TensorFlow writes it, such as `node:0`."""
    return f"{tensor[0]}:{tensor[1]}"


def label(name: str) -> str:
    """Return the name of a tensor as people write it: without `:0`."""
    return name.removesuffix(":0")


def is_control(name: str) -> bool:
    """Tell whether an entry of `NodeDef.input` only says that a node runs first."""
    return name.startswith("^")


def op_of(node: Any, functions: Mapping[str, Any]) -> Any:
    """Return the `OpDef` of a node; that of a function (`FunctionDef`, by name) if it calls one.

    Raises:
        ArtifactError: this TensorFlow has no such op.
    """
    if node.op in functions:
        return functions[node.op].signature
    found = op_def_registry.get(node.op)
    if found is None:
        raise ArtifactError(f"node {node.name!r}: this TensorFlow has no op {node.op!r}")
    return found


def op_named(name: str) -> Any:
    """Return the `OpDef` of an op that this TensorFlow has."""
    return op_def_registry.get(name)


def attribute(node: Any, op: Any, name: str) -> Any:
    """Return the `AttrValue` of a node, or the default of its op."""
    if name in node.attr:
        return node.attr[name]
    defaults = (one.default_value for one in op.attr if one.name == name)
    return next(defaults, AttrValue())


def output_types(node: Any, op: Any) -> list[Any]:
    """Return the dtypes of all outputs of a node."""
    return [kind for _, kinds in outputs(node, op) for kind in kinds]


def outputs(node: Any, op: Any) -> list[tuple[str, list[Any]]]:
    """Return the output arguments of a node: their names, with the dtype of each tensor."""
    return [(one.name, _types(one, node, op)) for one in op.output_arg]


def inputs(node: Any, op: Any) -> list[tuple[Any, list[Any]]]:
    """Return the input arguments (`ArgDef`) of a node, with the dtype of each tensor."""
    return [(one, _types(one, node, op)) for one in op.input_arg]


def count_inputs(node: Any, op: Any) -> int:
    """Return the number of tensors that a node takes."""
    return sum(len(kinds) for _, kinds in inputs(node, op))


def _types(argument: Any, node: Any, op: Any) -> list[Any]:
    if argument.type_list_attr:
        kinds = list(attribute(node, op, argument.type_list_attr).list.type)
    else:
        kind = argument.type or attribute(node, op, argument.type_attr).type
        several = argument.number_attr
        kinds = [kind] * (attribute(node, op, several).i if several else 1)
    return [dtypes.as_dtype(kind) for kind in kinds]
