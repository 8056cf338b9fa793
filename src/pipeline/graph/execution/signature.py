"""Which tensors are the inputs and outputs of a model: those of a signature, chosen, or found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import ArtifactError, listing, nearest
from pipeline.graph.execution.ends import find_inputs, find_outputs, find_unfed
from pipeline.graph.execution.loaded import Choice
from pipeline.graph.execution.pruning import by_name
from pipeline.graph.execution.tensors import Tensor, label, name_of, parse

DEFAULT = "serving_default"

# Signatures that say how a SavedModel is initialized and trained.
_INTERNAL = ("__saved_model_init_op", "__saved_model_train_op")


@dataclass(frozen=True)
class Ends:
    """Tensors by the names that callers use."""

    inputs: Mapping[str, Tensor] = field(default_factory=dict)
    outputs: Mapping[str, Tensor] = field(default_factory=dict)


def choose_ends(graph: Any, choice: Choice, signature: Any = None) -> Ends:
    """Return the inputs and outputs of a graph, which may have a signature (`SignatureDef`).

    Raises:
        ArtifactError: a chosen tensor does not exist, or the outputs need one that is not chosen.
    """
    named = _read(signature) if signature else Ends()
    _require_there(graph, named)
    chosen = _resolve(graph, choice.inputs, named.inputs)
    outputs = _resolve(graph, choice.outputs, named.outputs) or dict(named.outputs)
    if not outputs:
        outputs = _label(find_outputs(graph, list(chosen.values())))
    if chosen:
        if missing := find_unfed(graph, list(outputs.values()), list(chosen.values())):
            raise ArtifactError(
                f"{listing(outputs)} needs {listing(map(_name, missing))}, which is not fed;"
                " add --input, or leave out all to have them found"
            )
        return Ends(chosen, outputs)
    if named.inputs and not choice.outputs:
        return Ends(named.inputs, outputs)
    return Ends(_rename(find_inputs(graph, list(outputs.values())), named.inputs), outputs)


def choose_signature(meta: Any, wanted: str | None, source: object) -> Any:
    """Return the signature that a model is called with; None where it has none at all.

    Raises:
        ArtifactError: it has no such signature, or several to choose from.
    """
    known = {key: one for key, one in meta.signature_def.items() if key not in _INTERNAL}
    if wanted is not None:
        if wanted not in known:
            has = f"; it has {listing(sorted(known), 12) or 'none'}"
            raise ArtifactError(
                f"{source} has no signature {wanted!r}{nearest(wanted, known)}{has}"
            )
        return known[wanted]
    usable = {key: one for key, one in known.items() if one.outputs}
    if DEFAULT in usable:
        return usable[DEFAULT]
    if len(usable) > 1:
        names = listing(sorted(usable), 12)
        raise ArtifactError(f"{source} has several signatures: {names}; choose with --signature")
    return next(iter(usable.values()), None)


def _read(signature: Any) -> Ends:
    """Return the tensors of a signature by name; each part of a sparse one on its own."""
    return Ends(dict(_tensors(signature.inputs)), dict(_tensors(signature.outputs)))


def _tensors(infos: Mapping[str, Any]) -> Iterable[tuple[str, Tensor]]:
    for name in sorted(infos):
        info = infos[name]
        match info.WhichOneof("encoding"):
            case "coo_sparse":
                sparse = info.coo_sparse
                yield f"{name}/indices", parse(sparse.indices_tensor_name)
                yield f"{name}/values", parse(sparse.values_tensor_name)
                yield f"{name}/dense_shape", parse(sparse.dense_shape_tensor_name)
            case "composite_tensor":
                for index, part in enumerate(info.composite_tensor.components):
                    yield f"{name}/{index}", parse(part.name)
            case "name" if info.name:
                yield name, parse(info.name)


def _require_there(graph: Any, named: Ends) -> None:
    nodes = by_name(graph)
    for name, place in (*named.inputs.items(), *named.outputs.items()):
        if place[0] not in nodes:
            tensor = name_of(place)
            raise ArtifactError(
                f"the signature's {name!r} is {tensor!r}, which the graph does not have"
                + nearest(place[0], nodes)
            )


def _resolve(graph: Any, wanted: Iterable[str], named: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Find chosen tensors, which are given by their names in the signature or in the graph."""
    nodes = by_name(graph)
    found = {}
    for name in wanted:
        place = named.get(name) or parse(name)
        if place[0] not in nodes:
            raise ArtifactError(f"there is no tensor {name!r}{nearest(name, [*named, *nodes])}")
        found[name if name in named else _name(place)] = place
    return found


def _label(tensors: Iterable[Tensor]) -> dict[str, Tensor]:
    return {_name(tensor): tensor for tensor in tensors}


def _rename(tensors: Iterable[Tensor], named: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Name tensors as the signature does; others, as the graph does."""
    names = {tensor: name for name, tensor in named.items()}
    return {names.get(tensor, _name(tensor)): tensor for tensor in tensors}


def _name(tensor: Tensor) -> str:
    return label(name_of(tensor))
