"""The summary of one graph: its ends, layers, cost, and what could act on the machine."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.graphdef.examine import Part, find_refused, require_sound
from pipeline.graphdef.locate import ModelFiles
from pipeline.graphdef.structure import Body, operation_of
from pipeline.inspection import tensors
from pipeline.inspection.ends import read_ends
from pipeline.inspection.layers import summarize_layers
from pipeline.inspection.shapes import infer_shapes, shape_at
from pipeline.inspection.summary import GraphSummary, Tensor
from pipeline.inspection.tensors import tensor_of


def summarize_graph(
    part: Part, files: ModelFiles, saved: Sequence[Tensor] | None = None
) -> GraphSummary:
    """Summarize a graph of a model.

    `saved` are the variables of its checkpoint; otherwise they are the graph's own.

    Raises:
        ArtifactError: the graph is damaged.
    """
    graph, meta = part.graph, part.meta
    body = require_sound(graph, files)
    ends = read_ends(graph, body, meta)
    refused = list(find_refused(part, files))
    wanted = [operation_of(name) for name in ends.outputs]
    shapes = infer_shapes(graph, body, wanted)
    variables = list(tensors.variables_of(graph.node) if saved is None else saved)
    layers, uncounted = summarize_layers(
        body, tensors.in_order(body, wanted), shapes, variables or tensors.constants_of(graph.node)
    )
    sides = [side for signature in ends.signatures.values() for side in signature.values()]
    named = {tensor.name: tensor for side in sides for tensor in side.values()}

    def describe(names: Iterable[str]) -> list[Tensor]:
        return [_merge(tensor_of(body, shapes, name), named.get(name)) for name in names]

    return GraphSummary(
        tags=[] if meta is None else list(meta.meta_info_def.tags),
        version=_version(graph, meta),
        inputs=describe(ends.inputs),
        outputs=describe(ends.outputs),
        signatures={name: _name_tensors(one) for name, one in ends.signatures.items()},
        variables=variables,
        layers=layers,
        uncounted=uncounted,
        op_types=dict(Counter(node.op for node in _all_nodes(graph)).most_common()),
        acting=[
            {"name": one.node, "op": one.operation, "function": one.function} for one in refused
        ],
        operations=[
            Tensor(name, node.op, shape_at(shapes, name)) for name, node in body.nodes.items()
        ],
    )


def _name_tensors(signature: Mapping[str, Mapping[str, Tensor]]) -> dict[str, dict[str, str]]:
    """Return the names of a signature's tensors by side and key."""
    return {
        side: {key: tensor.name for key, tensor in found.items()}
        for side, found in signature.items()
    }


def summarize_variables(variables: Sequence[Tensor]) -> GraphSummary:
    """Summarize the variables of a checkpoint that has no graph."""
    layers, _ = summarize_layers(Body([]), (), {}, variables)
    return GraphSummary([], "", [], [], {}, list(variables), layers, {}, [], 0, [])


def _version(graph: Any, meta: Any) -> str:
    """Tell which TensorFlow wrote a graph, as far as the file does."""
    if meta is not None and meta.meta_info_def.tensorflow_version:
        return f"TensorFlow {meta.meta_info_def.tensorflow_version}"
    return f"graph version {graph.versions.producer or 'unknown'}"


def _merge(tensor: Tensor, named: Tensor | None) -> Tensor:
    """Add to what is known of a tensor what the signature says that names it."""
    if named is None:
        return tensor
    dtype = named.dtype if tensor.dtype == "?" else tensor.dtype
    return Tensor(tensor.name, dtype, named.shape if tensor.shape is None else tensor.shape)


def _all_nodes(graph: Any) -> list[Any]:
    """Return the operations of the graph and of its functions."""
    bodies = (graph.node, *(function.node_def for function in graph.library.function))
    return [node for nodes in bodies for node in nodes]
