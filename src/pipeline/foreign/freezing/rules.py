"""What each operation on a variable becomes, once it takes the value in place of a handle.

Handles are resources, or references of the old kind. Operations that read through them have
counterparts that take values; what writes has none.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from tensorflow.core.framework.attr_value_pb2 import AttrValue
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.framework.types_pb2 import DT_BOOL, DT_INT32
from tensorflow.python.framework import dtypes, tensor_shape, tensor_util

from pipeline.foreign.freezing.wiring import Wired
from pipeline.graph.execution.references import BY_VALUE

# Operations that pass a handle on, by the operation that passes the value on.
PASSING = {
    "Identity": "Identity",
    "IdentityN": "IdentityN",
    "Switch": "Switch",
    "Merge": "Merge",
    "Enter": "Enter",
    "Exit": "Exit",
    "NextIteration": "NextIteration",
    **BY_VALUE,
}

# Outputs of these that hold what they take.
_BOTH_BRANCHES = ("Switch", "RefSwitch")


def constant(node: Any, value: np.ndarray, dtype: int) -> None:
    """Turn a node into a constant."""
    _become(node, "Const", dtype=_type(dtype), value=AttrValue(tensor=to_tensor(value, dtype)))


def to_tensor(value: np.ndarray, dtype: int) -> Any:
    """Return a value as a `TensorProto`, bit for bit."""
    kind = dtypes.as_dtype(dtype)
    if kind == dtypes.string:
        return tensor_util.make_tensor_proto(value.tolist(), kind, value.shape)
    return TensorProto(
        dtype=dtype,
        tensor_shape=tensor_shape.TensorShape(value.shape).as_proto(),
        tensor_content=np.ascontiguousarray(value, kind.as_numpy_dtype).tobytes(),
    )


def pass_on(wired: Wired, dtypes_taken: list[int | None]) -> list[int | None]:
    """Let a node pass values on; returns the dtypes of its outputs that were handles."""
    node = wired.node
    passes_to_both = node.op in _BOTH_BRANCHES
    node.op = PASSING[node.op]
    if node.op == "IdentityN":
        for index, dtype in enumerate(dtypes_taken):
            if dtype is not None:
                node.attr["T"].list.type[index] = dtype
        return dtypes_taken
    dtype = next(one for one in dtypes_taken if one is not None)
    node.attr["T"].type = dtype
    return [dtype, dtype] if passes_to_both else [dtype]


def _read(wired: Wired, dtype: int) -> list[Wired]:
    _become(wired.node, "Identity", T=_type(dtype))
    return []


def _gather(wired: Wired, dtype: int) -> list[Wired]:
    """Turn a gather from a variable into one from its value, along the first axis after batches."""
    node = wired.node
    batch_dims = node.attr["batch_dims"].i
    kept = {"Tparams": _type(dtype), "Tindices": _type(node.attr["Tindices"].type)}
    if not batch_dims:
        _become(node, "Gather", **kept)
        return []
    axis = Wired(type(node)(name=f"{node.name}/axis"), [], [wired.inputs[1][0]])
    constant(axis.node, np.array(batch_dims), DT_INT32)
    _become(node, "GatherV2", **kept, Taxis=_type(DT_INT32), batch_dims=AttrValue(i=batch_dims))
    wired.inputs.append((axis.node.name, 0))
    return [axis]


def _gather_slices(wired: Wired, dtype: int) -> list[Wired]:
    indices = wired.node.attr["Tindices"].type
    _become(wired.node, "GatherNd", Tparams=_type(dtype), Tindices=_type(indices))
    return []


def _shape(wired: Wired, dtype: int) -> list[Wired]:
    out_type = AttrValue(type=wired.node.attr["out_type"].type or DT_INT32)
    _become(wired.node, "Shape", T=_type(dtype), out_type=out_type)
    return []


def _is_initialized(wired: Wired, _: int) -> list[Wired]:
    """Answer that the variable has a value, in the same turn of a loop."""
    _take_nothing(wired)
    constant(wired.node, np.array(True), DT_BOOL)
    return []


def _do_nothing(wired: Wired, _: int) -> list[Wired]:
    _take_nothing(wired)
    _become(wired.node, "NoOp")
    return []


def _take_nothing(wired: Wired) -> None:
    """Let a node run after what it took, so that it stays in the loop or branch where it is."""
    wired.controls += [name for name, _ in wired.inputs]
    wired.inputs.clear()


# Operations that take a handle and change nothing, with what makes them take a value of a dtype
# and returns the nodes that this needs.
READING: dict[str, Callable[[Wired, int], list[Wired]]] = {
    "ReadVariableOp": _read,
    "ResourceGather": _gather,
    "ResourceGatherNd": _gather_slices,
    "VariableShape": _shape,
    "VarIsInitializedOp": _is_initialized,
    "IsVariableInitialized": _is_initialized,
    "DisableCopyOnRead": _do_nothing,
}


def _become(node: Any, op: str, **attributes: AttrValue) -> None:
    node.op = op
    node.attr.clear()
    node.ClearField("experimental_type")
    for name, value in attributes.items():
        node.attr[name].CopyFrom(value)


def _type(dtype: int) -> AttrValue:
    return AttrValue(type=dtype)
