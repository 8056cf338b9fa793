"""The first difference of two versions of a file: a tensor, an operation, a cell, a key, a line.

A reader for each format returns named parts in order; other files are compared by bytes.
"""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import yaml

import pipeline.graph  # noqa: F401  (TensorFlow starts there, quietly)
from pipeline.graphdef.reading import read_graph_def, read_meta_graph, read_saved_model

Parts = dict[str, Any]

MOST_CHARACTERS = 60


def describe(one: Path, other: Path) -> str:
    """Describe the first part in which two files with different bytes differ, and by how much."""
    try:
        parts, others = _parts(one), _parts(other)
    except Exception:  # any that a reader raises: a file that it refuses still has bytes
        return _first_byte(one, other)
    for name in {**parts, **others}:
        if name not in parts or name not in others:
            return f"{name} is only in the {'first' if name in parts else 'second'}"
        if difference := _difference(parts[name], others[name]):
            return f"{name}: {difference}"
    return _first_byte(one, other)


def _parts(path: Path) -> Parts:
    if found := re.fullmatch(r"(.+)\.(index|data-\d{5}-of-\d{5})", path.name):
        return _checkpoint(path.with_name(found[1]))
    if path.name == "saved_model.pb":
        return _saved_model(path)
    match path.suffix:
        case ".npy":
            return {"values": np.load(path, allow_pickle=False)}
        case ".pb":
            return dict(_nodes(read_graph_def(path)))
        case ".meta":
            return dict(_nodes(read_meta_graph(path).graph_def))
        case ".csv":
            return _cells(path)
        case ".json":
            return dict(_leaves(json.loads(path.read_text(encoding="utf-8"))))
        case ".yaml" | ".lock":
            return dict(_leaves(yaml.safe_load(path.read_text(encoding="utf-8"))))
    lines = path.read_text(encoding="utf-8").splitlines()
    return {f"line {number}": line for number, line in enumerate(lines, start=1)}


def _checkpoint(prefix: Path) -> Parts:
    reader = tf.train.load_checkpoint(str(prefix))
    names = sorted(reader.get_variable_to_shape_map())
    return {f"tensor {name}": np.asarray(reader.get_tensor(name)) for name in names}


def _saved_model(path: Path) -> Parts:
    parts: Parts = {}
    for meta in read_saved_model(path).meta_graphs:
        tags = ",".join(meta.meta_info_def.tags)
        parts |= {f"tags {tags}, {name}": part for name, part in _nodes(meta.graph_def)}
    return parts


def _nodes(graph: Any) -> Iterator[tuple[str, Any]]:
    for node in graph.node:
        if node.op == "Const":
            yield f"tensor {node.name}", tf.make_ndarray(node.attr["value"].tensor)
        else:
            yield f"operation {node.name}", node
    for function in graph.library.function:
        yield f"function {function.signature.name}", function


def _cells(path: Path) -> Parts:
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    cells: Parts = {"line 1, the header": header}
    for number, line in enumerate(lines, start=2):
        named = zip(header, line, strict=True)
        cells |= {f"line {number}, column {column}": cell for column, cell in named}
    return cells


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    match value:
        case dict() if value:
            for name, below in value.items():
                yield from _leaves(below, f"{key}.{name}" if key else f"key {name}")
        case list() if value:
            for index, below in enumerate(value):
                yield from _leaves(below, f"{key or 'key '}[{index}]")
        case _:
            yield key, value


def _difference(one: Any, other: Any) -> str | None:
    """Describe how two values of a part differ; None if they are equal."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return _array_difference(one, other)
    if one == other:
        return None
    texts = [" ".join(str(value).split()) for value in (one, other)]
    return " and ".join(text[:MOST_CHARACTERS] for text in texts)


def _array_difference(one: np.ndarray, other: np.ndarray) -> str | None:
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return " and ".join(f"{array.dtype} {list(array.shape)}" for array in (one, other))
    unequal = _unequal_bits(one, other)
    if not unequal.any():
        return None
    index = np.unravel_index(int(unequal.argmax()), one.shape)
    text = f"{unequal.sum():,} of {one.size:,} values differ{_largest(one, other)}"
    return f"{text}, first at {list(map(int, index))}: {one[index]} and {other[index]}"


def _unequal_bits(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Tell for each element, flattened, whether its bits differ: NaN equals NaN, -0 is not 0."""
    if one.dtype.hasobject or not one.size:
        return np.asarray(one != other, bool).ravel()
    rows = (np.ascontiguousarray(array).reshape(-1).view(np.uint8) for array in (one, other))
    one_row, other_row = (row.reshape(one.size, -1) for row in rows)
    return np.asarray((one_row != other_row).any(1))


def _largest(one: np.ndarray, other: np.ndarray) -> str:
    try:
        difference = np.abs(one.astype(np.complex128) - other.astype(np.complex128))
    except (TypeError, ValueError):  # strings, dates
        return ""
    known = difference[~np.isnan(difference)]
    return f", by {known.max():.3g} at most" if known.size else ""


def _first_byte(one: Path, other: Path) -> str:
    contents = one.read_bytes(), other.read_bytes()
    pairs = enumerate(zip(*contents, strict=False))
    shorter = min(map(len, contents))
    offset = next((offset for offset, (a, b) in pairs if a != b), shorter)
    return f"byte {offset:,} ({len(contents[0]):,} and {len(contents[1]):,} bytes)"
