"""The inputs and outputs of a graph: those of its signatures, or those that are found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import ArtifactError
from pipeline.graph.execution import ends
from pipeline.graph.execution.tensors import name_of, parse
from pipeline.graphdef.ends import find_ends
from pipeline.graphdef.structure import Body
from pipeline.inspection.summary import Tensor
from pipeline.inspection.tensors import tensor_from

# Signatures that say how a SavedModel is initialized and trained.
_INTERNAL = ("__saved_model_init_op", "__saved_model_train_op")

Signatures = Mapping[str, Mapping[str, Mapping[str, Tensor]]]


@dataclass(frozen=True)
class Ends:
    """Tensors by name, such as `x:0`, and the signatures that name some of them."""

    inputs: list[str]
    outputs: list[str]
    signatures: Signatures


def read_ends(graph: Any, body: Body, meta: Any = None) -> Ends:
    """Return the inputs and outputs of a graph, which `meta`, a `MetaGraphDef`, may name."""
    signatures = {} if meta is None else _read_signatures(meta)
    sides = [
        [tensor.name for one in signatures.values() for tensor in one[side].values()]
        for side in ("inputs", "outputs")
    ]
    inputs, named = (list(dict.fromkeys(name for name in side if ":" in name)) for side in sides)
    outputs = named or _find_outputs(graph, body)
    known = [name for name in outputs if parse(name)[0] in body.nodes]
    return Ends(inputs or _find_inputs(graph, known), outputs, signatures)


def _find_outputs(graph: Any, body: Body) -> list[str]:
    try:
        return _names(ends.find_outputs(graph))
    except ArtifactError:  # an operation that this TensorFlow does not have
        return [f"{name}:0" for name in find_ends(body)]


def _find_inputs(graph: Any, outputs: Iterable[str]) -> list[str]:
    try:
        return _names(ends.find_inputs(graph, [parse(name) for name in outputs]))
    except ArtifactError:
        return []


def _names(tensors: Iterable[tuple[str, int]]) -> list[str]:
    return [name_of(tensor) for tensor in tensors]


def _read_signatures(meta: Any) -> dict[str, dict[str, dict[str, Tensor]]]:
    """Return tensors by signature, `inputs` or `outputs`, and key."""
    return {
        name: {side: dict(_read_side(getattr(one, side))) for side in ("inputs", "outputs")}
        for name, one in sorted(meta.signature_def.items())
        if name not in _INTERNAL
    }


def _read_side(side: Mapping[str, Any]) -> Iterable[tuple[str, Tensor]]:
    for key, info in sorted(side.items()):
        match info.WhichOneof("encoding"):
            case "coo_sparse":
                sparse = info.coo_sparse
                for part in ("indices", "values", "dense_shape"):
                    name = getattr(sparse, f"{part}_tensor_name")
                    yield f"{key}/{part}", tensor_from(name, info if part == "values" else None)
            case "composite_tensor":
                for number, part in enumerate(info.composite_tensor.components):
                    yield f"{key}/{number}", tensor_from(part.name, part)
            case "name" if info.name:
                yield key, tensor_from(info.name, info)
