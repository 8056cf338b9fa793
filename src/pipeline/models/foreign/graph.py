"""A graph file: the graph of a model, frozen, or with variables that have no values."""

from pipeline.graphdef.locate import ModelFiles
from pipeline.graphdef.reading import read_graph_def
from pipeline.models.foreign.assembly import Source, assemble
from pipeline.models.foreign.loaded import Choice, Loaded, file_of


def load(files: ModelFiles, choice: Choice) -> Loaded:
    """Load a `.pb` or `.pbtxt`, as `assembly.assemble` says."""
    return assemble(Source(files, read_graph_def(file_of(files))), choice)
