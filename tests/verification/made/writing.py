"""Writes a made model in all the forms in which people keep models."""

import hashlib
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf2
import tensorflow.compat.v1 as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from .model import Ends, MadeModel
from .modules import MODULES
from .protos import edit_graph, graph_file, read, write_message

STEP = 100

CHECKPOINT, FROZEN, FROZEN_TEXT = "checkpoint", "frozen graph", "frozen graph as text"
BUILT, BUILT_TEXT, SIMPLE = "SavedModel", "SavedModel as text", "SavedModel by simple_save"
SAVED, LITE = "SavedModel of TensorFlow 2", "TFLite"


@dataclass(frozen=True)
class Written:
    """A model on disk.

    Attributes:
        ends: tensors of the graph; none are named for a module.
        forms: where each form lies.
        needed: names of the variables that the outputs need.
    """

    name: str
    ends: Ends
    forms: Mapping[str, Path]
    needed: tuple[str, ...]


def write(made: MadeModel, folder: Path, *, training: bool = False) -> Written:
    """Write all forms of a model, with values that depend on the names of variables alone."""
    with made.graph(training) as ends, tf.Session() as session:
        _set_values(session)
        forms = {CHECKPOINT: _write_checkpoint(session, folder / "checkpoint")}
        if made.can_freeze:
            frozen = _freeze(session, ends)
            forms |= {
                FROZEN: write_message(folder / "frozen.pb", frozen),
                FROZEN_TEXT: write_message(folder / "frozen.pbtxt", frozen),
            }
        forms |= {
            BUILT: _build(session, ends, folder / "built"),
            BUILT_TEXT: _as_text(folder / "built", folder / "text"),
        }
        if ends.inputs:
            forms[SIMPLE] = _save_simply(session, ends, folder / "simple")
        if made.to_lite:
            forms[LITE] = folder / "model.tflite"
            forms[LITE].write_bytes(_convert(session, ends))
        if made.is_placed:
            for path in forms.values():
                edit_graph(path, _place)
        return Written(made.name, ends, forms, find_needed(ends.outputs))


def write_module(name: str, folder: Path) -> Written:
    """Write a module as a SavedModel and, where it has one output, as a frozen graph."""
    module = MODULES[name]()
    tf2.saved_model.save(module, str(folder / "saved"), signatures=module.__call__)
    forms = {SAVED: folder / "saved"}
    function = module.__call__.get_concrete_function()
    if len(function.outputs) == 1 and "table" not in name:
        graph = convert_variables_to_constants_v2(function).graph.as_graph_def()
        forms[FROZEN] = write_message(folder / "frozen.pb", graph)
    return Written(name, Ends((), ()), forms, ())


def find_needed(outputs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the variables in the default graph that some tensors need."""
    graph = tf.get_default_graph()
    waiting = [graph.get_tensor_by_name(name).op for name in outputs]
    found = set(waiting)
    while waiting:
        op = waiting.pop()
        new = {*(tensor.op for tensor in op.inputs), *op.control_inputs} - found
        found |= new
        waiting += new
    return tuple(sorted(op.name for op in found if op.type in ("VariableV2", "VarHandleOp")))


def _set_values(session: Any) -> None:
    """Initialize all, then move numbers away from 0 and 1, where damage could not be seen."""
    session.run([tf.global_variables_initializer(), tf.tables_initializer()])
    variables = tf.global_variables()
    feeds = {}
    for variable, value in zip(variables, session.run(variables), strict=True):
        seed = int.from_bytes(hashlib.sha256(variable.op.name.encode()).digest()[:8], "big")
        if value.dtype.kind in "fcV" or variable.dtype.base_dtype == tf.bfloat16:
            noise = np.random.default_rng(seed).uniform(0.02, 0.1, value.shape)
            feeds[variable.initializer.inputs[1]] = (value + noise).astype(value.dtype)
        elif variable.op.name == "global_step":
            feeds[variable.initializer.inputs[1]] = STEP
    session.run([variable.initializer for variable in variables if variable.initializer.inputs[1]
                 in set(feeds)], feeds)  # fmt: skip


def _place(graph: Any) -> None:
    """Put nodes on machines that no session here has."""
    for node in graph.node:
        is_variable = node.op in ("VariableV2", "Assign")
        node.device = "/job:ps/task:0/device:CPU:0" if is_variable else "/job:worker/device:GPU:1"


def _write_checkpoint(session: Any, folder: Path) -> Path:
    folder.mkdir(parents=True)
    return Path(tf.train.Saver().save(session, str(folder / "model.ckpt"), STEP))


def _freeze(session: Any, ends: Ends) -> Any:
    names = [name.partition(":")[0] for name in ends.outputs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tf.graph_util.convert_variables_to_constants(
            session, session.graph.as_graph_def(), names
        )


def _build(session: Any, ends: Ends, folder: Path) -> Path:
    signature = tf.saved_model.build_signature_def(
        _inputs(session.graph, ends.inputs),
        {key_of(name): _info(session.graph, name) for name in ends.outputs},
        tf.saved_model.PREDICT_METHOD_NAME,
    )
    builder = tf.saved_model.Builder(str(folder))
    builder.add_meta_graph_and_variables(
        session,
        [tf.saved_model.SERVING],
        {tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY: signature},
        main_op=tf.tables_initializer(),
    )
    builder.save()
    session.graph.clear_collection("saved_model_main_op")
    return folder


def _as_text(folder: Path, copy: Path) -> Path:
    shutil.copytree(folder, copy)
    model = read(copy)
    graph_file(copy).unlink()
    write_message(copy / "saved_model.pbtxt", model)
    return copy


def _inputs(graph: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Describe inputs; the parts of a sparse one are one."""
    if names and names[0].endswith("/indices:0"):
        indices, values, shape = map(graph.get_tensor_by_name, names)
        sparse = tf.SparseTensor(indices, values, shape)
        return {names[0].removesuffix("/indices:0"): tf.saved_model.build_tensor_info(sparse)}
    return {key_of(name): _info(graph, name) for name in names}


def _info(graph: Any, name: str) -> Any:
    return tf.saved_model.build_tensor_info(graph.get_tensor_by_name(name))


def key_of(name: str) -> str:
    """Return the name of a tensor in a signature."""
    node, _, index = name.partition(":")
    return node.rpartition("/")[2] + (f"_{index}" if int(index) else "")


def _save_simply(session: Any, ends: Ends, folder: Path) -> Path:
    tensor = session.graph.get_tensor_by_name
    inputs = {name.partition(":")[0]: tensor(name) for name in ends.inputs}
    outputs = {f"result_{place}": tensor(name) for place, name in enumerate(ends.outputs)}
    tf.saved_model.simple_save(session, str(folder), inputs, outputs, tf.tables_initializer())
    return folder


def _convert(session: Any, ends: Ends) -> bytes:
    tensor = session.graph.get_tensor_by_name
    inputs, outputs = map(tensor, ends.inputs), map(tensor, ends.outputs)
    return tf.lite.TFLiteConverter.from_session(session, [*inputs], [*outputs]).convert()
