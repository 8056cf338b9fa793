"""Whether TensorFlow may have a model: its files are sound, and it does nothing but compute."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import ArtifactError, nearest
from pipeline.graphdef import functions, saved_model, scan, structure, tflite
from pipeline.graphdef.ends import find_ends
from pipeline.graphdef.locate import Kind, ModelFiles
from pipeline.graphdef.reading import read_graph_def, read_meta_graph, read_saved_model
from pipeline.graphdef.scan import Refusal
from pipeline.graphdef.structure import MAX_SHOWN, Body, operation_of, quoted
from pipeline.workspace.files import sha256

MOST_NAMES = 2000  # among which the nearest is looked for: that takes long

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Part:
    """One graph of a model, and what of it runs.

    `outputs` are operations whose results are wanted; none: what the graph ends in. `loading` run
    when the graph is loaded, and `own_files` are fed with names of the model's own files then.
    `meta` is the `MetaGraphDef` that holds the graph, if there is one.
    """

    graph: Any
    meta: Any = None
    outputs: Sequence[str] = ()
    loading: Sequence[str] = ()
    own_files: Sequence[str] = ()


def examine(
    files: ModelFiles, trusted: Collection[str] = _NOTHING, outputs: Sequence[str] = ()
) -> None:
    """Refuse a model that is damaged, too large, or could do more than compute.

    Args:
        files: the files of the model.
        trusted: SHA-256 of files whose operations may act on the machine.
        outputs: tensors that are wanted; none: those of the signatures, or what the graph ends in.

    Raises:
        ArtifactError: the message names file, operation and type, and what to type.
    """
    if files.kind == Kind.TFLITE and files.file and (name := tflite.find_custom(files.file)):
        raise ArtifactError(
            f"{files.file} needs {name}, which TFLite's own interpreter does not have"
        )
    for part in parts_of(files, outputs):
        refuse(next(find_refused(part, files), None), files, trusted)


def refuse(refusal: Refusal | None, files: ModelFiles, trusted: Collection[str]) -> None:
    """Refuse a model for an operation, unless its file is trusted.

    Raises:
        ArtifactError: the message names file, operation and type, and what to type.
    """
    if refusal and files.file and (digest := sha256(files.file)) not in trusted:
        advice = f"; if you trust it all the same, give --trust {digest}"
        raise ArtifactError(
            f"{files.file} is refused: {refusal}{advice if refusal.is_known else ''}"
        )


def parts_of(files: ModelFiles, outputs: Sequence[str] = ()) -> Iterator[Part]:
    """Yield the graphs of a model; other forms have none.

    Raises:
        ArtifactError: a file is missing, damaged, too large, or names files of others.
    """
    file = files.file
    match files.kind:
        case Kind.GRAPH if file:
            yield Part(read_graph_def(file), outputs=_operations(outputs))
        case Kind.META | Kind.CHECKPOINT if file:
            meta = read_meta_graph(file)
            wanted = _operations(outputs) or list(saved_model.outputs_of(meta))
            yield Part(meta.graph_def, meta, wanted)
        case Kind.SAVED_MODEL if file:
            for meta in read_saved_model(file).meta_graphs:
                list(saved_model.find_assets(meta, file.parent))
                known = {node.name for node in meta.graph_def.node}
                named = [name for name in _operations(outputs) if name in known]
                yield Part(
                    meta.graph_def,
                    meta,
                    [*saved_model.outputs_of(meta), *named],
                    list(saved_model.loaded_in(meta)),
                    list(saved_model.own_files(meta)),
                )


def find_refused(part: Part, files: ModelFiles) -> Iterator[Refusal]:
    """Yield the operations of a graph that run and could act on the machine.

    Raises:
        ArtifactError: the graph is damaged, or has no such operation.
    """
    body = require_sound(part.graph, files)
    ends = [*(part.outputs or find_ends(body) or body.nodes), *part.loading]
    if lost := next((name for name in ends if name not in body.nodes), None):
        raise ArtifactError(f"{files.file} has no operation {quoted(lost)}{_nearest(lost, body)}")
    return scan.find_all_refused(part.graph, body, ends, part.own_files)


def require_sound(graph: Any, files: ModelFiles) -> Body:
    """Return the operations of a `GraphDef`.

    Raises:
        ArtifactError: a name, an input, the order or a size is at fault.
    """
    body = Body(graph.node)
    if fault := structure.find_fault(graph, body) or functions.find_fault(graph):
        raise ArtifactError(f"{files.file} is truncated or damaged: {fault}; copy it again")
    return body


def _operations(tensors: Sequence[str]) -> list[str]:
    return [operation_of(name) for name in tensors]


def _nearest(lost: str, body: Body) -> str:
    """Return the most similar name; not among very many or long ones, which takes minutes."""
    names = [name for name in body.nodes if name.isprintable() and len(name) <= MAX_SHOWN]
    return nearest(lost, names) if len(lost) <= MAX_SHOWN and len(names) <= MOST_NAMES else ""
