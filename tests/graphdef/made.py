"""Graphs from a few words, without TensorFlow."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.graphdef.reading.messages import GraphDef, NodeDef, SavedModel
from pipeline.graphdef.structure import operation_of

FLOAT, STRING, RESOURCE = 1, 7, 20


def node(name: str, op: str, *inputs: str, **attributes: Any) -> Any:
    """Return a `NodeDef`; a text as attribute is a function, a list of texts several."""
    made = NodeDef(name=name, op=op, input=inputs)
    for key, value in attributes.items():
        match value:
            case bytes():
                made.attr[key].s = value
            case int():
                made.attr[key].type = value
            case str():
                made.attr[key].func.name = value
            case list():
                for function in value:
                    made.attr[key].list.func.add(name=function)
    return made


X = node("x", "Placeholder", dtype=FLOAT)
TEXT = node("text", "Const", dtype=STRING)


def text(name: str, content: bytes) -> Any:
    made = node(name, "Const", dtype=STRING)
    made.attr["value"].tensor.dtype = STRING
    made.attr["value"].tensor.string_val.append(content)
    return made


def graph(*nodes: Any, functions: Iterable[Any] = ()) -> Any:
    """Return a `GraphDef` that its last node ends."""
    made = GraphDef(node=[X, TEXT, *nodes])
    made.library.function.extend(functions)
    made.versions.producer = 1087
    return made


def function(name: str, *nodes: Any, arguments: Iterable[tuple[str, int]] = ()) -> Any:
    made = GraphDef().library.function.add()
    made.signature.name = name
    for argument, dtype in arguments:
        made.signature.input_arg.add(name=argument, type=dtype)
    made.node_def.extend(nodes)
    return made


def calling(*functions: Any, **attributes: Any) -> Any:
    """Return a graph whose output calls the first of some functions, or those of attributes."""
    attributes = attributes or {"f": functions[0].signature.name}
    return graph(node("y", "StatefulPartitionedCall", **attributes), functions=functions)


def saved_model(made: Any, output: str, **parts: Any) -> Any:
    """Return a `SavedModel` of a graph, with a signature for one output.

    Args:
        made: the graph.
        output: the tensor of the signature.
        parts: `initialization`, an operation; `restore`, an operation and what is fed with a name;
            `assets`, file names by the operations that are fed with them.
    """
    saved = SavedModel(saved_model_schema_version=1)
    meta = saved.meta_graphs.add()
    meta.graph_def.CopyFrom(made)
    meta.meta_info_def.tags.append("serve")
    meta.signature_def["serving_default"].outputs["y"].name = output
    if initialization := parts.get("initialization"):
        meta.collection_def["saved_model_main_op"].node_list.value.append(initialization)
    if restore := parts.get("restore"):
        meta.saver_def.restore_op_name, meta.saver_def.filename_tensor_name = restore
    for operation, file in parts.get("assets", {}).items():
        asset = meta.asset_file_def.add(filename=file)
        asset.tensor_info.name = f"{operation_of(operation)}:0"
    return saved


def write(made: Any, path: Path) -> Path:
    """Write a message; a `SavedModel` into a folder."""
    if isinstance(made, SavedModel):
        path.mkdir()
        (path / "saved_model.pb").write_bytes(made.SerializeToString())
    else:
        path.write_bytes(made.SerializeToString())
    return path
