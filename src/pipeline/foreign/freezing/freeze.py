"""From a loaded model to a graph without variables, and what is to be said of it."""

from dataclasses import dataclass
from typing import Any

from tensorflow.core.framework.graph_pb2 import GraphDef

from pipeline.errors import ArtifactError, listing
from pipeline.foreign.freezing import rules
from pipeline.foreign.freezing.notes import find_notes
from pipeline.foreign.freezing.retyping import Retyping
from pipeline.foreign.freezing.state import refuse_state
from pipeline.graph.execution.loaded import Loaded
from pipeline.graph.execution.pruning import prune
from pipeline.graph.execution.tensors import parse
from pipeline.graph.execution.variables import shared_name
from pipeline.graphdef.interface import Interface

# Protobuf reads no more. A little is left for what surrounds the graph in a SavedModel.
MAX_BYTES = 2**31 - 2**20


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
    refuse_state(frozen, loaded)
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
