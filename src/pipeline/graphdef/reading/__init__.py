"""The bytes of model files, read within limits."""

from pipeline.graphdef.reading.graphs import read_graph_def, read_meta_graph, read_saved_model

__all__ = ["read_graph_def", "read_meta_graph", "read_saved_model"]
