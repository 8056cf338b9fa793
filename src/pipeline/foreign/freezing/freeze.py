"""From a loaded model to a graph without variables, and what is to be said of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tensorflow.core.framework.graph_pb2 import GraphDef

from pipeline.errors import ArtifactError, listing
from pipeline.foreign.freezing import rules
from pipeline.foreign.freezing.notes import find_notes
from pipeline.foreign.freezing.retyping import Retyping
from pipeline.graph.execution.loaded import Loaded
from pipeline.graph.execution.pruning import prune
from pipeline.graph.execution.tensors import parse
from pipeline.graph.execution.variables import shared_name
from pipeline.graphdef.interface import Interface
from pipeline.graphdef.operations import Kind, judge

# Protobuf reads no more. A little is left for what surrounds the graph in a SavedModel.
MAX_BYTES = 2**31 - 2**20

# Operations on what lives no longer than a run.
_WITHIN_A_RUN = ("TensorArray", "Stack")


@dataclass(frozen=True)
class Frozen:
    """A graph without variables, and its interface."""

    graph: Any  # GraphDef
    interface: Interface
    notes: tuple[str, ...]  # what a user may not expect of it

    def to_bytes(self) -> bytes:
        """Return the graph as bytes, which are the same in every process."""
        return bytes(self.graph.SerializeToString(deterministic=True))


def freeze(loaded: Loaded) -> Frozen:
    """Turn the variables of a model into constants of the same names.

    Raises:
        ArtifactError: the model has no graph or not all values, holds what no constant can stand
            for, or is too large; the message names the node.
    """
    graph = _require_graph(loaded)
    _require_size(loaded, graph)

    def make_constant(node: Any) -> None:
        rules.constant(node, loaded.values[shared_name(node)], node.attr["dtype"].type)

    retyping = Retyping(graph, make_constant)
    frozen = GraphDef(versions=graph.versions)
    frozen.node.extend(retyping.run())
    frozen.library.function.extend(one for _, one in sorted(retyping.functions.items()))
    interface = loaded.interface
    frozen = prune(frozen, dict.fromkeys(
        parse(spec.tensor)[0] for spec in (*interface.outputs, *interface.inputs)
    ))  # fmt: skip
    _refuse_state(frozen)
    return Frozen(frozen, interface, tuple(find_notes(frozen)))


def _require_graph(loaded: Loaded) -> Any:
    path = loaded.files.path
    if loaded.graph is None:
        raise ArtifactError(f"{path} ({loaded.files.kind}) has no graph that could be frozen")
    if loaded.missing:
        raise ArtifactError(
            f"{path} cannot be frozen: it has no value of {listing(loaded.missing)};"
            f" give the checkpoint with them, too: pipeline freeze {path} CHECKPOINT"
        )
    return loaded.graph


def _require_size(loaded: Loaded, graph: Any) -> None:
    size = graph.ByteSize() + sum(loaded.values[name].nbytes for name in loaded.variables)
    if size > MAX_BYTES:
        raise ArtifactError(
            f"{loaded.files.path} cannot be frozen: graph and values have {size:,} bytes, and a"
            f" frozen graph has at most {MAX_BYTES:,}; keep its SavedModel"
        )


def _refuse_state(graph: Any) -> None:
    """Refuse what keeps more than a graph file holds.

    Raises:
        ArtifactError: the message names the node.
    """
    for name, node in _all_nodes(graph):
        judgement = judge(node.op)
        if judgement.kind is not Kind.STATE or node.op.startswith(_WITHIN_A_RUN):
            continue
        what = "writes" if judgement.writes else "is, or reads,"
        raise ArtifactError(
            f"node {name!r} ({node.op}) {what} a variable, table or queue, whose contents are not"
            " in a graph file, and the outputs need it; name tensors that do not need it with"
            " --input and --output, or keep the model as it is"
        )


def _all_nodes(graph: Any) -> Iterator[tuple[str, Any]]:
    yield from ((node.name, node) for node in graph.node)
    for function in graph.library.function:
        yield from ((f"{function.signature.name}/{node.name}", node) for node in function.node_def)
