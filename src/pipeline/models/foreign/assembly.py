"""From a graph and what its file says of it to a loaded model: where all graphs end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.graphdef.locate import ModelFiles
from pipeline.models.foreign import tables
from pipeline.models.foreign.constants import read_constants
from pipeline.models.foreign.cutting import cut_at_inputs
from pipeline.models.foreign.eager import EagerRunner, why_not_eager
from pipeline.models.foreign.importing import describe, import_graph
from pipeline.models.foreign.loaded import Choice, Loaded, Reference
from pipeline.models.foreign.program import Program
from pipeline.models.foreign.pruning import prune
from pipeline.models.foreign.session import PlainSession
from pipeline.models.foreign.signature import Ends, choose_ends
from pipeline.models.foreign.variables import find_variables
from pipeline.models.foreign.wrapped import WrappedRunner


@dataclass(frozen=True)
class Source:
    """A graph as it was read, and what its file says of it."""

    files: ModelFiles
    graph: Any  # GraphDef
    signature: Any = None  # SignatureDef
    initializers: tuple[str, ...] = ()  # nodes that may fill tables
    assets: Mapping[str, str] = field(default_factory=dict)  # paths of files, by tensor


def assemble(source: Source, choice: Choice) -> Loaded:
    """Prune a graph to what its outputs need, and import it.

    Raises:
        ArtifactError: the choice does not fit, or TensorFlow refuses the graph.
    """
    path = source.files.path
    graph, ends = cut_at_inputs(
        source.graph, choose_ends(source.graph, choice, source.signature), path
    )
    nodes = list(_nodes(ends))
    pruned = prune(graph, nodes)
    initializers = tables.find_initializers(graph, pruned, source.initializers)
    pruned = prune(graph, [*nodes, *initializers])
    imported = import_graph(pruned, path)
    values: dict[str, np.ndarray] = {}
    program = Program(
        source=path,
        definition=pruned,
        imported=imported,
        interface=describe(imported, ends, path),
        values=values,
        initializers=initializers,
        assets=source.assets,
    )
    variables = frozenset(one.name for one in find_variables(pruned))
    return Loaded(
        files=source.files,
        interface=program.interface,
        graph=pruned,
        values=read_constants(pruned) | values,
        variables=variables,
        missing=tuple(sorted(variables - values.keys())),
        open_runner=lambda: PlainSession(program),
        open_reference=lambda: open_reference(program),
    )


def open_reference(program: Program) -> Reference:
    """Open a program op by op where that is possible, else under `wrap_function`."""
    why = why_not_eager(program.definition)
    return WrappedRunner(program, why) if why else EagerRunner(program)


def _nodes(ends: Ends) -> Iterable[str]:
    return dict.fromkeys(name for side in (ends.outputs, ends.inputs) for name, _ in side.values())
