"""What a `.meta` file says of the variables in its graph: how they are saved, which are trained."""

from collections.abc import Iterable, Mapping
from typing import Any

from tensorflow.core.framework.variable_pb2 import VariableDef

from pipeline.graph.execution.tensors import parse
from pipeline.graph.execution.variables import Variable

_TRAINABLE = "trainable_variables"
_COLLECTIONS = ("variables", "local_variables", "model_variables", "metric_variables", _TRAINABLE)


def find_declared(meta: Any) -> dict[str, Any]:
    """Return the `VariableDef` of each variable that a collection has, by its node."""
    found: dict[str, Any] = {}
    for key in _COLLECTIONS:
        for one in _read(meta, key):
            one.ClearField("save_slice_info_def")  # the parts of a variable are saved one by one
            found.setdefault(parse(one.variable_name)[0], one)
    return found


def find_trainable(meta: Any, variables: Iterable[Variable]) -> frozenset[str]:
    """Return the nodes of variables that are trained; all of floats if no collection tells."""
    named = {parse(one.variable_name)[0] for one in _read(meta, _TRAINABLE)}
    return frozenset(
        one.node for one in variables if (one.node in named if named else one.dtype.is_floating)
    )


def keep_only(declared: Mapping[str, Any], nodes: Iterable[str]) -> list[bytes]:
    """Return those of some variables, as a collection of a meta graph holds them."""
    return [declared[node].SerializeToString(deterministic=True) for node in nodes]


def _read(meta: Any, key: str) -> list[Any]:
    if key not in meta.collection_def:
        return []
    return [VariableDef.FromString(text) for text in meta.collection_def[key].bytes_list.value]
