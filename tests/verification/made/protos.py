"""Graphs in files, read and changed as protobuf messages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef, SignatureDef, TensorInfo
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel


def graph_file(form: Path) -> Path:
    """Return the file of a form that holds its graph."""
    if form.is_dir():
        return next(form.glob("saved_model.pb*"))
    return (
        form if form.suffix in (".pb", ".pbtxt", ".meta") else form.with_name(f"{form.name}.meta")
    )


def read(form: Path) -> Any:
    """Return the `GraphDef`, `MetaGraphDef` or `SavedModel` of a form."""
    file = graph_file(form)
    kind = GraphDef
    if file.name.startswith("saved_model"):
        kind = SavedModel
    elif file.suffix == ".meta":
        kind = MetaGraphDef
    if file.suffix == ".pbtxt":
        return text_format.Parse(file.read_text(), kind())
    return kind.FromString(file.read_bytes())


def write_message(file: Path, message: Any) -> Path:
    if file.suffix == ".pbtxt":
        file.write_text(text_format.MessageToString(message))
    else:
        file.write_bytes(message.SerializeToString(deterministic=True))
    return file


def served(message: Any) -> Any:
    """Return the `MetaGraphDef` of a `SavedModel` that servers use."""
    graphs = message.meta_graphs
    return next((one for one in graphs if "serve" in one.meta_info_def.tags), graphs[0])


def graph_of(message: Any) -> Any:
    """Return the graph in a message."""
    if isinstance(message, SavedModel):
        return served(message).graph_def
    return message.graph_def if isinstance(message, MetaGraphDef) else message


def edit(form: Path, change: Callable[[Any], object]) -> None:
    """Change the message of a form, in its file."""
    message = read(form)
    change(message)
    write_message(graph_file(form), message)


def edit_graph(form: Path, change: Callable[[Any], object]) -> None:
    """Change the graph of a form, in its file."""
    edit(form, lambda message: change(graph_of(message)))


def signature_of(message: Any) -> Any:
    """Return the usual signature of a `SavedModel`."""
    signatures = served(message).signature_def
    return signatures["serving_default"] if "serving_default" in signatures else SignatureDef()


def swap_outputs(form: Path, one: str, other: str) -> None:
    """Let two names of a signature change their tensors."""

    def change(message: Any) -> None:
        outputs = signature_of(message).outputs
        kept = TensorInfo.FromString(outputs[one].SerializeToString())
        outputs[one].CopyFrom(outputs[other])
        outputs[other].CopyFrom(kept)

    edit(form, change)


def drop_output(form: Path, name: str) -> None:
    def change(message: Any) -> None:
        del signature_of(message).outputs[name]

    edit(form, change)
