"""A graph file: the graph of a model, frozen, or with variables whose values lie elsewhere."""

from typing import Any

from pipeline.foreign.assembly import Source, assemble
from pipeline.foreign.described import read_signature
from pipeline.graph.execution.loaded import Choice, Loaded, file_of
from pipeline.graphdef.locate import ModelFiles
from pipeline.graphdef.reading import read_graph_def

_RESTORES = "restore_all"  # as a saver calls what restores all that it saves


def load(files: ModelFiles, choice: Choice) -> Loaded:
    """Load a `.pb` or `.pbtxt`, as `assembly.assemble` says."""
    file = file_of(files)
    graph, named = read_graph_def(file), read_signature(file)
    return assemble(Source(files, graph, named, restore=_find_restore(graph)), choice)


def _find_restore(graph: Any) -> str:
    """Return the node that restores the variables; empty where there is none, or several."""
    names = [node.name for node in graph.node if node.name.rpartition("/")[2] == _RESTORES]
    return names[0] if len(names) == 1 else ""
