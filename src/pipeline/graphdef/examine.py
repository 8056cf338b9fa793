"""Whether TensorFlow may have a model: its files are sound, and it does nothing but compute."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import ArtifactError, nearest
from pipeline.graphdef import functions, saved_model, scan, structure, tflite
from pipeline.graphdef.ends import find_ends
from pipeline.graphdef.locate import Kind, ModelFiles
from pipeline.graphdef.reading import read_graph_def, read_meta_graph, read_saved_model
from pipeline.graphdef.structure import Body, operation_of
from pipeline.workspace.files import sha256

_NOTHING: frozenset[str] = frozenset()


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
    file = files.file
    match files.kind:
        case Kind.GRAPH if file:
            _examine_graph(read_graph_def(file), file, trusted, _Wanted(outputs))
        case Kind.META | Kind.CHECKPOINT if file:
            meta = read_meta_graph(file)
            wanted = outputs or list(saved_model.outputs_of(meta))
            _examine_graph(meta.graph_def, file, trusted, _Wanted(wanted))
        case Kind.SAVED_MODEL if file:
            _examine_saved_model(file, trusted, outputs)
        case Kind.TFLITE if file:
            if name := tflite.find_custom(file):
                raise ArtifactError(
                    f"{file} needs {name}, which TFLite's own interpreter does not have"
                )


def require_sound(graph: Any, file: Path) -> Body:
    """Return the operations of a `GraphDef`.

    Raises:
        ArtifactError: a name, an input, the order or a size is at fault.
    """
    body = Body(graph.node)
    if fault := structure.find_fault(graph, body) or functions.find_fault(graph):
        raise ArtifactError(f"{file} is truncated or damaged: {fault}")
    return body


@dataclass(frozen=True)
class _Wanted:
    """What runs: outputs, or what a graph ends in, and operations that run when it is loaded.

    `own_files` are operations that are fed with names of the model's own files.
    """

    outputs: Sequence[str]
    loading: Sequence[str] = ()
    own_files: Sequence[str] = ()


def _examine_saved_model(file: Path, trusted: Collection[str], outputs: Sequence[str]) -> None:
    saved = read_saved_model(file)
    saved_model.require_assets_inside(saved, file.parent)
    for meta in saved.meta_graphs:
        named = {node.name for node in meta.graph_def.node}
        wanted = _Wanted(
            [*saved_model.outputs_of(meta), *(x for x in outputs if operation_of(x) in named)],
            list(saved_model.loaded_in(meta)),
            list(saved_model.own_files(meta)),
        )
        _examine_graph(meta.graph_def, file, trusted, wanted)


def _examine_graph(graph: Any, file: Path, trusted: Collection[str], wanted: _Wanted) -> None:
    body = require_sound(graph, file)
    outputs = [operation_of(name) for name in wanted.outputs] or find_ends(body) or body.nodes
    ends = [*outputs, *wanted.loading]
    if lost := next((name for name in ends if name not in body.nodes), None):
        raise ArtifactError(f"{file} has no operation {lost!r}{nearest(lost, body.nodes)}")
    refusal = scan.find_refused(graph, body, ends, wanted.own_files)
    if refusal and (digest := sha256(file)) not in trusted:
        advice = f"; if you trust it all the same, give --trust {digest}"
        raise ArtifactError(f"{file} is refused: {refusal}{advice if refusal.is_known else ''}")
