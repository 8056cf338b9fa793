"""Which kind of model lies at a path, and which files it has, none of them outside its folder."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from pipeline.errors import ArtifactError, listing
from pipeline.graphdef.reading import checkpoints, sniffing
from pipeline.graphdef.reading.sniffing import Content


class Kind(StrEnum):
    """A form in which a model is kept."""

    CHECKPOINT = "checkpoint"
    META = "meta graph"
    GRAPH = "graph"
    SAVED_MODEL = "SavedModel"
    TFLITE = "TFLite"
    OUTPUTS = "stored outputs"


@dataclass(frozen=True)
class ModelFiles:
    """The files of one model.

    `path` is as the user gave it. `file` holds the graph (.pb, .pbtxt, .meta, saved_model.pb,
    .tflite) or the outputs; a checkpoint without .meta has none. `prefix` begins the names of
    the files with values, of a checkpoint or a SavedModel; what has none beside its graph has None.
    It is text: its last part may be empty.
    """

    path: Path
    kind: Kind
    file: Path | None = None
    prefix: str | None = None


SAVED_MODELS = ("saved_model.pb", "saved_model.pbtxt")
VARIABLES = "variables/variables"

_FORMS = (
    "a frozen graph (.pb, .pbtxt), a .meta or .tflite file, the folder of a SavedModel, or the"
    " folder or prefix of a checkpoint"
)


def locate(path: Path) -> ModelFiles:
    """Find the model at a path: a file, a folder, or the prefix of a checkpoint.

    Raises:
        ArtifactError: there is no model, or there are several.
    """
    found = _in_folder(path) if path.is_dir() else _at_file(path)
    if found is None and path.exists():
        raise ArtifactError(f"{path} is not a model; give {_FORMS}")
    if found is None:
        raise ArtifactError(f"{path} is missing; fix the path")
    return found


def join(graph: ModelFiles, values: ModelFiles) -> ModelFiles:
    """Return the model of a graph file and a checkpoint, which holds its values.

    Raises:
        ArtifactError: the first is not a graph file, or has values; the second is no checkpoint.
    """
    if graph.kind not in (Kind.GRAPH, Kind.META):
        raise ArtifactError(
            f"{graph.path} ({graph.kind}) has its own values; give a graph file (.pb, .pbtxt,"
            f" .meta) with {values.path}, or leave that out"
        )
    if values.kind is not Kind.CHECKPOINT:
        raise ArtifactError(
            f"{values.path} ({values.kind}) is not a checkpoint; give the prefix or folder of the"
            f" checkpoint with the values of {graph.path}"
        )
    return replace(graph, prefix=values.prefix)


def _at_file(path: Path) -> ModelFiles | None:
    name = path.name
    if path.is_file() and (graph := _at_graph_file(path)):
        return graph
    if path.is_file() and name.endswith((".npz", ".json")):
        return ModelFiles(path, Kind.OUTPUTS, path)
    prefix = checkpoints.prefix_of(path)
    meta = checkpoints.meta_of(prefix)
    if checkpoints.has_values(prefix):
        return ModelFiles(path, Kind.CHECKPOINT, meta, prefix)
    if meta:
        return ModelFiles(path, Kind.META, meta)
    return None


def _at_graph_file(path: Path) -> ModelFiles | None:
    """Return the model in a file that holds a graph, whatever it is called; a `.meta` is none."""
    if path.name.endswith(".meta"):
        return None
    match sniffing.content_of(path):
        case Content.TFLITE:
            return ModelFiles(path, Kind.TFLITE, path)
        case Content.META_GRAPH:
            return ModelFiles(path, Kind.META, path)
        case Content.SAVED_MODEL:
            prefix = f"{path.parent}/{VARIABLES}"
            has_values = checkpoints.has_values(prefix)
            return ModelFiles(path, Kind.SAVED_MODEL, path, prefix if has_values else None)
        case Content.GRAPH:
            return ModelFiles(path, Kind.GRAPH, path)
    # Damaged or empty: reading it says so.
    if path.name in SAVED_MODELS:
        return ModelFiles(path, Kind.SAVED_MODEL, path)
    kinds = {".pb": Kind.GRAPH, ".pbtxt": Kind.GRAPH, ".tflite": Kind.TFLITE}
    kind = kinds.get(path.suffix)
    return ModelFiles(path, kind, path) if kind else None


def _in_folder(folder: Path) -> ModelFiles | None:
    for name in SAVED_MODELS:
        if (folder / name).is_file() and (found := _at_graph_file(folder / name)):
            return ModelFiles(folder, found.kind, found.file, found.prefix)
    if prefix := checkpoints.find_latest(folder):
        return ModelFiles(folder, Kind.CHECKPOINT, checkpoints.meta_of(prefix), prefix)
    searches: tuple[tuple[str, Callable[[Path], ModelFiles | None]], ...] = (
        ("*.index", _at_file),
        ("*.pb", _at_graph_file),
        ("*.pbtxt", _at_graph_file),
        ("*.meta", _at_file),
        ("*.tflite", _at_graph_file),
    )
    for pattern, look in searches:
        files = sorted(file for file in folder.glob(pattern) if file.is_file())
        if len(files) > 1:
            names = listing(file.name for file in files)
            raise ArtifactError(f"{folder} has several models: {names}; give one of them")
        if files and (found := look(files[0])):
            return ModelFiles(folder, found.kind, found.file, found.prefix)
    if next(folder.glob("*.npy"), None):
        return ModelFiles(folder, Kind.OUTPUTS)
    return None
