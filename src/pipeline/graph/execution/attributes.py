"""Attributes of nodes as eager execution takes them."""

from typing import Any

from pipeline.graph.execution.tensors import attribute


def eager_attributes(node: Any, op: Any) -> tuple[Any, ...]:
    """Return the names and values of all attributes that an op declares, in turn."""
    found: list[Any] = []
    for declared in op.attr:
        found += declared.name, _value(attribute(node, op, declared.name), declared.type)
    return tuple(found)


def find_mistyped(node: Any, op: Any) -> str | None:
    """Return the name of an attribute whose value has another type than its op declares.

    TensorFlow aborts the process where it meets one in a function.
    """
    for declared in op.attr:
        given = node.attr[declared.name].WhichOneof("value") if declared.name in node.attr else None
        is_list = declared.type.startswith("list(")
        wanted = "list" if is_list else _FIELDS[declared.type]
        if given not in (None, "placeholder", wanted):
            return str(declared.name)
    return None


def _value(value: Any, kind: str) -> Any:
    if kind.startswith("list("):
        return [_scalar(one, kind[5:-1]) for one in getattr(value.list, _FIELDS[kind[5:-1]])]
    return _scalar(getattr(value, _FIELDS[kind]), kind)


def _scalar(value: Any, kind: str) -> Any:
    match kind:
        case "shape":
            return None if value.unknown_rank else [dim.size for dim in value.dim]
        case "func":
            return value.name
    return value


# Fields of AttrValue by the types of attributes.
_FIELDS = {
    "string": "s",
    "int": "i",
    "float": "f",
    "bool": "b",
    "type": "type",
    "shape": "shape",
    "tensor": "tensor",
    "func": "func",
}
