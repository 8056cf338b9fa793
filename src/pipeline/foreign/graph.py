"""A graph file: the graph of a model, frozen, or with variables that have no values."""

from pipeline.foreign.assembly import Source, assemble
from pipeline.graph.execution.loaded import Choice, Loaded, file_of
from pipeline.graphdef.locate import ModelFiles
from pipeline.graphdef.reading import read_graph_def


def load(files: ModelFiles, choice: Choice) -> Loaded:
    """Load a `.pb` or `.pbtxt`, as `assembly.assemble` says."""
    return assemble(Source(files, read_graph_def(file_of(files))), choice)
