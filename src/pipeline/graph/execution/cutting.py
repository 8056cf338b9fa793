"""Inputs that are no placeholders: rows from queues and data sets, and tensors inside a graph.

A placeholder takes the place of each, so that what lies behind them is neither run nor imported.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from tensorflow.core.framework.node_def_pb2 import NodeDef
from tensorflow.core.framework.tensor_shape_pb2 import TensorShapeProto
from tensorflow.python.framework import tensor_shape

from pipeline.errors import ArtifactError
from pipeline.graph.execution import roles
from pipeline.graph.execution.importing import infer_specs
from pipeline.graph.execution.pruning import by_name, cut, prune
from pipeline.graph.execution.signature import Ends
from pipeline.graph.execution.tensors import Tensor, op_of, output_types
from pipeline.graphdef.functions import functions_of
from pipeline.graphdef.scan import find_refused
from pipeline.graphdef.structure import Body

_SEVERAL = ("Many", "UpTo")  # in names of ops that give a first dimension of rows


def cut_at_inputs(graph: Any, ends: Ends, source: Path) -> tuple[Any, Ends]:
    """Put placeholders at the inputs of a graph; returns both with the new names.

    Raises:
        ArtifactError: TensorFlow does not know an op of the inputs.
    """
    nodes = by_name(graph)
    inside = {
        name: place
        for name, place in ends.inputs.items()
        if nodes[place[0]].op not in (*roles.PLACEHOLDERS, roles.OPTIONAL)
    }
    if not inside:
        return graph, ends
    fed = {place: _placeholder(graph, nodes, place, source) for place in inside.values()}
    inputs = dict(ends.inputs) | {name: (fed[place].name, 0) for name, place in inside.items()}
    return cut(graph, fed), Ends(inputs, ends.outputs)


def _placeholder(graph: Any, nodes: dict[str, Any], place: Tensor, source: Path) -> Any:
    node, index = nodes[place[0]], place[1]
    kind = output_types(node, op_of(node, functions_of(graph)))[index]
    name = f"{node.name}/input_{index}"
    while name in nodes:
        name += "_"
    placeholder = NodeDef(name=name, op="Placeholder")
    placeholder.attr["dtype"].type = kind.as_datatype_enum
    if roles.reads_rows(node):
        shape = _shape_of_rows(node, nodes, index)
    else:
        shape = _shape_inside(graph, place, source)
    placeholder.attr["shape"].shape.CopyFrom(shape)
    return placeholder


def _shape_inside(graph: Any, place: Tensor, source: Path) -> Any:
    behind, shape = prune(graph, [place[0]]), None
    body = Body(behind.node)
    if not find_refused(behind, body, body.nodes):  # to import an operation can run it
        with suppress(ArtifactError):  # what lies behind an input need not be known
            shape = infer_specs(behind, {"": place}, source)[""].shape
    return tensor_shape.TensorShape(shape).as_proto()


def _shape_of_rows(node: Any, nodes: dict[str, Any], index: int) -> Any:
    """Return the shape that a data set or queue declares."""
    if node.attr["output_shapes"].list.shape:
        return node.attr["output_shapes"].list.shape[index]
    queue = nodes.get(node.input[0]) if node.input else None
    declared = queue.attr["shapes"].list.shape if queue is not None else ()
    if index >= len(declared):
        return TensorShapeProto(unknown_rank=True)
    if any(word in node.op for word in _SEVERAL):
        rows = TensorShapeProto(dim=[TensorShapeProto.Dim(size=-1)])
        rows.MergeFrom(declared[index])
        return rows
    return declared[index]
