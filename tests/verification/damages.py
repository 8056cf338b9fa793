"""Damage to models: to one value, to all values, or to what is computed with them.

Values are changed in checkpoints and SavedModels, and constants in graphs; names of kinds are what
happens to people.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import tensorflow as tf

from pipeline.foreign.constants import constant_nodes

from .made import protos

Values = dict[str, np.ndarray]
Random = np.random.Generator
Names = tuple[str, ...]

# How small training moves weights between two checkpoints.
STEP = 1e-3


# One element of a value. Each returns a changed copy; None where the kind does not fit the value.


def times_1_001(value: np.ndarray, random: Random) -> np.ndarray | None:
    if not _is_float(value):
        return None
    place = _choose(value, random)
    changed = value.copy()
    changed[place] = (value[place] * 1.001).astype(value.dtype)
    if changed[place] == value[place]:  # the next number is further away than 0.1 %
        changed[place] = (value[place] * 1.01).astype(value.dtype)
    return changed


def one_bit(value: np.ndarray, random: Random) -> np.ndarray | None:
    if value.dtype.hasobject:
        place = _choose(value, random)
        changed = value.copy()
        text = bytearray(value[place] or b"\0")
        text[random.integers(len(text))] ^= 1
        changed[place] = bytes(text)
        return changed
    if value.dtype == bool:
        place = _choose(value, random)
        changed = value.copy()
        changed[place] = ~value[place]
        return changed
    content = bytearray(value.tobytes())
    content[random.integers(len(content))] ^= 1 << int(random.integers(8))
    return np.frombuffer(bytes(content), value.dtype).reshape(value.shape)


def sign(value: np.ndarray, random: Random) -> np.ndarray | None:
    if not (_is_float(value) or value.dtype.kind == "i"):
        return None
    place = _choose(value, random)
    changed = value.copy()
    changed[place] = -value[place]
    return changed


def nan(value: np.ndarray, random: Random) -> np.ndarray | None:
    if not _is_float(value):
        return None
    changed = value.copy()
    changed[_choose(value, random)] = np.nan
    return changed


def wrong_shape(value: np.ndarray, random: Random) -> np.ndarray | None:
    """Lay it out in another way, or lose a row."""
    if value.size < 2:
        return None
    turned = value.T
    if turned.shape != value.shape and random.random() < 0.5:
        return np.ascontiguousarray(turned)
    return value[:-1].copy()


# All values of a form.


def stale(values: Mapping[str, np.ndarray], random: Random) -> Values:
    """Return values of an earlier step: every weight was elsewhere by a little."""

    def moved(value: np.ndarray) -> np.ndarray:
        if not _is_float(value):
            return value
        return (value + STEP * random.standard_normal(value.shape)).astype(value.dtype)

    changed = {name: moved(value) for name, value in values.items()}
    return changed if _differ(changed, values) else {}


def exchanged(values: Mapping[str, np.ndarray], random: Random) -> Values:
    """Return values of which two of one shape and dtype have changed places."""
    pairs = [
        (one, other)
        for one in values
        for other in values
        if one < other
        and (values[one].dtype, values[one].shape) == (values[other].dtype, values[other].shape)
        and values[one].tobytes() != values[other].tobytes()
    ]
    if not pairs:
        return {}
    one, other = pairs[random.integers(len(pairs))]
    return {**values, one: values[other], other: values[one]}


def averages(values: Mapping[str, np.ndarray], stored: Mapping[str, np.ndarray]) -> Values:
    """Return moving averages in place of what they average."""
    changed = dict(values)
    for name in values:
        for end in ("ExponentialMovingAverage", "average"):
            if f"{name}/{end}" in stored:
                changed[name] = stored[f"{name}/{end}"]
    return changed if _differ(changed, values) else {}


ELEMENT: Mapping[str, Callable[[np.ndarray, Random], np.ndarray | None]] = {
    "a weight times 1.001": times_1_001,
    "one bit": one_bit,
    "a sign": sign,
    "NaN": nan,
    "a wrong shape": wrong_shape,
}
ALL: Mapping[str, Callable[[Mapping[str, np.ndarray], Random], Values]] = {
    "a stale checkpoint": stale,
    "two weights exchanged": exchanged,
}


# What is computed. Each changes a graph and tells what it changed; empty if nothing fits.

_OTHER_OPERATION = {
    "Relu": "Relu6", "Relu6": "Relu", "Elu": "Selu", "Tanh": "Sigmoid", "Sigmoid": "Tanh",
    "AddV2": "Sub", "Add": "Sub", "Sub": "AddV2", "Mul": "Maximum", "Maximum": "Minimum",
    "Mean": "Sum", "Sum": "Max", "Max": "Min", "MaxPool": "AvgPool", "Softmax": "LogSoftmax",
    "Exp": "Sinh", "Sqrt": "Exp", "FloorMod": "Mod", "GreaterEqual": "Greater",
}  # fmt: skip

_OTHER_PADDING = {b"SAME": b"VALID", b"VALID": b"SAME"}

_ATTRIBUTES = (
    "epsilon", "alpha", "beta", "bias", "depth_radius", "transpose_a", "transpose_b", "keep_dims",
    "half_pixel_centers", "align_corners", "is_training", "padding", "pattern", "rewrite",
)  # fmt: skip


def swap_nodes(graph: Any, one: str, other: str) -> None:
    """Let two nodes change their names, and so what is taken for the output of each."""
    names = {one: other, other: one}
    for node in graph.node:
        node.name = names.get(node.name, node.name)
        for place, entry in enumerate(node.input):
            caret, plain = entry[: entry.startswith("^")], entry.removeprefix("^")
            name, colon, index = plain.partition(":")
            node.input[place] = f"{caret}{names.get(name, name)}{colon}{index}"
        for label in node.attr["_class"].list.s if "_class" in node.attr else ():
            if label.decode().removeprefix("loc:@") in names:
                del node.attr["_class"]
                break


def remove_node(graph: Any, name: str) -> None:
    kept = [node for node in graph.node if node.name != name]
    del graph.node[:]
    graph.node.extend(kept)


def other_operation(graph: Any, outputs: Names, random: Random) -> str:
    nodes = [node for _, node in _all_needed(graph, outputs) if node.op in _OTHER_OPERATION]
    if not nodes:
        return ""
    node = nodes[random.integers(len(nodes))]
    before, node.op = node.op, _OTHER_OPERATION[node.op]
    for name in ("alpha", "explicit_paddings"):  # of the operation that it was
        node.attr.pop(name, None)
    return f"{node.name}: {before} becomes {node.op}"


def other_attribute(graph: Any, outputs: Names, random: Random) -> str:
    places = [
        (node, name)
        for _, node in _all_needed(graph, outputs)
        for name in _ATTRIBUTES
        if name in node.attr
    ]
    if not places:
        return ""
    node, name = places[random.integers(len(places))]
    value = node.attr[name]
    match value.WhichOneof("value"):
        case "b":
            value.b = not value.b
        case "f":
            value.f *= 1.5
        case "i":
            value.i += 1
        case "s":
            value.s = _OTHER_PADDING.get(value.s, value.s + b"x")
        case _:
            return ""
    return f"{node.name}: {name}"


def needed(graph: Any, outputs: Names, inputs: Names = ()) -> list[Any]:
    """Return the nodes that some tensors need, where others are fed."""
    nodes = {node.name: node for node in graph.node}
    found = {name.partition(":")[0] for name in outputs}
    fed = {name.partition(":")[0] for name in inputs}
    waiting = list(found)
    while waiting:
        name = waiting.pop()
        for entry in () if name in fed else nodes[name].input:
            name = entry.removeprefix("^").partition(":")[0]
            if name not in found:
                found.add(name)
                waiting.append(name)
    return [node for node in graph.node if node.name in found]


def find_ends(graph: Any) -> set[str]:
    """Return the names of nodes that no other takes anything from."""
    taken = {entry.partition(":")[0] for node in graph.node for entry in node.input}
    return {node.name for node in graph.node} - taken


def has_loop(graph: Any) -> bool:
    """Tell whether a graph, or a function in its library, repeats anything."""
    bodies = (graph.node, *(function.node_def for function in graph.library.function))
    loops = ("While", "StatelessWhile", "NextIteration", "RefNextIteration", "For")
    return any(node.op in loops for body in bodies for node in body)


def needed_constants(graph: Any, outputs: Names, inputs: Names) -> list[str]:
    """Return the names of constants that some tensors need, also in functions that are called."""
    found = _all_needed(graph, outputs, inputs)
    return sorted(prefix + node.name for prefix, node in found if node.op == "Const")


def _all_needed(graph: Any, outputs: Names, inputs: Names = ()) -> list[tuple[str, Any]]:
    """Return nodes that some tensors need, those in functions with `function/`."""
    functions = {function.signature.name: function.node_def for function in graph.library.function}
    nodes = needed(graph, outputs, inputs)
    found = [("", node) for node in nodes]
    waiting, seen = list(_called(nodes) & functions.keys()), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            found += [(f"{name}/", node) for node in functions[name]]
            waiting += _called(functions[name]) & functions.keys()
    return found


def _called(nodes: Iterable[Any]) -> set[str]:
    found = set()
    for node in nodes:
        found.add(node.op)
        for value in node.attr.values():
            found |= {value.func.name, *(one.name for one in value.list.func)}
    return found


# Values in files.


def prefix_of(form: Path) -> Path | None:
    """Return the prefix of the values of a form; None where it has constants alone."""
    if form.is_dir():
        has_values = (form / "variables" / "variables.index").exists()
        return form / "variables" / "variables" if has_values else None
    return None if form.suffix in (".pb", ".pbtxt") else form


def read_values(form: Path) -> Values:
    """Return all values in a checkpoint or a SavedModel, or the constants of a graph."""
    if prefix := prefix_of(form):
        reader = tf.train.load_checkpoint(str(prefix))
        return {
            name: _as_array(reader.get_tensor(name)) for name in reader.get_variable_to_dtype_map()
        }
    return {
        name: tf.make_ndarray(node.attr["value"].tensor)
        for name, node in constant_nodes(protos.graph_of(protos.read(form)))
    }


def write_values(form: Path, values: Mapping[str, np.ndarray]) -> None:
    """Put values into a form; those of a checkpoint must be complete."""
    if prefix := prefix_of(form):
        names = sorted(values)
        tensors = [_as_tensor(values[name]) for name in names]
        for file in prefix.parent.glob(f"{prefix.name}.data-*"):
            file.unlink()
        tf.raw_ops.SaveV2(
            prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names),
            tensors=tensors,
        )  # fmt: skip
        return

    def change(graph: Any) -> None:
        for name, node in constant_nodes(graph):
            if name in values:
                proto = tf.make_tensor_proto(values[name], node.attr["dtype"].type)
                node.attr["value"].tensor.CopyFrom(proto)

    protos.edit_graph(form, change)


def copy_form(form: Path, folder: Path) -> Path:
    """Copy a form, to damage it."""
    folder.mkdir(parents=True)
    if form.is_dir():
        return Path(shutil.copytree(form, folder / form.name))
    files = [form] if form.is_file() else form.parent.glob(f"{form.name}.*")
    for file in files:
        shutil.copyfile(file, folder / file.name)
    return folder / form.name


def _choose(value: np.ndarray, random: Random) -> tuple[int, ...]:
    """Choose an element, if possible one that is not 0 and no NaN."""
    if value.dtype.hasobject:
        places = np.argwhere(np.ones(value.shape, bool))
    else:
        places = np.argwhere((value != 0) & (value == value))
        if not len(places):
            places = np.argwhere(np.ones(value.shape, bool))
    return tuple(map(int, places[random.integers(len(places))]))


def _is_float(value: np.ndarray) -> bool:
    return value.dtype.kind in "fc" or value.dtype == ml_dtypes.bfloat16


def _differ(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> bool:
    return any(
        not value.dtype.hasobject and value.tobytes() != other[name].tobytes()
        for name, value in one.items()
    )


def _as_array(value: Any) -> np.ndarray:
    """Return a value as an array: a checkpoint gives a text as bytes."""
    return np.array(value, object) if isinstance(value, bytes) else np.asarray(value)


def _as_tensor(value: np.ndarray) -> Any:
    return tf.constant(value, tf.string) if value.dtype.hasobject else tf.constant(value)
