"""Loads a model of any kind."""

from collections.abc import Callable

from pipeline.errors import ArtifactError, one_line
from pipeline.foreign import checkpoint, graph, outputs, saved_model, tflite
from pipeline.graph.execution.loaded import Choice, Loaded, Reference
from pipeline.graph.tensors import UNREADABLE
from pipeline.graphdef.locate import Kind, ModelFiles

__all__ = ["Choice", "Loaded", "Reference", "load"]

_LOADERS: dict[Kind, Callable[[ModelFiles, Choice], Loaded]] = {
    Kind.CHECKPOINT: checkpoint.load,
    Kind.META: checkpoint.load,
    Kind.GRAPH: graph.load,
    Kind.SAVED_MODEL: saved_model.load,
    Kind.TFLITE: tflite.load,
    Kind.OUTPUTS: outputs.load,
}


def load(files: ModelFiles, choice: Choice) -> Loaded:
    """Load a model that was located and examined.

    Raises:
        ArtifactError: it is damaged, cannot be loaded, or the choice does not fit it.
    """
    try:
        return _LOADERS[files.kind](files, choice)
    except UNREADABLE as error:  # third-party files can be damaged in any way
        raise ArtifactError(f"{files.path} cannot be loaded: {one_line(error)}") from None
